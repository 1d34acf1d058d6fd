"""Values for the music and sounds that an author adds to a take."""

from dataclasses import dataclass

from mixer.script import CuePlace, SoundKind


@dataclass(frozen=True, slots=True)
class SoundAnnotation:
    """A sound at a take, `level_lu` from the voice (None: default); an empty source ends the music.

    `at_samples` is the position, in the take's recording, of a sound inside it.
    """

    source: str
    kind: SoundKind
    place: CuePlace = CuePlace.AFTER
    at_samples: int = 0
    level_lu: float | None = None


@dataclass(frozen=True, slots=True)
class PlacedSound:
    """A sound on the timeline; `length` is 0 for music, which plays on."""

    annotation: SoundAnnotation
    start: int
    length: int = 0

    @property
    def end(self) -> int:
        """One past its last sample."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class MusicRegion:
    """Span of one piece of music, without the fade after it; may give way to a sound."""

    annotation: SoundAnnotation
    start: int
    end: int
    gives_way: bool = False
