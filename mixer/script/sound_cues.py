"""A sound at its place among the words: what a Script knows of music, stings and one-shots."""

from dataclasses import dataclass
from enum import StrEnum


class SoundKind(StrEnum):
    """What a sound is to the listener."""

    MUSIC = "music"
    """A bed: it plays on under the voice, as often as need be."""

    STING = "sting"
    """Plays once, and the bed is silent meanwhile."""

    SOUND = "sound"
    """Plays once, over the bed."""


class CuePlace(StrEnum):
    """Where a sound stands, seen from an utterance."""

    BEFORE = "before"
    WITHIN = "within"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class SoundCue:
    """A sound at its place.

    Attributes:
        kind: what it is.
        file: its path, counted from the text's own folder, or its key; empty to end the music.
        place: where it stands, seen from its utterance.
        at: of one within: the character of the utterance's text with which it begins.
        level_lu: against the voice; None for the usual.
        line: of the text, for messages.
    """

    kind: SoundKind
    file: str
    place: CuePlace = CuePlace.AFTER
    at: int = 0
    level_lu: float | None = None
    line: int = 0
