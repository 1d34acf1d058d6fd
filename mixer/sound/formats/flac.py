"""FLAC: one encoder for all samples; chapters are encoded again, without loss."""

from pathlib import Path
from typing import IO, TYPE_CHECKING

from mixer.formats import FormatName
from mixer.sound.formats.model import FileSpec
from mixer.sound.formats.mux import XiphFormat
from mixer.sound.formats.tags import AudioTags
from mixer.sound.formats.wav import SAMPLES_STREAM

if TYPE_CHECKING:
    from mixer.sound.formats.chapter_splitter import ChapterSplitter, FileCut

_CODEC = ["-c:a", "flac", "-f", "flac"]


class Flac(XiphFormat):
    """FLAC with 16 bits."""

    name: FormatName = "flac"
    content_type = "audio/flac"
    stream = SAMPLES_STREAM
    is_lossy = False
    attaches_cover = True

    def codec_arguments(self, spec: FileSpec) -> list[str]:
        """FFmpeg's arguments for the encoder."""
        del spec
        return _CODEC

    def write_cut(
        self, splitter: "ChapterSplitter", cut: "FileCut", file: IO[bytes], tags: AudioTags | None
    ) -> None:
        """Encode the samples of a cut again."""
        tag_arguments = self.tag_arguments(tags, splitter.workshop.folder)
        splitter.reencode(cut, Path(file.name), tag_arguments, _CODEC)
