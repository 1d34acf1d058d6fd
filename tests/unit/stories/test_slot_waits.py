"""A story that waits for its turn keeps its place, and its execution's events last."""

from datetime import UTC, datetime, timedelta

from mixer.store.objects import StoredObject
from mixer.stories.slots import POLL_S, STALE_S, SpeechSlots

EVENTS, EVENTS_PER_REQUEST = 25_000, 9
"""Of a standard execution (Step Functions quotas); of a request: two tasks' worth, choice, wait."""

ENGINE, RUNNING_DAYS = "generative", 14


class VirtualStore:
    """Marks whose times are those of a virtual clock."""

    def __init__(self):
        self.now = datetime(2026, 11, 28, tzinfo=UTC)
        self.marks = {}

    def put(self, key, _content):
        self.marks[key] = self.now

    touch = None

    def list(self, prefix):
        found = sorted(self.marks.items())
        return [StoredObject(key, 0, at) for key, at in found if key.startswith(prefix)]

    def delete(self, key):
        del self.marks[key]


def wait_for_a_slot(days):
    """How often a story asks while another holds the only slot for so many days."""
    store = VirtualStore()
    store.touch = lambda key: store.put(key, b"")
    slots = SpeechSlots(store, 1, now=lambda: store.now)
    slots.acquire("holder", ENGINE)
    store.now += timedelta(seconds=60)
    ends, waits_s = store.now + timedelta(days=days), []
    while store.now < ends:
        lease = slots.acquire("waiting", ENGINE)
        assert not lease.is_ready
        waits_s.append(lease.wait_s)
        store.now += timedelta(seconds=lease.wait_s)
        slots.renew("holder", ENGINE)
    return store, slots, waits_s


def test_events_last_as_long_as_a_story_may_run():
    _, _, waits_s = wait_for_a_slot(RUNNING_DAYS)
    assert len(waits_s) * EVENTS_PER_REQUEST < EVENTS
    assert waits_s[0] == POLL_S
    assert waits_s == sorted(waits_s)
    assert waits_s[-1] < STALE_S


def test_waiting_story_keeps_its_place():
    store, slots, _ = wait_for_a_slot(1)
    slots.acquire("later", ENGINE)
    slots.release("holder", ENGINE)
    store.now += timedelta(seconds=30)
    assert slots.acquire("waiting", ENGINE).is_ready
    assert not slots.acquire("later", ENGINE).is_ready
