"""Stories where everything happens twice, at once, or at the wrong moment."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mixer.errors import SpeechFailed, StoreFailed, StoryCancelled
from mixer.speech.engine import VoiceSettings
from mixer.store.folder import FolderStore
from mixer.stories.batches import write_batches
from mixer.stories.folder import PLAN, RESULT, SEGMENTS, StoryFolder
from mixer.stories.keys import batch_name, batch_result_name, group_result_name
from mixer.stories.model import (
    Batch,
    PlanSummary,
    StoredLayout,
    StoryResult,
    StoryState,
    SynthesizedBatch,
)
from tests.engines import ToneEngine
from tests.functional.story_world import CALLER, Executions, StoryWorld
from tests.spending import count_today_usd

AT_ONCE = 8


def at_once(work, times=AT_ONCE):
    """What comes of the same work, begun by many threads in the same moment."""
    gate = threading.Barrier(times)

    def begin(_):
        gate.wait()
        return work()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(begin, range(times)))


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A world with a story that was told undisturbed, and its audio."""
    world = StoryWorld(tmp_path_factory.mktemp("told"))
    story = world.create_story()
    assert world.status(story).state is StoryState.DONE
    return story, world.read_audio(story)


def test_story_that_many_start_at_once_is_one_story_in_one_execution(tmp_path):
    world = StoryWorld(tmp_path)
    world.service = replace_launcher(world, Executions())
    stories = at_once(world.create_story)
    assert len(set(stories)) == 1
    assert world.service.launcher.started == [(stories[0], 1)]
    assert len(world.list_keys(stories[0], "attempts/")) == 1


def test_failed_story_that_many_start_at_once_is_done_once_more(tmp_path, told):
    _, audio = told
    world = StoryWorld(tmp_path)
    world.engine.fail_texts = ["Bell 7"]
    story = world.create_story()
    assert world.status(story).state is StoryState.FAILED
    world.engine.fail_texts = []
    at_once(world.create_story)
    assert world.status(story).state is StoryState.DONE
    assert world.read_audio(story) == audio
    attempts = [attempt for _, attempt in world.executions.started]
    assert attempts == sorted(set(attempts))
    assert len(world.engine.requests) == 12 + 1, "the failed chunk alone was said again"


def test_every_step_may_be_delivered_twice(tmp_path, told):
    _, audio = told
    world = StoryWorld(tmp_path)
    world.service = replace_launcher(world, Executions())
    story = world.create_story()

    def twice(name, **more):
        first, second = (world.run_task(name, story, **more) for _ in range(2))
        return first, second

    planned, again = twice("plan")
    assert planned == again
    assert twice("acquire_slot") == ({"ready": True, "wait_s": 0},) * 2
    for batch in planned["batches"]:
        twice("synthesize", batch=batch)
    twice("release_slot")
    assert world.run_task("plan", story)["batches"] == []
    groups, _ = twice("lay_out")
    for group in groups["groups"]:
        twice("render", group=group)
    for name in ("join", "publish", "notify"):
        twice(name)
    assert world.run_task("record", story, error={"Error": "Late"}) == {"state": StoryState.DONE}
    assert world.read_audio(story) == audio
    assert len(world.engine.requests) == 12
    status = world.status(story)
    assert count_today_usd(world.spending, CALLER) == pytest.approx(status.spent_usd, abs=1e-6)


def test_every_step_may_be_delivered_twice_at_once(tmp_path, told):
    _, audio = told
    world = StoryWorld(tmp_path)
    world.service = replace_launcher(world, Executions())
    story = world.create_story()
    planned = at_once(lambda: world.run_task("plan", story), 2)
    assert planned[0] == planned[1]
    for batch in planned[0]["batches"]:
        at_once(lambda number=batch: world.run_task("synthesize", story, batch=number), 2)
    (layout, _) = at_once(lambda: world.run_task("lay_out", story), 2)
    for group in layout["groups"]:
        at_once(lambda number=group: world.run_task("render", story, group=number), 2)
    for name in ("join", "publish", "notify"):
        at_once(lambda step=name: world.run_task(step, story), 2)
    assert world.status(story).state is StoryState.DONE
    assert world.read_audio(story) == audio


