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
from mixer.store import ObjectStore, StoredObject
from mixer.stories.budget import utc_now

PREFIX = "speaking/"

CHECK_INTERVAL_S = 5.0
SETTLING_S = 2 * CHECK_INTERVAL_S
"""Until every worker has looked again, however long its request took."""

STALE_S = 1_200.0
"""Longer than a call of Lambda can work on: its mark would have been made young since."""

RENEW_EVERY = 12
"""Looks after which a worker makes its story's mark young again: a minute."""

POLL_S = 15.0
"""Between two questions whether it is a story's turn; each is a step of the state machine."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Whether a story may speak, and when to ask again where not."""

    is_ready: bool
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SpeechSlots:
    """Who speaks. Safe for many threads and processes.

    Attributes:
        store: where the marks are.
        max_concurrent: stories that speak at a time with one engine.
        settling_s: how long a story waits that is not alone.
        now: the moment, in UTC, as the store tells it.
    """

    store: ObjectStore
    max_concurrent: int
    settling_s: float = SETTLING_S
    now: Callable[[], datetime] = field(default=utc_now)

    def acquire(self, story: str, engine: str) -> Lease:
        """Ask for a turn; asked again, it answers for the same mark."""
        marks = self._list_entries(engine)
        if not any(_is_held_by(mark, story) for mark in marks):
            moment = round(1000 * self.now().timestamp())
            self.store.put(f"{PREFIX}{engine}/{moment:015}-{story}", b"")
            marks = self._list_entries(engine)
        places = (number for number, mark in enumerate(marks) if _is_held_by(mark, story))
        place = next(places, self.max_concurrent)
        if place >= self.max_concurrent:
            return Lease(False, POLL_S)
        age_s = (self.now() - marks[place].modified).total_seconds()
        if len(marks) > 1 and age_s < self.settling_s:
            return Lease(False, max(1.0, self.settling_s - age_s))
        return Lease(True)

    def release(self, story: str, engine: str) -> None:
        """Make room for the others."""
        for mark in self._list_entries(engine):
            if _is_held_by(mark, story):
                self.store.delete(mark.key)

    def count_active(self, engine: str) -> int:
        """How many stories speak."""
        return max(1, min(len(self._list_entries(engine)), self.max_concurrent))

    def renew(self, story: str, engine: str) -> None:
        """Say that a story still speaks."""
        for mark in self._list_entries(engine):
            if _is_held_by(mark, story):
                self.store.touch(mark.key)

    def _list_entries(self, engine: str) -> list[StoredObject]:
        """Marks that count, the first come first; old ones are swept away."""
        marks = []
        for mark in list(self.store.list(f"{PREFIX}{engine}/")):
            if (self.now() - mark.modified).total_seconds() > STALE_S:
                self.store.delete(mark.key)
            else:
                marks.append(mark)
        return marks


def release_all(store: ObjectStore, story: str) -> None:
    """Make room for the others, whatever engine a story spoke with."""
    for mark in list(store.list(PREFIX)):
        if _is_held_by(mark, story):
            store.delete(mark.key)


def _is_held_by(entry: StoredObject, story: str) -> bool:
    return entry.key.endswith(f"-{story}")


@dataclass(frozen=True, slots=True)
class SharedQuota:
    """Keeps a worker to its part of the quota while it speaks a batch.

    Attributes:
        slots: who speaks.
        workers: of each story.
        resize: tells the engine's limiter by how much the stories' share is divided.
        check_interval_s: how often it looks.
    """

    slots: SpeechSlots
    workers: int
    resize: Callable[[str, float], None]
    check_interval_s: float = CHECK_INTERVAL_S

    @contextmanager
    def __call__(self, story: str, engine: str) -> Iterator[None]:
        """A block in which a story is spoken with an engine."""
        ended = threading.Event()
        self._update_share(engine)

        def watch() -> None:
            looks = 0
            while not ended.wait(self.check_interval_s):
                looks += 1
                with suppress(MixerError):
                    self._update_share(engine)
                    if looks % RENEW_EVERY == 0:
                        self.slots.renew(story, engine)

        threading.Thread(target=watch, name="share-watch", daemon=True).start()
        try:
            yield
        finally:
            ended.set()

    def _update_share(self, engine: str) -> None:
        self.resize(engine, self.slots.count_active(engine) * self.workers)
