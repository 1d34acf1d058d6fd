"""Stories with equal chunks near the daily cap: one pays, the others wait for it."""

import os
import time
from contextlib import closing
from dataclasses import replace

import pytest
from moto import mock_aws

from mixer.errors import CapReached, OutOfTime
from mixer.speech.charges import cost_usd
from mixer.store.s3 import create_s3_client
from mixer.stories import StoryKind, StoryState
from mixer.stories.folder import SCRIPT, StoryFolder
from mixer.stories.model import StoredScript
from mixer.stories.slots import POLL_S
from mixer.stories.status import list_unfinished
from mixer.stories.steps.purchase import MAX_WAIT_S, Purchase
from mixer.stories.workflow import Workflow
from tests.emulators.strict_polly import Latency, StrictPolly
from tests.functional.clouds import (
    BUCKET,
    MUSIC_BUCKET,
    OPEN_ALLOWANCES,
    build_settings,
    session,
)
from tests.functional.stories.story_machine import (
    CHUNKS,
    build_tasks,
    price_book,
    run_two_near_the_cap,
    start_moto_machine,
)
from tests.functional.story_world import CALLER, StoryWorld
from tests.spending import count_today_usd

EXECUTING = {"stepfunctions": {"execute_state_machine": True}}

SHARED = [f"Ship {number} came in." for number in range(5)]
OWN = ["A gull cried."]
SHORT_S = 1.0
"""Requests that lack the same chunks wait so long at most before they try again."""

OTHERS = [f"Cart {number} left us." for number in range(5)]


def join_lines(lines):
    return "\n\n* * *\n\n".join(lines)


def price_usd(lines):
    return cost_usd(sum(map(len, lines)), "generative")


@pytest.fixture
def build_world(tmp_path):
    """Builds a world with a cap, in which a first story with the shared lines has reserved."""
    worlds = []

    def build(max_daily_usd):
        world = StoryWorld(tmp_path, is_idle=True, max_daily_usd=max_daily_usd)
        worlds.append(world)
        first = world.create_story(join_lines(SHARED), engine="generative")
        world.run_task("plan", first)
        return world, first

    yield build
    for world in worlds:
        world.engine.close()


def plan_second(world, lines):
    story = world.create_story(join_lines(lines), engine="generative", title="Second")
    return story, lambda: world.run_task("plan", story)


@pytest.mark.parametrize("own", [[], OWN], ids=["the same chunks", "one more chunk"])
def test_story_waits_for_the_one_that_pays_for_its_chunks(build_world, own):
    world, first = build_world(price_usd(SHARED + OWN) + 1e-6)
    second, plan = plan_second(world, SHARED + own)
    planned = plan()
    assert planned["batches"] == []
    assert POLL_S / 2 <= planned["wait_s"] <= POLL_S
    assert world.status(second).state is StoryState.PLANNING
    world.run_story(first)
    assert plan()["wait_s"] == 0
    world.run_story(second)
    assert {world.status(each).state for each in (first, second)} == {StoryState.DONE}
    assert world.engine.calls == len(SHARED + own)
    spent_usd = count_today_usd(world.spending, CALLER)
    assert spent_usd == pytest.approx(price_usd(SHARED + own), abs=1e-6)


@pytest.mark.parametrize(
    ("lines", "cap_lines"),
    [
        pytest.param(OTHERS, SHARED + OWN, id="another story pays for other chunks"),
        pytest.param(SHARED + OTHERS, SHARED + OWN, id="the rest is too expensive, too"),
    ],
)
def test_story_that_waiting_would_not_help_is_refused_at_once(build_world, lines, cap_lines):
    world, _ = build_world(price_usd(cap_lines))
    _, plan = plan_second(world, lines)
    with pytest.raises(CapReached, match="nothing was spent"):
        plan()


def test_payer_that_fails_leaves_the_payment_to_the_other(build_world):
    world, first = build_world(price_usd(SHARED) + 1e-6)
    second, plan = plan_second(world, SHARED)
    assert plan()["wait_s"]
    world.run_task("record", first, error={"Error": "States.Timeout", "Cause": ""})
    assert plan()["wait_s"] == 0
    world.run_story(second)
    assert world.status(second).state is StoryState.DONE
    assert count_today_usd(world.spending, CALLER) == pytest.approx(price_usd(SHARED), abs=1e-6)


def test_payer_that_never_ends_is_not_awaited_for_ever(build_world, tmp_path):
    world, _ = build_world(price_usd(SHARED) + 1e-6)
    second, plan = plan_second(world, SHARED)
    (attempt,) = (tmp_path / "stories" / second / "attempts").glob("*.json")

    def set_age(age_s):
        os.utime(attempt, (time.time() - age_s,) * 2)

    set_age(MAX_WAIT_S / 2)
    assert plan()["wait_s"] > POLL_S
    set_age(MAX_WAIT_S + 1)
    with pytest.raises(CapReached):
        plan()


