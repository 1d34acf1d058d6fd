"""Services of the API apart from stories: the music library and inspection."""

from mixer.services.inspect import Inspection, collect_figures, draw_picture, inspect
from mixer.services.library import (
    MUSIC_TYPES,
    PICTURE_TYPES,
    SHARED_PREFIX,
    TEXT_TYPES,
    MusicLibrary,
)

__all__ = [
    "MUSIC_TYPES",
    "PICTURE_TYPES",
    "SHARED_PREFIX",
    "TEXT_TYPES",
    "Inspection",
    "MusicLibrary",
    "collect_figures",
    "draw_picture",
    "inspect",
]
