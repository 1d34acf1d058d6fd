"""Formats by name, and the encoding of a finished file."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mixer.formats import DEFAULT_FORMAT, FormatName
from mixer.sound.formats.model import Format, StreamFormat
from mixer.sound.formats.mp3 import Mp3
from mixer.sound.formats.mp4 import AUDIOBOOK, Mp4
from mixer.sound.formats.wav import Wav
from mixer.sound.formats.xiph import Flac, Opus

FORMATS: Mapping[FormatName, Format] = MappingProxyType(
    {
        each.name: each
        for each in (Mp3(), Mp4("m4a"), Mp4("m4b", media_type=AUDIOBOOK), Opus(), Flac(), Wav())
    }
)
"""See `model.py` for how to add one."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """Format (also the file suffix) and constant bit rate, if the format has one."""

    format: FormatName = DEFAULT_FORMAT
    bitrate_kbps: int = 128

    @property
    def kind(self) -> Format:
        """The Format of this name."""
        return FORMATS[self.format]

    @property
    def stream(self) -> StreamFormat:
        """Stream format of its segments."""
        return self.kind.stream

    @property
    def segment_arguments(self) -> tuple[str, ...]:
        """FFmpeg's arguments for a segment's stream."""
        return self.stream.build_arguments(self.bitrate_kbps)

    @property
    def level_offset_db(self) -> float:
        """How much the encoder changes the level."""
        return self.kind.find_level_offset_db(self.bitrate_kbps)


MP3 = Encoding()