def test_chunks_that_a_request_pays_for_are_awaited_too(build_world):
    world, first = build_world(price_usd(SHARED) + 1e-6)
    keys = StoryFolder(world.store, first).read(SCRIPT, StoredScript).chunk_keys
    world.run_task("record", first, error={"Error": "States.Timeout", "Cause": ""})
    _, plan = plan_second(world, SHARED)

    def reserve(_must_look_up):
        return world.spending.reserve(CALLER, price_usd(SHARED))

    with world.spending.hold_payment(CALLER, keys, keys, reserve, time.sleep) as entry:
        assert plan()["wait_s"]
        world.spending.settle(entry, 0.0)
    assert plan()["wait_s"] == 0


def build_purchase(world, story, own_lines=()):
    """What a request pays for that lacks a story's chunks, and some of its own."""
    stored = StoryFolder(world.store, story).read(SCRIPT, StoredScript)
    missing = dict(zip(stored.chunk_keys, stored.script.chunks, strict=True))
    missing |= dict.fromkeys(own_lines, next(iter(stored.script.chunks)))
    usd = price_usd(SHARED) / len(SHARED)
    folder = StoryFolder(world.store, "run")
    return Purchase(world.planner, folder, CALLER, None, missing, lambda each: usd * len(each))


def test_request_waits_for_the_story_that_pays_for_its_chunks(build_world):
    world, first = build_world(price_usd(SHARED) + 1e-6)
    purchase, waits = build_purchase(world, first), []

    def pause(wait_s):
        if wait_s > SHORT_S:
            waits.append(wait_s)
            world.run_story(first)

    def look_up():
        return replace(purchase, missing={} if waits else purchase.missing)

    with purchase.hold([*purchase.missing], look_up, pause) as held:
        assert held.price_usd == 0
    assert len(waits) == 1
    assert POLL_S / 2 <= waits[0] <= POLL_S
    assert count_today_usd(world.spending, CALLER) == pytest.approx(price_usd(SHARED), abs=1e-6)


def test_request_that_waiting_would_not_help_is_refused_at_once(build_world):
    world, first = build_world(price_usd(SHARED) + 1e-6)
    purchase = build_purchase(world, first, OWN)

    def pause(wait_s):
        assert wait_s < SHORT_S

    with (
        pytest.raises(CapReached, match="nothing was spent"),
        purchase.hold([*purchase.missing], lambda: purchase, pause),
    ):
        pytest.fail("held")


def test_request_waits_until_its_deadline(build_world):
    world, first = build_world(price_usd(SHARED) + 1e-6)
    purchase, waits = build_purchase(world, first), []

    def pause(wait_s):
        waits.extend([wait_s] * (wait_s > SHORT_S))
        if len(waits) > 2:
            raise OutOfTime("The deadline has passed.")

    with (
        pytest.raises(OutOfTime),
        purchase.hold([*purchase.missing], lambda: purchase, pause),
    ):
        pytest.fail("held")
    assert len(waits) == 3


def test_workflow_plans_again_after_each_wait():
    waits, slept, calls = [2, 1, 0], [], []

    def invoke(event):
        calls.append(event["task"])
        if event["task"] == "plan":
            return {"batches": [], "wait_s": waits.pop(0)}
        return {"ready": True, "groups": []}

    Workflow(invoke, "s", 1, sleep=slept.append).make_audio(StoryKind.SPEECH)
    assert (calls, slept) == (["plan"] * 3 + ["acquire_slot", "release_slot"], [1.0] * 3)


def test_workflow_that_waits_ends_with_its_server():
    slept = []
    workflow = Workflow(
        lambda _: {"batches": [], "wait_s": 600}, "s", 1, lambda: len(slept) > 1, sleep=slept.append
    )
    with pytest.raises(OutOfTime):
        workflow.make_audio(StoryKind.SPEECH)
    assert len(slept) == 2


def test_stories_that_were_started_first_are_resumed_first(tmp_path):
    world = StoryWorld(tmp_path, is_idle=True)
    stories = [world.create_story(f"Bell {number} rang.") for number in range(6)]
    order = stories[3:] + stories[:3]
    for age, story in enumerate(reversed(order)):
        for path in (tmp_path / "stories" / story).rglob("*.json"):
            os.utime(path, (time.time() - age,) * 2)
    assert [each.story_id for each in list_unfinished(world.store)] == order


def test_state_machine_waits_for_the_story_that_pays(monkeypatch):
    """Under a cap that one story reaches."""
    with (
        mock_aws(config=EXECUTING),
        closing(create_s3_client(session=session())) as s3,
        StrictPolly(allowances=OPEN_ALLOWANCES, latency=Latency(base_s=0.1)) as polly,
        closing(polly.client()) as speaker,
    ):
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        for name in (BUCKET, MUSIC_BUCKET):
            s3.create_bucket(Bucket=name)
        settings = build_settings(max_daily_usd=1.2 * price_book("Bell"))
        tasks = build_tasks(settings, s3=s3, polly=speaker)
        with start_moto_machine(settings, tasks, monkeypatch) as machine:
            statuses = run_two_near_the_cap(machine, "Bell")
        assert [each.failure for each in statuses] == [None] * 2
        assert polly.counts.answered == CHUNKS
        assert machine.count_calls("plan") > 2
        assert sum(each.spent_usd for each in statuses) <= settings.max_daily_usd
