"""MP3: an ID3 tag, a header frame, and independent frames.

Without the bit reservoir, the segments of a section join into the bytes of a serial render, and a
chapter is a range of frames; its header frame says how many samples to skip at both ends. Quiet
around chapters is encoded room tone, or silence if the mix has none. The pattern of padding bytes
begins again in each segment.
"""

from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import IO

from mixer.files import open_atomic
from mixer.formats import FormatName
from mixer.sound import ffmpeg, room_tone
from mixer.sound.analysis import EncodedPiece
from mixer.sound.formats import mp3_frames
from mixer.sound.formats.model import (
    EncodedStream,
    FileCut,
    FileSpec,
    StreamedFormat,
    StreamFormat,
    WholeFile,
    copy_range,
)
from mixer.sound.formats.mp3_frames import FRAME_SAMPLES, FrameFinder
from mixer.sound.formats.mux import build_tag_arguments
from mixer.sound.formats.tags import AudioTags, build_id3_tag
from mixer.sound.timeline import MIX_RATE_HZ

DEMUXER = "mp3"
TIMEOUT_S = 600.0

_BARE_FRAMES = ("-reservoir", "0", "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3")
MP3_STREAM = StreamFormat(
    suffix="mp3",
    frame_samples=FRAME_SAMPLES,
    arguments=("-c:a", "libmp3lame", *_BARE_FRAMES),
    section_grid=FRAME_SAMPLES,
    frame_lengths=mp3_frames.frame_lengths,
    joins_exactly=True,
)
"""No bit reservoir, no header frame, no tags."""

LAME_OFFSETS_DB = ((160, -0.445), (192, -0.264), (224, -0.175))
"""libmp3lame scales its input, depending on the bit rate (measured)."""

VERIFY_PREROLL_FRAMES = mp3_frames.PADDING_PERIOD_FRAMES
"""1.28 s before a piece, decoded but not measured: more than a loudness window needs."""

QUIET_FRAMES = room_tone.LOOP_SAMPLES // FRAME_SAMPLES
"""Frames in one period of the room tone."""

QUIET_SETTLED_FRAMES = 2 * QUIET_FRAMES
"""Skipped before them: LAME needs 95 frames to forget the past (`mixer.sound.render.segments`)."""

SHARED_FRAMES = 2
"""Frames at the end of a cut that hold, or whose transform reaches into, what follows it: a click,
if quiet follows instead."""


class Mp3(StreamedFormat):
    """MP3 at a constant bit rate."""

    name: FormatName = "mp3"
    content_type = "audio/mpeg"
    stream = MP3_STREAM
    level_offsets_db = LAME_OFFSETS_DB
    takes_quiet = True
    book_suffix = "mp3"

    def build_header(self, spec: FileSpec, frames: int, stream_bytes: int) -> bytes:
        """Build the ID3 tag and the header frame."""
        kbps = spec.bitrate_kbps
        info = mp3_frames.info_frame(kbps, spec.channels, frames, stream_bytes, spec.samples)
        return _build_tag(spec.tags) + info

    def build_piece(
        self,
        spec: FileSpec,
        stream: EncodedStream,
        before: EncodedStream | None,
        first_frame: int,
        contents: tuple[bytes, bytes],
    ) -> EncodedPiece:
        """Build a segment with the last frames of the previous one; the first has the header."""
        del stream, first_frame
        if before is None:
            return EncodedPiece(contents, DEMUXER)
        preceding, content = contents
        count = min(VERIFY_PREROLL_FRAMES, before.frames)
        if count < before.frames:
            preceding = preceding[-mp3_frames.frames_bytes(count, spec.bitrate_kbps) :]
        return EncodedPiece((preceding, content), DEMUXER, count * FRAME_SAMPLES)

    def split(
        self, whole: WholeFile, cuts: Iterator[tuple[FileCut, Path, AudioTags | None]]
    ) -> Iterator[Path]:
        """Copy the frames of each cut, with quiet around them if requested."""
        with whole.audio.open() as source:
            finder = FrameFinder(source, whole.bitrate_kbps)
            for cut, out, tags in cuts:
                with open_atomic(out) as file:
                    file.write(_build_tag(tags))
                    _write_cut(whole, finder, cut, file)
                yield out

    def encode_cut(self, whole: WholeFile, cut: FileCut, out: Path, bitrate_kbps: int) -> None:
        """Encode part of a lossless file without tags, at the same level."""
        level_db = -self.find_level_offset_db(bitrate_kbps)
        rate = ["-b:a", f"{bitrate_kbps}k", "-id3v2_version", "3", "-f", "mp3"]
        untagged = build_tag_arguments(whole.workshop.folder)
        with open_atomic(out) as file:
            path = Path(file.name).absolute()
            whole.reencode(cut, path, untagged, ["-c:a", "libmp3lame", *rate], level_db)


def _write_cut(whole: WholeFile, finder: FrameFinder, cut: FileCut, file: IO[bytes]) -> None:
    span = mp3_frames.find_frame_span(cut.start, cut.end)
    begin, first = finder.locate(span.first)
    _, last = finder.locate(span.end)
    replaced = min(SHARED_FRAMES, last - first) if cut.quiet_after else 0
    end, _ = finder.locate(last - replaced)
    before = _encode_quiet(whole, -(-cut.quiet_before // FRAME_SAMPLES))
    after = _encode_quiet(whole, -(-cut.quiet_after // FRAME_SAMPLES) + replaced)
    added = len(before) + len(after) - replaced
    info = mp3_frames.info_frame(
        whole.bitrate_kbps,
        whole.channels,
        last - first + added,
        end - begin + sum(map(len, (*before, *after))),
        cut.end - cut.start + added * FRAME_SAMPLES,
        delay_samples=span.delay_samples,
    )
    file.writelines([info, *before])
    copy_range(finder.file, begin, end, file)
    file.writelines(after)


def _build_tag(tags: AudioTags | None) -> bytes:
    return b"" if tags is None else build_id3_tag(tags)


def _encode_quiet(whole: WholeFile, count: int) -> list[bytes]:
    if not count:
        return []
    length = (QUIET_SETTLED_FRAMES + QUIET_FRAMES + 1) * FRAME_SAMPLES
    source = ["-f", "lavfi", "-i", _quiet_source(whole, length)]
    arguments = [*source, *MP3_STREAM.build_arguments(whole.bitrate_kbps), "-"]
    processes = whole.workshop.processes
    encoded = ffmpeg.run(arguments, timeout_s=TIMEOUT_S, processes=processes).stdout
    settled = islice(mp3_frames.split_frames(encoded), QUIET_SETTLED_FRAMES, None)
    return list(islice(cycle(islice(settled, QUIET_FRAMES)), count))


def _quiet_source(whole: WholeFile, samples: int) -> str:
    layout = "mono" if whole.channels == 1 else "stereo"
    if whole.room_tone_dbfs is None:
        return f"anullsrc=r={MIX_RATE_HZ}:cl={layout}:d={samples / MIX_RATE_HZ:.6f}"
    tone = [*room_tone.noise_filters(whole.room_tone_dbfs), room_tone.LOOP_FILTER]
    pan = ["pan=stereo|c0=c0|c1=c0"] if whole.channels > 1 else []
    return ",".join([*tone, *room_tone.trim_filters(0, samples), *pan])
