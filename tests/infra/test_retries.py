"""Steps survive functions that sleep, are killed or are throttled."""

import json
import random

import pytest

from tests.infra.account_simulation import ERRORS, Retrier
from tests.infra.definition import list_states, load_definition

WAKING_S = 106.0
"""The longest that a function was seen to need until it answered again (reports, 40 to 106 s)."""

STEPS = [
    state
    for state in list_states(load_definition({n: n for n in ("SpeechTask", "MixTask", "EndTask")}))
    if state["Type"] == "Task"
]
IDS = [json.dumps(each["Parameters"]["Payload"]["task"]) for each in STEPS]


def find_retrier(state, error):
    """The first entry that names an error, as Step Functions chooses it."""
    matching = (each for each in state["Retry"] if {error, "States.ALL"} & set(each["ErrorEquals"]))
    return next(matching, None)


@pytest.mark.parametrize("state", STEPS, ids=IDS)
def test_every_passing_error_is_retried(state):
    assert {error for error in ERRORS if find_retrier(state, error) is None} == set()
    named = [error for each in state["Retry"] for error in each["ErrorEquals"]]
    assert len(named) == len(set(named))


def run_waits_s(state, error, dice):
    """How long all retries of an error wait, one after the other."""
    found = find_retrier(state, error)
    retrier = Retrier(
        found["IntervalSeconds"],
        found["BackoffRate"],
        found["MaxAttempts"],
        found["MaxDelaySeconds"],
    )
    return sum(retrier.draw_wait_s(attempt, dice) for attempt in range(retrier.attempts))


@pytest.mark.parametrize("state", STEPS, ids=IDS)
def test_steps_outlast_a_sleeping_function(state):
    dice = random.Random(7)
    waking = [error for error, kind in ERRORS.items() if kind == "waking"]
    waits_s = [run_waits_s(state, error, dice) for error in waking for _ in range(400)]
    assert min(waits_s) > WAKING_S


def test_throttled_steps_wait_for_minutes():
    dice = random.Random(7)
    waits_s = [run_waits_s(STEPS[0], "Lambda.TooManyRequestsException", dice) for _ in range(400)]
    assert min(waits_s) > 600


def test_killed_steps_are_tried_a_few_times_only():
    killed = {error for error, kind in ERRORS.items() if kind == "killed"}
    for state in STEPS:
        attempts = {find_retrier(state, error)["MaxAttempts"] for error in killed}
        assert attempts in ({3}, {8})
