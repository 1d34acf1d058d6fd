"""What the author wants to hear at a take with the voice: values that a layout places."""

from dataclasses import dataclass

from mixer.script import CuePlace, SoundKind


@dataclass(frozen=True, slots=True)
class SoundAnnotation:
    """A sound that is wanted at a take.

    Attributes:
        source: of the recording; empty to end the music.
        kind: how it plays.
        place: seen from the take.
        at_samples: of one within: the sample of the take's recording with which it begins.
        level_lu: against the voice; None for the usual.
    """

    source: str
    kind: SoundKind
    place: CuePlace = CuePlace.AFTER
    at_samples: int = 0
    level_lu: float | None = None


@dataclass(frozen=True, slots=True)
class PlacedSound:
    """A sound in its place on the timeline.

    Attributes:
        annotation: what is wanted.
        start: its first sample.
        length: how long it plays; 0 for music, which plays on.
    """

    annotation: SoundAnnotation
    start: int
    length: int = 0

    @property
    def end(self) -> int:
        """One past its last sample."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class MusicRegion:
    """Where one piece of music plays.

    Attributes:
        annotation: what plays.
        start: its first sample.
        end: one past the last, before any fade beyond it.
        gives_way: whether it ends, or has paused, for a sound.
    """

    annotation: SoundAnnotation
    start: int
    end: int
    gives_way: bool = False