def test_story_cancelled_while_it_is_joined_ends_there_and_goes_on_when_asked_again(tmp_path, told):
    _, audio = told
    world = StoryWorld(tmp_path)
    launcher = world.executions
    world.service = replace_launcher(world, Executions())
    story = world.create_story()
    batches = world.run_task("plan", story)["batches"]
    for batch in batches:
        world.run_task("synthesize", story, batch=batch)
    for group in world.run_task("lay_out", story)["groups"]:
        world.run_task("render", story, group=group)
    world.run_task("join", story)
    assert world.service.cancel(story, CALLER).state is StoryState.CANCELLED
    for late in ("join", "publish", "lay_out", "plan", "acquire_slot"):
        with pytest.raises(StoryCancelled):
            world.run_task(late, story)
    assert world.run_task("record", story, error={}) == {"state": StoryState.CANCELLED}
    world.service = replace_launcher(world, launcher)
    assert world.create_story() == story
    assert world.status(story).state is StoryState.DONE
    assert world.read_audio(story) == audio
    assert len(world.engine.requests) == 12


def test_attempt_that_ends_late_neither_ends_nor_hides_the_next_one(tmp_path, told):
    """It looked for a result before the next attempt began, and writes its own after that."""
    _, audio = told
    world = StoryWorld(tmp_path, is_idle=True)
    story = world.create_story()
    world.service.cancel(story, CALLER)
    folder = StoryFolder(world.store, story)
    late = folder.read(RESULT, StoryResult)
    for _ in range(2):
        assert world.create_story() == story
        folder.write(RESULT, late)
        assert world.status(story).state is StoryState.PLANNING
    assert world.executions.started == [(story, 1), (story, 2)]
    world.run_story(story, attempt=2)
    assert world.status(story).state is StoryState.DONE
    assert world.read_audio(story) == audio


def test_step_at_work_stops_when_its_story_is_cancelled(tmp_path):
    """The voice takes long; what it was asked for is paid, kept, and settled in the end."""
    slow = ToneEngine(suffix="mp3", delay_s=1.0, parallelism=1)
    world = StoryWorld(tmp_path, slow)
    world.service = replace_launcher(world, Executions())
    story = world.create_story()
    batches = world.run_task("plan", story)["batches"]
    reserved = count_today_usd(world.spending, CALLER)
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(world.run_task, "synthesize", story, batch=batches[0])
        while not slow.requests:
            time.sleep(0.01)
        world.service.cancel(story, CALLER)
        with pytest.raises(StoryCancelled):
            working.result()
    assert len(slow.requests) < 6
    world.run_task("record", story, error={"Error": "StoryCancelled"})
    status = world.status(story)
    assert status.state is StoryState.CANCELLED
    assert 0 < status.spent_usd < reserved
    assert count_today_usd(world.spending, CALLER) == pytest.approx(status.spent_usd, abs=1e-6)


TIMED_OUT = '{"errorMessage": "2026-11-26 Task timed out after 900.00 seconds"}'


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"Error": "SpeechFailed", "Cause": "{}"}, "speech_failed"),
        ({"Error": "States.ExceedToleratedFailureThreshold", "Cause": ""}, "speech_failed"),
        ({"Error": "Lambda.Unknown", "Cause": "The Lambda function died."}, "step_failed"),
        ({"Error": "States.Timeout", "Cause": ""}, "step_failed"),
        ({"Error": "Sandbox.Timedout", "Cause": TIMED_OUT}, "step_failed"),
    ],
)
def test_what_a_step_said_counts_unless_a_later_one_died_in_silence(tmp_path, error, code):
    world = StoryWorld(tmp_path, ToneEngine(suffix="mp3", fail_texts=["Bell 0"]))
    world.service = replace_launcher(world, Executions())
    story = world.create_story("Bell 0 rang.")
    world.run_task("plan", story)
    with pytest.raises(SpeechFailed):
        world.run_task("synthesize", story, batch=0)
    world.run_task("record", story, error=error)
    failure = world.status(story).failure
    assert failure.code == code
    assert failure.error.endswith(".")


