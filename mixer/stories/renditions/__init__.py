"""Lets people listen to a story while it is made.

A rendition of its own is rendered in pieces of a few seconds, as soon as their voice is there:
provisional in loudness, and in the pauses of a section whose end is not known yet. The finished
file does not depend on it. The names are loaded when they are first used.
"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.stories.renditions.listeners import LIFETIME_S, PATHS, ListeningService, ListenLinks
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

__getattr__ = export_lazily(__name__)
