"""Stretches of a finished file as files of their own, to the sample, and not encoded again.

- MP3: every frame stands for itself, so a stretch is the frames that hold it; the header frame says
  how many samples to leave out at both ends.
- M4A, M4B: likewise; the container's edit list says it. A frame of AAC needs the one before it.
- WAV: its samples. FLAC: its samples, encoded again without a loss.

Where a shop wants quiet around each file, frames of it go before and behind those of an MP3: the
tone of the whole's room, or silence where it has none.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import IO

from mixer.errors import RenderFailed
from mixer.files import open_atomic
from mixer.sound import ffmpeg
from mixer.sound.arrange import room_tone
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats import mp3, wav
from mixer.sound.formats.containers import TIMEOUT_S, build_tag_arguments, remux
from mixer.sound.formats.encoding import (
    AAC_FRAME_SAMPLES,
    ADTS_HEADER_BYTES,
    Encoding,
    adts_frame_bytes,
)
from mixer.sound.timeline import MIX_RATE_HZ

BLOCK_BYTES = 1 << 20

QUIET_FRAMES = room_tone.LOOP_SAMPLES // mp3.FRAME_SAMPLES
"""So many frames of quiet repeat: those of one turn of the room tone."""

QUIET_SETTLED_FRAMES = 2 * QUIET_FRAMES
"""Left out before them: LAME needs 95 to forget what was before (`mixer.sound.render.segments`)."""


@dataclass(frozen=True, slots=True)
class FileCut:
    """A stretch that shall be a file. All lengths in samples at MIX_RATE_HZ.

    Attributes:
        start: its first sample.
        end: one past its last.
        quiet_before: quiet before it; of an MP3, in whole frames.
        quiet_after: likewise, behind it.
    """

    start: int
    end: int
    quiet_before: int = 0
    quiet_after: int = 0


@dataclass(frozen=True, slots=True)
class FileTags:
    """What a file says of itself, as `mixer.publish.tags` puts it.

    Attributes:
        raw_tags: an ID3 tag for an MP3, chunks for a WAV.
        ffmetadata: FFmpeg's metadata format, for the others.
        cover: a JPEG, for the others.
    """

    raw_tags: bytes = b""
    ffmetadata: str = ""
    cover: bytes = b""


@dataclass(frozen=True, slots=True)
class ChapterSplitter:
    """Cuts one finished file. It must be one that Mixer made.

    Attributes:
        whole: the file.
        encoding: of it.
        channels: of it.
        room_tone_dbfs: of the quiet in it; None for silence.
        folder: for what is needed on the way; whoever made it removes it.
        processes: the job that it belongs to.
    """

    whole: Path
    encoding: Encoding
    channels: int
    room_tone_dbfs: float | None
    folder: Path
    processes: ProcessGroup

    def split(self, cuts: Iterator[tuple[FileCut, Path, FileTags]]) -> Iterator[Path]:
        """Make a file for each stretch; each appears whole, when the next one is asked for.

        Args:
            cuts: in order, with the file to write and what it shall say of itself.
        """
        if self.encoding.format in ("m4a", "m4b"):
            yield from self._split_aac(cuts)
            return
        for cut, out, words in cuts:
            with open_atomic(out) as file:
                if self.encoding.format == "mp3":
                    self._write_mp3(cut, file, words)
                elif self.encoding.format == "wav":
                    self._write_wav(cut, file, words)
                else:
                    self._reencode(cut, Path(file.name), words, ["-c:a", "flac", "-f", "flac"])
            yield out

    def encode_mp3(self, cut: FileCut, out: Path, tags: FileTags, kbps: int) -> None:
        """An MP3 of a stretch of a file without loss, at the same level.

        Args:
            cut: the stretch.
            out: the file to write.
            tags: what it shall say of itself.
            kbps: its bit rate.
        """
        level_db = -Encoding("mp3", kbps).level_offset_db
        codec = ["-c:a", "libmp3lame", "-b:a", f"{kbps}k", "-id3v2_version", "3", "-f", "mp3"]
        with open_atomic(out) as file:
            self._reencode(cut, Path(file.name), tags, codec, level_db)

    def _write_mp3(self, cut: FileCut, file: IO[bytes], tags: FileTags) -> None:
        kbps = self.encoding.bitrate_kbps
        with self.whole.open("rb") as whole:
            stream_begin, frame_count = _locate_mp3_frames(whole, kbps, self.whole.stat().st_size)
            span = mp3.find_frame_span(cut.start, cut.end, frame_count)
            begin = _frame_offset(whole, stream_begin, span.first, kbps)
            end = _frame_offset(whole, stream_begin, span.first + span.count, kbps)
            before, after = (
                self._encode_quiet(-(-samples // mp3.FRAME_SAMPLES))
                for samples in (cut.quiet_before, cut.quiet_after)
            )
            more = len(before) + len(after)
            file.write(tags.raw_tags)
            file.write(
                mp3.info_frame(
                    kbps,
                    self.channels,
                    span.count + more,
                    end - begin + sum(map(len, (*before, *after))),
                    cut.end - cut.start + more * mp3.FRAME_SAMPLES,
                    delay_samples=span.delay_samples,
                )
            )
            file.writelines(before)
            _copy_range(whole, begin, end, file)
            file.writelines(after)

    def _encode_quiet(self, count: int) -> list[bytes]:
        """So many frames as the whole has them where nobody speaks, again and again."""
        if not count:
            return []
        length = (QUIET_SETTLED_FRAMES + QUIET_FRAMES + 1) * mp3.FRAME_SAMPLES
        source = ["-f", "lavfi", "-i", self._quiet_source(length)]
        arguments = [*source, *self.encoding.segment_arguments, "-"]
        made = ffmpeg.run(arguments, timeout_s=TIMEOUT_S, processes=self.processes).stdout
        settled = islice(mp3.split_frames(made), QUIET_SETTLED_FRAMES, None)
        return list(islice(cycle(islice(settled, QUIET_FRAMES)), count))

    def _quiet_source(self, samples: int) -> str:
        layout = "mono" if self.channels == 1 else "stereo"
        if self.room_tone_dbfs is None:
            return f"anullsrc=r={MIX_RATE_HZ}:cl={layout}:d={samples / MIX_RATE_HZ:.6f}"
        tone = [*room_tone.noise_filters(self.room_tone_dbfs), room_tone.LOOP_FILTER]
        pan = ["pan=stereo|c0=c0|c1=c0"] if self.channels > 1 else []
        return ",".join([*tone, *room_tone.trim_filters(0, samples), *pan])

    def _write_wav(self, cut: FileCut, file: IO[bytes], tags: FileTags) -> None:
        block = self.channels * wav.SAMPLE_BYTES
        with self.whole.open("rb") as whole:
            samples_begin = wav.find_samples(whole)
            begin, end = (samples_begin + block * at for at in (cut.start, cut.end))
            file.write(wav.header(self.channels, end - begin, tags.raw_tags))
            _copy_range(whole, begin, end, file)

    def _reencode(
        self, cut: FileCut, out: Path, tags: FileTags, codec: list[str], level_db: float = 0.0
    ) -> None:
        """Decoded and encoded anew; whole seconds can be sought to the sample."""
        second = cut.start // MIX_RATE_HZ
        sought = second * MIX_RATE_HZ
        source = ["-ss", str(second), "-i", str(self.whole)]
        trim = f"atrim=start_sample={cut.start - sought}:end_sample={cut.end - sought}"
        level = f",volume={level_db}dB" if level_db else ""
        shaped = ["-af", f"{trim},asetpts=PTS-STARTPTS{level}"]
        arguments = [
            *source,
            *build_tag_arguments(tags.ffmetadata, tags.cover, self.folder),
            *shaped,
            *codec,
        ]
        ffmpeg.run([*arguments, str(out)], timeout_s=TIMEOUT_S, processes=self.processes)

    def _split_aac(self, cuts: Iterator[tuple[FileCut, Path, FileTags]]) -> Iterator[Path]:
        stream, frames = self.folder / "whole.aac", self.folder / "part.aac"
        bare = ["-i", str(self.whole), "-map", "0:a", "-c", "copy", "-f", "adts", str(stream)]
        ffmpeg.run(bare, timeout_s=TIMEOUT_S, processes=self.processes)
        with stream.open("rb") as whole:
            offsets = _adts_offsets(whole)
            for cut, out, words in cuts:
                first = cut.start // AAC_FRAME_SAMPLES
                behind = min(-(-cut.end // AAC_FRAME_SAMPLES) + 1, len(offsets) - 1)
                with frames.open("wb") as part:
                    _copy_range(whole, offsets[first], offsets[behind], part)
                with open_atomic(out) as file:
                    remux(
                        frames,
                        Path(file.name),
                        tags=build_tag_arguments(words.ffmetadata, words.cover, self.folder),
                        encoding=self.encoding,
                        skip=AAC_FRAME_SAMPLES + cut.start - first * AAC_FRAME_SAMPLES,
                        samples=cut.end - cut.start,
                        processes=self.processes,
                    )
                yield out


def _locate_mp3_frames(whole: IO[bytes], kbps: int, size_bytes: int) -> tuple[int, int]:
    """Where the frames behind the header frame begin, and how many there are."""
    beginning = whole.read(10)
    at = mp3.id3_tag_bytes(beginning)
    whole.seek(at)
    begin = at + next(mp3.frame_lengths(whole.read(mp3.MAX_FRAME_BYTES)))
    period = mp3.frames_bytes(mp3.PADDING_PERIOD_FRAMES, kbps)
    periods, rest = divmod(size_bytes - begin, period)
    whole.seek(begin + periods * period)
    ends = sum(1 for _ in mp3.frame_lengths(whole.read(rest)))
    return begin, periods * mp3.PADDING_PERIOD_FRAMES + ends


def _frame_offset(whole: IO[bytes], stream_begin: int, frame: int, kbps: int) -> int:
    """Where a frame begins in the file."""
    over = frame % mp3.PADDING_PERIOD_FRAMES
    at = stream_begin + mp3.frames_bytes(frame - over, kbps)
    whole.seek(at)
    content = whole.read(over * mp3.MAX_FRAME_BYTES)
    return at + sum(islice(mp3.frame_lengths(content), over))


def _adts_offsets(stream: IO[bytes]) -> "array[int]":
    """Where each frame begins, and where the last one ends."""
    offsets, at = array("Q", [0]), 0
    while len(header := stream.read(ADTS_HEADER_BYTES)) == ADTS_HEADER_BYTES:
        at += adts_frame_bytes(header, at)
        offsets.append(at)
        stream.seek(at)
    return offsets


def _copy_range(source: IO[bytes], begin: int, end: int, into: IO[bytes]) -> None:
    source.seek(begin)
    left = end - begin
    while left:
        block = source.read(min(left, BLOCK_BYTES))
        if not block:
            raise RenderFailed("The finished file is shorter than its chapters.")
        into.write(block)
        left -= len(block)
