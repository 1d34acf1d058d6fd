"""Lets people listen to a story while it is made.

A rendition of its own is rendered in pieces of a few seconds, as soon as their voice is there:
provisional in loudness, and in the pauses of a section whose end is not known yet. The finished
file does not depend on it. The names are loaded when they are first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixer.stories.renditions.links import LIFETIME_S, PATHS, ListenLinks
    from mixer.stories.renditions.listeners import ListeningService
    from mixer.stories.renditions.pieces import (
        PIECE_TYPE,
        PLAYLIST_TYPE,
        Playlist,
        find_frame,
        frame_start_s,
        piece_span_s,
    )
    from mixer.stories.renditions.rendition import Rendition
    from mixer.stories.renditions.stored import RenditionWriter, StoredRenditions

_HOMES = {
    "LIFETIME_S": "links",
    "PATHS": "links",
    "ListenLinks": "links",
    "ListeningService": "listeners",
    "PIECE_TYPE": "pieces",
    "PLAYLIST_TYPE": "pieces",
    "Playlist": "pieces",
    "Rendition": "rendition",
    "RenditionWriter": "stored",
    "StoredRenditions": "stored",
    "find_frame": "pieces",
    "frame_start_s": "pieces",
    "piece_span_s": "pieces",
}

__all__ = [
    "LIFETIME_S",
    "PATHS",
    "PIECE_TYPE",
    "PLAYLIST_TYPE",
    "ListenLinks",
    "ListeningService",
    "Playlist",
    "Rendition",
    "RenditionWriter",
    "StoredRenditions",
    "find_frame",
    "frame_start_s",
    "piece_span_s",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"mixer.stories.renditions.{_HOMES[name]}"), name)
