"""The Script: the plan that stands between a text and the engine that speaks it.

A Script holds chapters, a chapter holds chunks, a chunk holds utterances. Everything is frozen
and serialises to JSON, so that it can be printed, stored, compared and resumed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mixer.script.annotations import Annotation
from mixer.script.front_matter import NO_METADATA, Metadata, Role
from mixer.script.sound_cues import SoundCue

FORMAT_VERSION = 1
"""Goes up when a stored Script can no longer be read by older code."""


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
    """One sentence to be said (or a piece of one too long for the engine).

    Attributes:
        text: the words as the author wrote them, for captions.
        spoken: the same words as the engine shall say them, normalised.
        ending: what comes after it.
        speaker: who says it, a name of the cast; empty for the narrator.
        annotations: SSML elements over `spoken`.
        pause_ms: the silence that the author asks for after it; None for the ending's own.
        sounds: before, within and after it, in the order in which they stand.
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
    """The utterances of one engine call.

    Attributes:
        utterances: one or more, in reading order.
        ssml: what is sent to the engine; holds nothing but this chunk's own content, so that
            equal chunks are equal requests.
        billed_chars: what the engine charges for: the text without tags.
        gap_ms: the silence that follows in the mix.
        level_db: louder or softer than the others, as the cast says.
    """

    utterances: tuple[Utterance, ...]
    ssml: str
    billed_chars: int
    gap_ms: int
    level_db: float = 0.0

    @property
    def ending(self) -> BreakKind:
        """How the chunk ends."""
        return self.utterances[-1].ending

    @property
    def speaker(self) -> str:
        """Who says it: one voice for all its utterances."""
        return self.utterances[0].speaker

    @property
    def passage(self) -> str:
        """The beginning of the chunk's text, to name it in messages."""
        text = " ".join(utterance.text for utterance in self.utterances)
        return text if len(text) <= PASSAGE_CHARS else text[: PASSAGE_CHARS - 1] + "…"


PASSAGE_CHARS = 60


@dataclass(frozen=True, slots=True)
class Chapter:
    """A stretch of the story that listeners can jump to.

    Attributes:
        title: as the author wrote it; empty for a story without chapters.
        chunks: one or more, in reading order; the spoken title is among them.
    """

    title: str
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """What is said, in which chunks, with which pauses.

    Attributes:
        title: of the whole; empty when the text names none.
        language: BCP 47 tag of the text, such as `en-US`.
        chapters: one or more, in reading order.
        author: of the whole; empty when the text names none.
        metadata: what else the text says of itself.
        cast: who speaks in it, besides the narrator.
        music: what plays from the beginning; None for nothing.
        format_version: see FORMAT_VERSION.
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
        """What an engine charges for the whole."""
        return sum(chunk.billed_chars for chunk in self.chunks)
