"""The Script: the plan that stands between a text and the engine that speaks it.

A Script holds chapters, a chapter holds chunks, a chunk holds utterances. Everything is frozen
and serialises to JSON, so that it can be printed, stored, compared and resumed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mixer.script.annotations import BREAK_TAG, Annotation

FORMAT_VERSION = 1
"""Goes up when a stored Script can no longer be read by older code."""

NARRATOR = "Narrator"
"""The cast's name for the voice of all paragraphs without a speaker."""

PASSAGE_CHARS = 60


@dataclass(frozen=True, slots=True)
class Role:
    """A name of the cast and the voice that speaks for it.

    `engine`, `language` and `rate_percent` are empty or None where the story's own apply;
    `level_db` is relative to the other voices, `line` a line of the text, for messages.
    """

    name: str
    voice: str
    engine: str = ""
    language: str = ""
    level_db: float = 0.0
    rate_percent: int | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a finished file states in addition to title and author; each field may be empty.

    `series` includes the volume, as the author writes it; `narrator` is the name for listeners.
    `feed` names a podcast feed; `episode`, `season` and `explicit` are as the author writes them.
    """

    narrator: str = ""
    series: str = ""
    year: str = ""
    genre: str = ""
    description: str = ""
    publisher: str = ""
    isbn: str = ""
    feed: str = ""
    episode: str = ""
    season: str = ""
    explicit: str = ""


NO_METADATA = Metadata()


class SoundKind(StrEnum):
    """What a sound is to the listener."""

    MUSIC = "music"
    """A bed: it plays on under the voice and is repeated as needed."""

    STING = "sting"
    """Plays once while the bed is silent."""

    SOUND = "sound"
    """Plays once, over the bed."""


class CuePlace(StrEnum):
    """Where a sound stands relative to an utterance."""

    BEFORE = "before"
    WITHIN = "within"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class SoundShape:
    """How music or a sound begins and ends, in seconds; None for the default.

    `intro_s` is how long music plays alone before the words; `length_s` cuts a sound.
    """

    intro_s: float | None = None
    length_s: float | None = None
    fade_in_s: float | None = None
    fade_out_s: float | None = None


DEFAULT_SHAPE = SoundShape()


@dataclass(frozen=True, slots=True)
class SoundCue:
    """A sound at its place among the words.

    `file` is a path relative to the text's folder, or an object key; empty to end the music. `at`
    is, for WITHIN, a character of the utterance's text; `level_lu` is relative to the voice, None
    for the default.
    """

    kind: SoundKind
    file: str
    place: CuePlace = CuePlace.AFTER
    at: int = 0
    level_lu: float | None = None
    line: int = 0
    shape: SoundShape = DEFAULT_SHAPE


class BreakKind(StrEnum):
    """How an utterance ends; decides the pause that follows it."""

    CLAUSE = "clause"
    SENTENCE = "sentence"
    QUESTION = "question"
    EXCLAMATION = "exclamation"
    PARAGRAPH = "paragraph"
    SCENE = "scene"
    HEADING = "heading"
    CHAPTER = "chapter"


@dataclass(frozen=True, slots=True)
class Utterance:
    """One sentence, or a piece of one that is too long for the engine.

    `text` holds the author's words, for captions; `spoken` the same words, normalised, which the
    annotations refer to. `pause_ms` is a silence that the author set, None for the ending's own.
    """

    text: str
    spoken: str
    ending: BreakKind
    speaker: str = ""
    annotations: tuple[Annotation, ...] = ()
    pause_ms: int | None = None
    sounds: tuple[SoundCue, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """The utterances of one engine call, all of one speaker.

    `ssml` holds nothing but this chunk's own content, so that equal chunks are equal requests;
    `gap_ms` is the silence that follows in the mix; `level_db` is relative to the other voices.
    """

    utterances: tuple[Utterance, ...]
    ssml: str
    billed_chars: int
    gap_ms: int
    level_db: float = 0.0

    @property
    def ending(self) -> BreakKind:
        """How its last utterance ends."""
        return self.utterances[-1].ending

    @property
    def speaker(self) -> str:
        """The one speaker of all utterances."""
        return self.utterances[0].speaker

    @property
    def has_breaks(self) -> bool:
        """Whether silences are part of its recording."""
        return f"<{BREAK_TAG}" in self.ssml

    @property
    def passage(self) -> str:
        """The beginning of the chunk's text, for messages."""
        text = " ".join(utterance.text for utterance in self.utterances)
        return text if len(text) <= PASSAGE_CHARS else text[: PASSAGE_CHARS - 1] + "…"


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the story that listeners can jump to.

    The title is empty in a story without chapters; a spoken title is among the chunks.
    """

    title: str
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """What is spoken, in which chunks, with which pauses.

    Title and author are empty where the text names none; `language` is its BCP 47 tag; `music`
    plays from the beginning.
    """

    title: str
    language: str
    chapters: tuple[Chapter, ...]
    author: str = ""
    metadata: Metadata = NO_METADATA
    cast: tuple[Role, ...] = ()
    music: SoundCue | None = None
    format_version: int = FORMAT_VERSION

    @property
    def chunks(self) -> Iterator[Chunk]:
        """All chunks in reading order."""
        return (chunk for chapter in self.chapters for chunk in chapter.chunks)

    @property
    def sounds(self) -> Iterator[SoundCue]:
        """Music and sounds in reading order; each names a file, or ends the music."""
        if self.music is not None:
            yield self.music
        for chunk in self.chunks:
            for utterance in chunk.utterances:
                yield from utterance.sounds

    @property
    def billed_chars(self) -> int:
        """Characters that an engine charges for."""
        return sum(chunk.billed_chars for chunk in self.chunks)
