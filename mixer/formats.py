"""The names of the formats that a finished file may have: a caller's word and its file's ending."""

from typing import Literal

FormatName = Literal["mp3", "m4a", "m4b", "opus", "flac", "wav"]

DEFAULT_FORMAT: FormatName = "mp3"
