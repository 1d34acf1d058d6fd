"""Services of the API apart from stories: mixing, the music library, inspection."""

from mixer.services.inspect import Inspection, collect_figures, draw_picture, inspect
from mixer.services.library import (
    MUSIC_TYPES,
    PICTURE_TYPES,
    SHARED_PREFIX,
    TEXT_TYPES,
    MusicLibrary,
)
from mixer.services.mix_service import MixRequest, MixResult, MixService

__all__ = [
    "MUSIC_TYPES",
    "PICTURE_TYPES",
    "SHARED_PREFIX",
    "TEXT_TYPES",
    "Inspection",
    "MixRequest",
    "MixResult",
    "MixService",
    "MusicLibrary",
    "collect_figures",
    "draw_picture",
    "inspect",
]
