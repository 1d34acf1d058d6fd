"""The names of the formats of finished files, which are also their suffixes."""

from typing import Literal

FormatName = Literal["mp3", "m4a", "m4b", "opus", "flac", "wav"]

DEFAULT_FORMAT: FormatName = "mp3"
