"""From a Script and its recordings to times: of takes, sentences and chapters. Pure."""

from mixer.publish.timing.sentences import RecordedChunk, caption_sentences, chapter_starts
from mixer.publish.timing.takes import (
    build_takes,
    find_unspoken,
    list_sound_files,
    pair_recordings,
)

__all__ = [
    "RecordedChunk",
    "build_takes",
    "caption_sentences",
    "chapter_starts",
    "find_unspoken",
    "list_sound_files",
    "pair_recordings",
]