def test_whoever_was_told_is_not_told_again_when_another_could_not_be(tmp_path):
    told, fails = [], [True, True, False]

    def bus(notice, _):
        told.append(notice["state"])

    def webhook(_, __):
        if fails.pop(0):
            raise StoreFailed("Not now.")
        told.append("webhook")

    world = StoryWorld(tmp_path, notifiers=(bus, webhook))
    story = world.create_story()  # its run has told once, and the webhook was not reached
    assert told == [StoryState.DONE]
    with pytest.raises(StoreFailed):
        world.run_task("notify", story)
    for _ in range(3):
        world.run_task("notify", story)
    assert told == [StoryState.DONE, "webhook"]


class Counting:
    """A store that counts what is asked of it."""

    def __init__(self, store):
        self._store = store
        self.asked, self.listed = [], 0

    def __getattr__(self, name):
        method = getattr(self._store, name)

        def call_method(*given, **named):
            self.asked.append(name)
            return (
                self._count_listed(method(*given, **named))
                if name == "list"
                else method(*given, **named)
            )

        return call_method

    def _count_listed(self, found):
        for each in found:
            self.listed += 1
            yield each


@pytest.mark.parametrize("chunks", [10_000, 125_000])
def test_status_of_a_long_story_takes_one_page_and_a_handful_of_objects(tmp_path, chunks):
    store = Counting(FolderStore(tmp_path))
    world = StoryWorld(tmp_path, store=store)
    world.service = replace_launcher(world, Executions())
    story = world.create_story()
    folder = StoryFolder(FolderStore(tmp_path), story)
    batches = 250
    write_batches(
        folder, dict.fromkeys(range(batches), Batch(VoiceSettings("Joanna", "standard"), ()))
    )
    for batch in range(batches):
        folder.write(batch_result_name(batch, chunks // batches, 0.01), SynthesizedBatch((), 0, 0))
    for group in range(100):
        folder.write(group_result_name(group, 3), {})
    folder.write(PLAN, PlanSummary(chunks=chunks, batches=batches))
    folder.write(SEGMENTS, StoredLayout(300, ((0, 3),) * 100, 36_000.0))
    assert folder.has(batch_name(batches - 1))
    store.asked, store.listed = [], 0
    status = world.status(story)
    assert (status.chunks_done, status.segments_done) == (chunks, 300)
    assert status.spent_usd == pytest.approx(2.5)
    assert store.asked.count("list") == 1
    assert store.listed < 1_000
    assert len(store.asked) <= 5
    assert set(store.asked) <= {"list", "get"}


def replace_launcher(world, launcher):
    desk = world.service
    return type(desk)(desk.store, desk.secret, launcher, desk.budget)


def test_story_whose_first_batch_has_several_chunks_keeps_its_batches(tmp_path):
    world = StoryWorld(tmp_path)
    world.service = replace_launcher(world, Executions())
    sentences = (f"Lamp {n} went out at nine, and nobody saw it." for n in range(110))
    story = world.create_story(text=f"# The Lamps\n\n{' '.join(sentences)}")
    planned = world.run_task("plan", story)["batches"]
    folder = StoryFolder(world.store, story)
    before = [folder.find(batch_name(number), Batch).chunks for number in planned]
    assert len(before[0]) > 1
    world.run_task("synthesize", story, batch=0)
    assert world.run_task("plan", story)["batches"] == planned[1:]
    after = [folder.find(batch_name(number), Batch).chunks for number in planned]
    assert after == before
