"""What a story has paid is counted when the store fails, or the process dies, at any moment."""

import pytest

from mixer.errors import DamagedObject, StoreFailed
from mixer.speech.charges import cost_usd
from mixer.speech.narrator import LEASE_PREFIX as LEASES
from mixer.speech.recordings import PREFIX as CHUNKS
from mixer.store.folder import FolderStore
from mixer.stories import StoryState
from mixer.stories.budget import PREFIX as SPENDING
from mixer.stories.folder import StoryFolder
from mixer.stories.keys import SYNTHESIZED
from tests.functional.story_world import CALLER, StoryWorld
from tests.spending import count_today_usd

LEAST_CHARS = len("Bell 0 rang.")


class Failing:
    """A store whose calls fail while the test wants it, before or after they are carried out."""

    def __init__(self, store):
        self._store = store
        self.fails, self.is_late = None, False

    def __getattr__(self, name):
        method = getattr(self._store, name)

        def call_method(*given, **named):
            does_fail = self.fails is not None and self.fails(name, str(given[0]))
            answer = None if does_fail and not self.is_late else method(*given, **named)
            if does_fail:
                raise StoreFailed("Please reduce your request rate.")
            return answer

        return call_method


@pytest.fixture
def store(tmp_path):
    return Failing(FolderStore(tmp_path))


@pytest.fixture
def world(tmp_path, store):
    return StoryWorld(tmp_path, store=store)


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("call", ["put", "delete"])
def test_entry_whose_replacement_fails_is_counted_once(world, store, call, is_late):
    budget = world.spending
    entry = budget.reserve(CALLER, 2.0, "story")
    store.fails, store.is_late = (
        lambda name, key: name == call and key.startswith(SPENDING),
        is_late,
    )
    with pytest.raises(StoreFailed):
        budget.settle(entry, 1.0)
    store.fails = None
    for _ in range(2):
        budget.settle(entry, 1.0)
    assert count_today_usd(budget, CALLER) == pytest.approx(1.0)


@pytest.mark.parametrize(("call", "is_late"), [("put", True), ("list", False)])
def test_reservation_whose_answer_is_lost_is_withdrawn(world, store, call, is_late):
    store.fails, store.is_late = (
        lambda name, key: name == call and key.startswith(SPENDING),
        is_late,
    )
    with pytest.raises(StoreFailed):
        world.spending.reserve(CALLER, 5.0, "story")
    store.fails = None
    assert count_today_usd(world.spending, CALLER) == 0


@pytest.mark.parametrize("kept", [0, 1, 5])
def test_chunks_that_are_paid_before_the_store_fails_for_good_are_counted(world, store, kept):
    """The voice answers, but nothing can be written any more, as if the process were killed.

    Leases are released: those of a process that lives block others until they expire.
    """
    stored = []

    def fail(name, key):
        if name == "put" and key.startswith(CHUNKS):
            stored.append(key)
        return len(stored) > kept and not key.startswith(LEASES)

    store.fails = fail
    with pytest.raises(StoreFailed):
        world.create_story(engine="generative")
    assert world.engine.requests
    store.fails = None
    world.executions.end(*world.executions.started[0])
    status = world.status(world.create_story(engine="generative"))
    assert status.state is StoryState.DONE
    paid_usd = cost_usd(LEAST_CHARS * len(world.engine.requests), "generative")
    assert status.spent_usd >= paid_usd
    assert count_today_usd(world.spending, CALLER) >= paid_usd


def test_payment_of_a_result_that_is_damaged_stays(tmp_path):
    world = StoryWorld(tmp_path, is_idle=True)
    story = world.create_story(engine="generative")
    for batch in world.run_task("plan", story)["batches"]:
        world.run_task("synthesize", story, batch=batch)
    before_usd = world.status(story).spent_usd
    damaged = world.list_keys(story, SYNTHESIZED)[1]
    world.store.put(StoryFolder(world.store, story).key(damaged), b"<html>")
    with pytest.raises(DamagedObject):
        world.run_task("lay_out", story)
    assert before_usd > 0
    assert world.status(story).spent_usd == pytest.approx(before_usd)
