"""How stories share a quota: whose turn it is, and two of them beside synchronous calls."""

import random
from collections import deque
from datetime import UTC, datetime, timedelta

import pytest

from mixer.speech.polly.client import POLLY_QUOTAS, EngineQuotas
from mixer.store.folder import FolderStore
from mixer.stories.slots import CHECK_INTERVAL_S, SETTLING_S, STALE_S, SpeechSlots, release_all

ENGINE = "generative"
QUOTA = POLLY_QUOTAS[ENGINE]
WORKERS, SPEAKERS, COPIES = 2, 3, 2


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path)


class Clock:
    """Virtual time; the store's own runs on, so marks are as old as they were made."""

    def __init__(self):
        self.began = datetime.now(UTC)
        self.ahead_s = 0.0

    def now(self):
        return datetime.now(UTC) + timedelta(seconds=self.ahead_s)


def test_story_that_is_alone_speaks_at_once(store):
    assert SpeechSlots(store, SPEAKERS).acquire("a", ENGINE).is_ready


def test_who_comes_second_waits_until_the_others_have_looked(store):
    clock = Clock()
    turns = SpeechSlots(store, SPEAKERS, now=clock.now)
    turns.acquire("a", ENGINE)
    waiting = turns.acquire("b", ENGINE)
    assert not waiting.is_ready
    assert CHECK_INTERVAL_S < waiting.wait_s <= SETTLING_S
    clock.ahead_s += SETTLING_S + 0.1
    assert turns.acquire("b", ENGINE).is_ready
    assert turns.count_active(ENGINE) == 2


def test_who_comes_too_late_waits_for_a_place(store):
    clock = Clock()
    turns = SpeechSlots(store, 1, now=clock.now)
    turns.acquire("a", ENGINE)
    clock.ahead_s += 60
    assert not turns.acquire("b", ENGINE).is_ready
    assert turns.acquire("c", "neural").is_ready
    turns.release("a", ENGINE)
    assert turns.acquire("b", ENGINE).is_ready


def test_mark_that_nobody_keeps_young_is_swept_away(store):
    clock = Clock()
    turns = SpeechSlots(store, 1, now=clock.now)
    turns.acquire("dead", ENGINE)
    clock.ahead_s += STALE_S + 1
    assert turns.count_active(ENGINE) == 1
    assert not list(store.list("speaking/"))


def test_ended_story_leaves_nothing_behind(store):
    turns = SpeechSlots(store, SPEAKERS)
    turns.acquire("a", ENGINE)
    turns.acquire("b", ENGINE)
    release_all(store, "a")
    assert [key.key[-2:] for key in store.list("speaking/")] == ["-b"]


class Worker:
    """A process that speaks through a limiter of its own, in virtual time."""

    def __init__(self, world, name, percent, copies, chunks):
        self.world, self.name, self.chunks = world, name, chunks
        self.quotas = EngineQuotas(copies * 100 / percent, now=lambda: world.now_s)
        self.busy = []

    def step(self):
        """Start every call that the limiter lets through now."""
        limiter, now_s = self.quotas.limiter(ENGINE), self.world.now_s
        ended = [end for end in self.busy if end <= now_s]
        self.busy = [end for end in self.busy if end > now_s]
        for _ in ended:
            limiter.release()
        while self.chunks and len(self.busy) < limiter.quota.in_flight:
            if limiter._bucket.wait_s(now_s) > 0:
                return
            limiter.acquire()
            self.chunks.popleft()
            self.busy.append(now_s + self.world.count_call(self.name))


class World:
    """Virtual time, and Amazon Polly's own account of the calls."""

    def __init__(self):
        self.now_s, self.chance = 0.0, random.Random(5)
        self.starts, self.level, self.filled_s, self.ends = [], QUOTA.burst, 0.0, []
        self.refused = 0

    def count_call(self, name):
        gained = (self.now_s - self.filled_s) * QUOTA.calls_per_s
        self.level, self.filled_s = min(QUOTA.burst, self.level + gained), self.now_s
        self.ends = [end for end in self.ends if end > self.now_s]
        if self.level < 1 or len(self.ends) >= QUOTA.in_flight:
            self.refused += 1
        self.level -= 1
        self.starts.append((self.now_s, name))
        latency_s = self.chance.uniform(0.5, 1.5)
        self.ends.append(self.now_s + latency_s)
        return latency_s


class Service:
    """Two stories, the second 20 s later, and synchronous calls, in virtual time."""

    def __init__(self):
        self.world = World()
        self.told = {name: deque(range(1_000)) for name in ("a", "b")}
        self.sync = deque()
        self.speaking = {
            name: [Worker(self.world, name, 50, 1, chunks) for _ in range(WORKERS)]
            for name, chunks in self.told.items()
        }
        self.copies = [Worker(self.world, "sync", 50, COPIES, self.sync) for _ in range(COPIES)]
        self.marked_s = {"a": 0.0, "b": 20.0}
        self.looked_s = -CHECK_INTERVAL_S

    def run(self):
        while any(self.told.values()):
            if self.world.chance.random() < 0.2:
                self.sync.append("request")
            marks = [n for n in self.told if self.told[n] and self._since(n) >= 0]
            self._look(len(marks))
            ready = [n for n in marks if n == "a" or self._since(n) >= SETTLING_S]
            for worker in (*(w for n in ready for w in self.speaking[n]), *self.copies):
                worker.step()
            self.world.now_s += 0.05

    def _since(self, name):
        return self.world.now_s - self.marked_s[name]

    def _look(self, heads):
        if self.world.now_s - self.looked_s >= CHECK_INTERVAL_S:
            self.looked_s = self.world.now_s
            for worker in (*self.speaking["a"], *self.speaking["b"]):
                worker.quotas.resize(ENGINE, max(1, heads) * WORKERS)


def test_two_stories_and_synchronous_calls_keep_to_the_quota_and_share_it():
    service = Service()
    service.run()
    world = service.world
    assert world.refused == 0
    times = [start for start, _ in world.starts]
    within = [sum(t < begin + 1 - 1e-6 for t in times[i : i + 20]) for i, begin in enumerate(times)]
    assert max(within) <= QUOTA.calls_per_s
    both = [name for at, name in world.starts if 40 < at < 200 and name != "sync"]
    assert 0.4 < both.count("a") / len(both) < 0.6
    assert len(both) / 160 == pytest.approx(QUOTA.calls_per_s / 2, rel=0.1)
