"""From a Script and its recordings to times: of takes, sentences and chapters. Pure."""

from mixer.publish.timing.sentences import (
    PARAGRAPH_ENDINGS,
    RecordedChunk,
    caption_sentences,
    chapter_starts,
    map_to_timeline,
    time_sentences,
)
from mixer.publish.timing.takes import (
    PADDING_WEIGHTS,
    build_takes,
    find_unspoken,
    list_sound_files,
    pair_recordings,
)

__all__ = [
    "PADDING_WEIGHTS",
    "PARAGRAPH_ENDINGS",
    "RecordedChunk",
    "build_takes",
    "caption_sentences",
    "chapter_starts",
    "find_unspoken",
    "list_sound_files",
    "map_to_timeline",
    "pair_recordings",
    "time_sentences",
]
