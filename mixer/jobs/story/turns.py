"""How stories share the account's quota of a speech engine: by counting heads in the store.

A story that wants to speak leaves a mark, `speaking/{engine}/{time}-{story}`. The first so many
marks speak, the others wait for their turn. Each worker looks every few seconds how many speak, and
keeps to its part: the stories' share of the quota, divided by the stories that speak, divided by
the workers of a story. Who comes new waits until all others have looked, so the parts never add up
to more than the whole. Marks are made young while there is work; one that has grown old belongs to
nobody and is swept away.

The price: a listing every few seconds for each worker, and a wait of some seconds before a story
speaks beside others.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

from mixer.errors import MixerError
from mixer.jobs.spending import utc_now
from mixer.store.objects import ObjectStore, StoredObject

PREFIX = "speaking/"

LOOK_EVERY_S = 5.0
SETTLING_S = 2 * LOOK_EVERY_S
"""Until every worker has looked again, however long its request took."""

STALE_S = 1_200.0
"""Longer than a call of Lambda can work on: its mark would have been made young since."""

YOUNG_EVERY = 12
"""Looks after which a worker makes its story's mark young again: a minute."""

POLL_S = 15.0
"""Between two questions whether it is a story's turn; each is a step of the state machine."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether a story may speak, and when to ask again where not."""

    is_ready: bool
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Turns:
    """Who speaks. Safe for many threads and processes.

    Attributes:
        store: where the marks are.
        speakers: stories that speak at a time with one engine.
        settling_s: how long a story waits that is not alone.
        now: the moment, in UTC, as the store tells it.
    """

    store: ObjectStore
    speakers: int
    settling_s: float = SETTLING_S
    now: Callable[[], datetime] = field(default=utc_now)

    def take(self, story: str, engine: str) -> Turn:
        """Ask for a turn; asked again, it answers for the same mark."""
        marks = self._marks(engine)
        if not any(_is_of(mark, story) for mark in marks):
            moment = round(1000 * self.now().timestamp())
            self.store.put(f"{PREFIX}{engine}/{moment:015}-{story}", b"")
            marks = self._marks(engine)
        places = (number for number, mark in enumerate(marks) if _is_of(mark, story))
        place = next(places, self.speakers)
        if place >= self.speakers:
            return Turn(False, POLL_S)
        age_s = (self.now() - marks[place].modified).total_seconds()
        if len(marks) > 1 and age_s < self.settling_s:
            return Turn(False, max(1.0, self.settling_s - age_s))
        return Turn(True)

    def leave(self, story: str, engine: str) -> None:
        """Make room for the others."""
        for mark in self._marks(engine):
            if _is_of(mark, story):
                self.store.delete(mark.key)

    def heads(self, engine: str) -> int:
        """How many stories speak."""
        return max(1, min(len(self._marks(engine)), self.speakers))

    def keep(self, story: str, engine: str) -> None:
        """Say that a story still speaks."""
        for mark in self._marks(engine):
            if _is_of(mark, story):
                self.store.refresh(mark.key)

    def _marks(self, engine: str) -> list[StoredObject]:
        """Marks that count, the first come first; old ones are swept away."""
        marks = []
        for mark in list(self.store.list(f"{PREFIX}{engine}/")):
            if (self.now() - mark.modified).total_seconds() > STALE_S:
                self.store.delete(mark.key)
            else:
                marks.append(mark)
        return marks


def leave_all(store: ObjectStore, story: str) -> None:
    """Make room for the others, whatever engine a story spoke with."""
    for mark in list(store.list(PREFIX)):
        if _is_of(mark, story):
            store.delete(mark.key)


def _is_of(mark: StoredObject, story: str) -> bool:
    return mark.key.endswith(f"-{story}")


@dataclass(frozen=True, slots=True)
class SharedPace:
    """Keeps a worker to its part of the quota while it speaks a batch.

    Attributes:
        turns: who speaks.
        workers: of each story.
        resize: tells the engine's limiter by how much the stories' share is divided.
        look_every_s: how often it looks.
    """

    turns: Turns
    workers: int
    resize: Callable[[str, float], None]
    look_every_s: float = LOOK_EVERY_S

    @contextmanager
    def __call__(self, story: str, engine: str) -> Iterator[None]:
        """A block in which a story is spoken with an engine."""
        ended = threading.Event()
        self._look(engine)

        def watch() -> None:
            looks = 0
            while not ended.wait(self.look_every_s):
                looks += 1
                with suppress(MixerError):
                    self._look(engine)
                    if looks % YOUNG_EVERY == 0:
                        self.turns.keep(story, engine)

        threading.Thread(target=watch, name="share-watch", daemon=True).start()
        try:
            yield
        finally:
            ended.set()

    def _look(self, engine: str) -> None:
        self.resize(engine, self.turns.heads(engine) * self.workers)
