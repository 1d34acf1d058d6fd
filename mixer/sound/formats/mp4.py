"""M4A and M4B: AAC frames, muxed by FFmpeg without encoding them again.

AAC's rate control spans frames, so a joined stream differs from a serial one in bits, not audibly.
The edit list skips the encoder's first frame and the padding of the last one. FFmpeg would play the
last frame to its end, up to 23 ms too long; `set_duration` corrects that.

Source: ISO/IEC 13818-7 (ADTS).
"""

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from mixer.errors import RenderFailed
from mixer.files import open_atomic
from mixer.formats import FormatName
from mixer.sound import ffmpeg
from mixer.sound.analysis import EncodedPiece
from mixer.sound.formats.model import (
    TIMEOUT_S,
    EncodedStream,
    FileCut,
    FileSpec,
    StreamFormat,
    WholeFile,
    Workshop,
    copy_range,
)
from mixer.sound.formats.mp4_boxes import build_items, reserve_items, set_duration, write_items
from mixer.sound.formats.mux import MuxedFormat
from mixer.sound.formats.tags import AudioTags
from mixer.sound.timeline import MIX_RATE_HZ

AAC_FRAME_SAMPLES = 1_024
ADTS_HEADER_BYTES = 7
DEMUXER = "aac"
VERIFY_PREROLL_FRAMES = 56
"""1.3 s before a piece, decoded but not measured: more than a loudness window needs."""

_ADTS_SYNC = 0xFFF

AUDIOBOOK = "2"
"""Value of `stik` in MP4 (iTunes' media kinds, as listed by mp4v2 and AtomicParsley)."""

SHORT_CHARS = 255
"""Limit of `desc` in MP4; longer texts go into `ldes` (as above)."""


def adts_frame_lengths(content: bytes) -> Iterator[int]:
    """List the bytes of each AAC frame; raises RenderFailed for anything else."""
    at = 0
    while at + ADTS_HEADER_BYTES <= len(content):
        length = _adts_frame_bytes(content[at : at + ADTS_HEADER_BYTES], at)
        yield length
        at += length


AAC_STREAM = StreamFormat(
    suffix="aac",
    frame_samples=AAC_FRAME_SAMPLES,
    arguments=("-c:a", "aac", "-f", "adts"),
    sample_format="s16",
    section_grid=AAC_FRAME_SAMPLES,
    frame_lengths=adts_frame_lengths,
)
"""Sixteen bits, since AAC would spend 4% more time on lower ones; rounding is 20 dB below the
encoder's own noise at its softest (both measured, 128 kbit/s).
"""


