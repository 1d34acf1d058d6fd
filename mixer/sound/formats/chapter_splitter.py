"""Splits a finished file into chapter files, sample by sample, without encoding them twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mixer.errors import RenderFailed
from mixer.files import open_atomic
from mixer.sound import ffmpeg
from mixer.sound.formats.encoding import Encoding
from mixer.sound.formats.model import AudioSource, Workshop
from mixer.sound.formats.mux import TIMEOUT_S, build_tag_arguments
from mixer.sound.formats.tags import AudioTags
from mixer.sound.timeline import MIX_RATE_HZ

BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FileCut:
    """A part for a file of its own, in samples at MIX_RATE_HZ; MP3s get quiet in whole frames."""

    start: int
    end: int
    quiet_before: int = 0
    quiet_after: int = 0


@dataclass(frozen=True, slots=True)
class ChapterSplitter:
    """Splits one finished file made by Mixer.

    MP3 and WAV are read in place, a part at a time. `room_tone_dbfs` is None for digital silence.
    """

    whole: AudioSource
    encoding: Encoding
    channels: int
    room_tone_dbfs: float | None
    workshop: Workshop

    def split(self, cuts: Iterator[tuple[FileCut, Path, AudioTags | None]]) -> Iterator[Path]:
        """Write each cut to its file; each file appears complete, before the next is begun."""
        return self.encoding.kind.split(self, cuts)

    def encode_mp3(self, cut: FileCut, out: Path, kbps: int) -> None:
        """Encode part of a lossless file as MP3 without tags, at the same level."""
        level_db = -Encoding("mp3", kbps).level_offset_db
        codec = ["-c:a", "libmp3lame", "-b:a", f"{kbps}k", "-id3v2_version", "3", "-f", "mp3"]
        untagged = build_tag_arguments(self.workshop.folder)
        with open_atomic(out) as file:
            self.reencode(cut, Path(file.name).absolute(), untagged, codec, level_db)

    def reencode(
        self,
        cut: FileCut,
        out: Path,
        tag_arguments: list[str],
        codec: list[str],
        level_db: float = 0.0,
    ) -> None:
        """Decode and encode a part; seeks to whole seconds are exact to the sample."""
        second = cut.start // MIX_RATE_HZ
        sought = second * MIX_RATE_HZ
        source = ["-ss", str(second), "-i", str(self.whole.local_path().absolute())]
        trim = f"atrim=start_sample={cut.start - sought}:end_sample={cut.end - sought}"
        level = f",volume={level_db}dB" if level_db else ""
        shaped = ["-af", f"{trim},asetpts=PTS-STARTPTS{level}"]
        ffmpeg.run(
            [*source, *tag_arguments, *shaped, *codec, str(out)],
            timeout_s=TIMEOUT_S,
            processes=self.workshop.processes,
        )

    def copy_range(self, source: IO[bytes], begin: int, end: int, into: IO[bytes]) -> None:
        """Copy bytes in blocks; raises RenderFailed if the source is too short."""
        source.seek(begin)
        left = end - begin
        while left:
            block = source.read(min(left, BLOCK_BYTES))
            if not block:
                raise RenderFailed("The finished file is shorter than its chapters.")
            into.write(block)
            left -= len(block)
