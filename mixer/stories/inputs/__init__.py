"""What a story is made of: chunks, music and sounds, a cover; checked, fetched and measured."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.stories.inputs.checks import InputLimits, check_key, check_request, parse_music_key
    from mixer.stories.inputs.covers import load_tags, put_cover, store_cover
    from mixer.stories.inputs.sounds import (
        SoundLibrary,
        fetch_sources,
        measure_music,
        read_sounds,
    )
    from mixer.stories.inputs.takes import (
        StoryNarration,
        TakeLoader,
        load_narration,
        load_timeline,
    )

__all__ = [
    "InputLimits",
    "SoundLibrary",
    "StoryNarration",
    "TakeLoader",
    "check_key",
    "check_request",
    "fetch_sources",
    "load_narration",
    "load_tags",
    "load_timeline",
    "measure_music",
    "parse_music_key",
    "put_cover",
    "read_sounds",
    "store_cover",
]

__getattr__ = export_lazily(__name__)
