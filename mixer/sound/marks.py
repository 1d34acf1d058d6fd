"""What the author wants to hear at a take besides the voice: values that a layout places."""

from dataclasses import dataclass
from enum import StrEnum


class Plays(StrEnum):
    """How a recording is played."""

    ON = "on"
    """Under the voice, until other music; no recording ends it."""

    ALONE = "alone"
    """Once; the music is silent meanwhile."""

    ONCE = "once"
    """Once, over the music."""


class Where(StrEnum):
    """Where a sound lies, seen from a take."""

    BEFORE = "before"
    WITHIN = "within"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class SoundMark:
    """A sound that is wanted at a take.

    Attributes:
        source: of the recording; empty to end the music.
        plays: how.
        where: seen from the take.
        at_samples: of one within: the sample of the take's recording with which it begins.
        level_lu: against the voice; None for the usual.
    """

    source: str
    plays: Plays
    where: Where = Where.AFTER
    at_samples: int = 0
    level_lu: float | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A sound in its place on the timeline.

    Attributes:
        mark: what is wanted.
        start: its first sample.
        length: how long it plays; 0 for music, which plays on.
    """

    mark: SoundMark
    start: int
    length: int = 0

    @property
    def end(self) -> int:
        """One past its last sample."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where one piece of music plays.

    Attributes:
        mark: what plays.
        start: its first sample.
        end: one past the last, before any fade beyond it.
        gives_way: whether it ends, or has paused, for a sound.
    """

    mark: SoundMark
    start: int
    end: int
    gives_way: bool = False
