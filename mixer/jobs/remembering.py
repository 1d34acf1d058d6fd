"""What is remembered of a mix from one render to the next, so that an edit renders what it touches.

Its segments lie on a shelf; a record beside them holds the gain that the mix was mastered with and
which segments it consists of. When a render is done, those that it no longer needs are removed:
the shelf holds one version of each mix and no more.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from hashlib import sha256

from mixer.sound.remastering import keeping
from mixer.sound.second_look import Look
from mixer.sound.shelf import Shelf
from mixer.sound.timeline import Mastering, Timeline


@dataclass(frozen=True, slots=True)
class Record:
    """What a mix was when it was last rendered.

    Attributes:
        mastering: its gain and limit; None where nothing is known.
        off_by_lu: how much louder than foretold it was found to be.
        reels: object keys of its segments.
    """

    mastering: Mastering | None = None
    off_by_lu: float = 0.0
    reels: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one mix, through all its edits.

    Attributes:
        shelf: where its segments are kept.
        name: of the mix, the same before and after an edit.
    """

    shelf: Shelf
    name: str

    @property
    def key(self) -> str:
        """Of the record."""
        return f"{self.shelf.prefix}records/{sha256(self.name.encode()).hexdigest()}.json"

    def remastered(self, timeline: Timeline) -> Timeline:
        """A timeline with the gain that the mix had before, where that still does."""
        return keeping(timeline, self._recalled().mastering)

    def off_by_lu(self) -> float:
        """How much louder than foretold the mix was found to be before."""
        return self._recalled().off_by_lu

    def note(self, look: Look, made: Sequence[str]) -> None:
        """Remember a render that is done, and drop the segments that it does not need.

        Args:
            look: the mix.
            made: the segments of all looks, of which only the last one counts.
        """
        kept = look.mixdown.reels
        record = {
            "mastering": asdict(look.timeline.mastering),
            "off_by_lu": look.off_by_lu,
            "reels": list(kept),
        }
        spare = self._recalled().reels.union(made).difference(kept)
        self.shelf.store.put(self.key, json.dumps(record).encode())
        for key in spare:
            self.shelf.store.delete(key)

    def _recalled(self) -> Record:
        if self.shelf.store.head(self.key) is None:
            return Record()
        with suppress(ValueError, TypeError, KeyError):
            record = json.loads(self.shelf.store.get(self.key))
            return Record(
                Mastering(**record["mastering"]),
                float(record.get("off_by_lu", 0.0)),
                frozenset(record["reels"]),
            )
        return Record()