class Mp4(MuxedFormat):
    """AAC in MP4: M4A, or M4B for books."""

    content_type = "audio/mp4"
    stream = AAC_STREAM
    attaches_cover = True
    writes_chapters = True
    book_suffix = "m4a"

    def __init__(self, name: FormatName, media_type: str = "") -> None:
        self.name, self.media_type = name, media_type

    def select_fields(self, tags: AudioTags) -> dict[str, str]:
        """Select the fields, with the comment twice for different players."""
        comment = tags.fields.get("comment", "")
        return {
            **tags.fields,
            **reserve_items(build_items(tags.fields)),
            "description": comment[:SHORT_CHARS],
            "synopsis": comment,
            "media_type": self.media_type,
        }

    def build_arguments(
        self, pipe: Path, out: Path, spec: FileSpec, tag_arguments: list[str]
    ) -> list[str]:
        """Build arguments that mux AAC frames and skip the encoder's first frame."""
        del spec
        return self._remux_arguments(pipe, out, tag_arguments, AAC_FRAME_SAMPLES)

    def build_piece(
        self,
        spec: FileSpec,
        stream: EncodedStream,
        before: EncodedStream | None,
        first_frame: int,
        contents: tuple[bytes, bytes],
    ) -> EncodedPiece:
        """Build a segment with the last frames of the previous one."""
        count = min(VERIFY_PREROLL_FRAMES, before.frames) if before else 0
        starts_at = (first_frame - count - 1) * AAC_FRAME_SAMPLES
        preroll_samples = max(count, 1) * AAC_FRAME_SAMPLES
        end_sample = spec.samples - starts_at
        is_last = end_sample < (count + stream.frames) * AAC_FRAME_SAMPLES
        preceding, content = contents
        lengths = list(adts_frame_lengths(preceding))[-count:] if count else []
        return EncodedPiece(
            (preceding[len(preceding) - sum(lengths) :], content),
            DEMUXER,
            preroll_samples,
            end_sample if is_last else 0,
        )

    def finish(self, partial: Path, spec: FileSpec) -> None:
        """Set the exact length, and the tags that FFmpeg does not know."""
        set_duration(partial, spec.samples)
        write_items(partial, build_items(spec.tags.fields if spec.tags else {}))

    def split(
        self, whole: WholeFile, cuts: Iterator[tuple[FileCut, Path, AudioTags | None]]
    ) -> Iterator[Path]:
        """Mux the frames of each cut; an AAC frame needs the one before it."""
        folder, processes = whole.workshop.folder, whole.workshop.processes
        stream, frames = folder / "whole.aac", folder / "part.aac"
        whole_path = str(whole.audio.local_path().absolute())
        bare = ["-i", whole_path, "-map", "0:a", "-c", "copy", "-f", "adts", str(stream)]
        ffmpeg.run(bare, timeout_s=TIMEOUT_S, processes=processes)
        with stream.open("rb") as source:
            offsets = _adts_offsets(source)
            for cut, out, tags in cuts:
                first = cut.start // AAC_FRAME_SAMPLES
                end = min(-(-cut.end // AAC_FRAME_SAMPLES) + 1, len(offsets) - 1)
                with frames.open("wb") as part:
                    copy_range(source, offsets[first], offsets[end], part)
                with open_atomic(out) as file:
                    path = Path(file.name).absolute()
                    self._remux_cut(frames, path, cut, tags, whole.workshop)
                yield out

    def _remux_cut(
        self, frames: Path, out: Path, cut: FileCut, tags: AudioTags | None, workshop: Workshop
    ) -> None:
        first = cut.start // AAC_FRAME_SAMPLES
        skip = AAC_FRAME_SAMPLES + cut.start - first * AAC_FRAME_SAMPLES
        tag_arguments = self.tag_arguments(tags, workshop.folder)
        arguments = self._remux_arguments(frames, out, tag_arguments, skip)
        ffmpeg.run(arguments, timeout_s=TIMEOUT_S, processes=workshop.processes)
        set_duration(out, cut.end - cut.start)
        write_items(out, build_items(tags.fields if tags else {}))

    def _remux_arguments(
        self, frames: Path, out: Path, tag_arguments: list[str], skip: int
    ) -> list[str]:
        source = ["-itsoffset", f"{-skip / MIX_RATE_HZ:.9f}", "-f", "aac", "-i", str(frames)]
        exact = ["-movie_timescale", str(MIX_RATE_HZ), "-movflags", "+faststart"]
        brand = ["-brand", f"{self.name.upper()} ", "-f", "ipod", str(out)]
        return [*source, *tag_arguments, "-c", "copy", *exact, *brand]


def _adts_offsets(stream: IO[bytes]) -> "array[int]":
    offsets, at = array("Q", [0]), 0
    while len(header := stream.read(ADTS_HEADER_BYTES)) == ADTS_HEADER_BYTES:
        at += _adts_frame_bytes(header, at)
        offsets.append(at)
        stream.seek(at)
    return offsets


def _adts_frame_bytes(header: bytes, at: int) -> int:
    """Length of a frame (13818-7, 6.2): a sync word of 12 bits, the length in 13 from bit 30."""
    if int.from_bytes(header[:2]) >> 4 != _ADTS_SYNC:
        raise RenderFailed(f"The encoder's stream has no AAC frame at byte {at}.")
    return int.from_bytes(header[3:6]) >> 5 & 0x1FFF
