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

__getattr__ = export_lazily(__name__)
