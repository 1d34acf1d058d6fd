"""From a Script and its recordings to times: of takes, sentences and chapters. Pure."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.publish.timing.characters import CharacterAligner, CharacterTimes
    from mixer.publish.timing.recordings import (
        PARAGRAPH_ENDINGS,
        SECTION_ENDINGS,
        RecordedChunk,
        build_takes,
        caption_chunk,
        caption_sentences,
        chapter_starts,
        find_unspoken,
        list_sound_files,
        map_to_timeline,
        pair_recordings,
        time_sentences,
    )

__getattr__ = export_lazily(__name__)
