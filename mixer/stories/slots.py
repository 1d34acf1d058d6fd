"""Divides the account's speech quota among stories, by marks in the store.

A story puts a mark, `speaking/{engine}/{time}-{story}`; the oldest marks may speak. Each worker
counts them every few seconds and uses its part: the stories' quota, divided by active stories and
by workers per story. A new story waits until all workers have counted it, so the quota is never
exceeded. Marks are renewed while there is work; expired ones are deleted.
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
"""Time in which every worker has checked again, even after a slow request."""

STALE_S = 1_200.0
"""Longer than a Lambda call can run without renewing its mark."""

RENEW_EVERY = 12
"""Checks between renewals of a story's mark: a minute."""

POLL_S = 15.0
"""Before a slot is requested again; each request is a step of the state machine."""

MAX_POLL_S = 600.0
POLL_SHARE = 1 / 20
"""The wait grows with the time waited: an execution has at most 25,000 events (Step Functions
quotas), which at 9 per request are 18 days instead of 11 hours. Marks are renewed meanwhile."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Whether a story may speak, and otherwise when to ask again."""

    is_ready: bool
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SpeechSlots:
    """The stories that may speak. Safe for many threads and processes.

    A new story waits `settling_s` before it shares the quota; `now` is the store's clock in UTC.
    """

    store: ObjectStore
    max_concurrent: int
    settling_s: float = SETTLING_S
    now: Callable[[], datetime] = field(default=utc_now)

    def acquire(self, story: str, engine: str) -> Lease:
        """Request a slot; repeated calls use the same mark."""
        marks = self._list_entries(engine)
        if not any(_is_held_by(mark, story) for mark in marks):
            moment = round(1000 * self.now().timestamp())
            self.store.put(f"{PREFIX}{engine}/{moment:015}-{story}", b"")
            marks = self._list_entries(engine)
        places = (number for number, mark in enumerate(marks) if _is_held_by(mark, story))
        place = next(places, self.max_concurrent)
        if place >= self.max_concurrent:
            self.renew(story, engine)
            return Lease(False, self._wait_s(marks, story))
        age_s = (self.now() - marks[place].modified).total_seconds()
        if len(marks) > 1 and age_s < self.settling_s:
            return Lease(False, max(1.0, self.settling_s - age_s))
        return Lease(True)

    def _wait_s(self, marks: list[StoredObject], story: str) -> float:
        """Choose when a waiting story asks again, from when it asked first."""
        first_s = next((_parse_moment_s(mark) for mark in marks if _is_held_by(mark, story)), None)
        waited_s = 0.0 if first_s is None else self.now().timestamp() - first_s
        return choose_poll_s(waited_s)

    def release(self, story: str, engine: str) -> None:
        """Release a slot."""
        for mark in self._list_entries(engine):
            if _is_held_by(mark, story):
                self.store.delete(mark.key)

    def count_active(self, engine: str) -> int:
        """Count the stories that may speak."""
        return max(1, min(len(self._list_entries(engine)), self.max_concurrent))

    def renew(self, story: str, engine: str) -> None:
        """Renew the mark of a story."""
        for mark in self._list_entries(engine):
            if _is_held_by(mark, story):
                self.store.touch(mark.key)

    def _list_entries(self, engine: str) -> list[StoredObject]:
        marks = []
        for mark in list(self.store.list(f"{PREFIX}{engine}/")):
            if (self.now() - mark.modified).total_seconds() > STALE_S:
                self.store.delete(mark.key)
            else:
                marks.append(mark)
        return marks


def choose_poll_s(waited_s: float) -> float:
    """Choose when to ask again after a wait."""
    return min(max(POLL_S, waited_s * POLL_SHARE), MAX_POLL_S)


def release_all(store: ObjectStore, story: str) -> None:
    """Release the slots of a story with every engine."""
    for mark in list(store.list(PREFIX)):
        if _is_held_by(mark, story):
            store.delete(mark.key)


def _parse_moment_s(mark: StoredObject) -> float:
    """Parse when a mark was first made, in seconds, from its name."""
    return int(mark.key.rpartition("/")[2].partition("-")[0]) / 1000


def _is_held_by(entry: StoredObject, story: str) -> bool:
    return entry.key.endswith(f"-{story}")


@dataclass(frozen=True, slots=True)
class SharedQuota:
    """Limits a worker to its part of the quota; `resize` sets the divisor of the stories' quota."""

    slots: SpeechSlots
    workers: int
    resize: Callable[[str, float], None]
    check_interval_s: float = CHECK_INTERVAL_S

    @contextmanager
    def __call__(self, story: str, engine: str) -> Iterator[None]:
        """Limit the quota during a block."""
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
