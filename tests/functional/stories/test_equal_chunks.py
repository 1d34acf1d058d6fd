"""Equal chunks at once: in batches, requests, stories and processes, each is paid for once."""

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from mixer.speech.charges import cost_usd
from mixer.store.folder import FolderStore
from mixer.stories import SpeechService, StoryKind, StoryRequest, StoryState
from mixer.stories.budget import DailyBudget
from mixer.stories.speech_planner import SpeechPlanner
from tests.engines import ToneEngine
from tests.functional.stories.test_races import at_once
from tests.functional.story_world import CALLER, StoryWorld
from tests.spending import count_today_usd

DELAY_S = 0.05
"""Of a call: long enough for the others to come in the meantime."""

VERSES = [f"Ship {number} came in." for number in range(5)]
REFRAIN = "Row, row to the shore."
SONG = "\n\n* * *\n\n".join(line for verse in VERSES for line in (verse, REFRAIN))
COMMAND = """
import sys
from pathlib import Path
from mixer.compose import build_story_runner
from mixer.requests import Options
from mixer.script.readers import TextType, read_document
from mixer.stories import JobContext, StoryInput
from tests.engines import ToneEngine

store, out, text = sys.argv[1:]
engine = ToneEngine(suffix="mp3", delay_s=0.2, parallelism=2)
runner = build_story_runner(Path(store), engine, JobContext())
story = StoryInput(read_document(text, TextType.MARKDOWN))
runner.run_story(story, Options(engine="generative", pauses="none"), Path(out))
engine.close()
print(engine.calls)
"""


@pytest.fixture
def engine():
    engine = ToneEngine(suffix="mp3", delay_s=DELAY_S)
    yield engine
    engine.close()


def count_calls(engine):
    return max(Counter(engine.requests).values())


def test_refrain_that_falls_into_two_batches_keeps_the_cap(tmp_path, engine):
    world = StoryWorld(tmp_path, engine)
    distinct = [*VERSES, REFRAIN]
    cap_usd = cost_usd(sum(map(len, distinct)), "generative")
    story = world.create_story(SONG, engine="generative", max_cost_usd=cap_usd)
    status = world.status(story)
    assert status.state is StoryState.DONE
    assert len(world.list_keys(story, "batches/")) > 1
    assert (engine.calls, count_calls(engine)) == (len(distinct), 1)
    assert status.spent_usd == pytest.approx(status.predicted_usd)
    assert status.spent_usd <= cap_usd + 1e-6
    assert count_today_usd(world.spending, CALLER) == pytest.approx(status.spent_usd, abs=1e-6)


def test_same_text_many_times_at_once_is_paid_once(tmp_path, engine):
    store, lines = FolderStore(tmp_path), VERSES[:3]
    budget = DailyBudget(store, 1e6)
    planner = SpeechPlanner(
        open_engine=StoryWorld(tmp_path, engine)._open_engine,
        store=store,
        budget=budget,
        max_request_usd=1e6,
        max_text_chars=10**6,
        touch_after=timedelta(days=5),
    )
    service = SpeechService(planner, "b", FolderStore)
    given = {"pauses": "none", "engine": "generative"}
    text = "\n\n* * *\n\n".join(lines)
    request = StoryRequest(StoryKind.SPEECH, CALLER, given, text=text)
    answers = at_once(lambda: service.synthesize(request), 20)
    assert (engine.calls, count_calls(engine)) == (len(lines), 1)
    paid_usd = cost_usd(sum(map(len, lines)), "generative")
    assert sum(each.cost_usd for each in answers) == pytest.approx(paid_usd)
    assert count_today_usd(budget, CALLER) == pytest.approx(paid_usd, abs=1e-6)
    assert len({tuple(each.key for each in answer.recordings) for answer in answers}) == 1


def test_stories_with_equal_words_pay_each_chunk_once(tmp_path, engine):
    world, text = StoryWorld(tmp_path, engine), "\n\n* * *\n\n".join(VERSES)
    with ThreadPoolExecutor(4) as pool:
        stories = list(pool.map(lambda n: world.create_story(text, title=f"No. {n}"), range(4)))
    statuses = [world.status(story) for story in stories]
    assert {each.state for each in statuses} == {StoryState.DONE}
    assert (engine.calls, count_calls(engine)) == (len(VERSES), 1)
    paid_usd = sum(each.spent_usd for each in statuses)
    assert count_today_usd(world.spending, CALLER) == pytest.approx(paid_usd, abs=1e-5)


def test_two_commands_on_one_store_pay_each_chunk_once(tmp_path):
    text, pipe = "\n\n* * *\n\n".join(VERSES), subprocess.PIPE
    commands = [
        subprocess.Popen(
            [sys.executable, "-c", COMMAND, str(tmp_path), str(tmp_path / f"{n}.mp3"), text],
            stdout=pipe,
        )
        for n in range(2)
    ]
    calls = [int(command.communicate()[0]) for command in commands]
    chunks = list((tmp_path / "narration_chunks").iterdir())
    assert sum(calls) == len(chunks) > 0
    assert (tmp_path / "0.mp3").read_bytes() == (tmp_path / "1.mp3").read_bytes()
