"""The state machine in an interpreter: every step's first call ends with another passing error."""

import json
import time

import boto3
import pytest
from moto import mock_aws
from moto.awslambda.models import LambdaFunction

from tests.functional.stories.story_machine import FUNCTIONS, _create_function, _create_role
from tests.infra.definition import load_definition
from tests.infra.test_retries import ERRORS

EXECUTING = {"stepfunctions": {"execute_state_machine": True}}
ANSWERS = {
    "plan": {"batches": [0, 1]},
    "acquire_slot": {"ready": True, "wait_s": 0},
    "synthesize": {"chunks": 1},
    "lay_out": {"groups": [0, 1]},
    "render": {"segments": 1},
}
TIMEOUT_S = 120.0


@pytest.fixture
def calls(monkeypatch):
    """Functions of which each rejects its first call, and the tasks that were called."""
    # An interpreter raises errors of its own, which begin with "States.", itself.
    names = sorted(error for error in ERRORS if not error.startswith("States."))
    seen, errors = [], iter(names * 2)

    def invoke(_function, body, _request, response_headers):
        event = json.loads(body)
        name = f"{event['task']} {event.get('batch', '')} {event.get('group', '')}"
        seen.append(name)
        if seen.count(name) == 1:
            response_headers["x-amz-function-error"] = "Unhandled"
            return json.dumps({"errorMessage": "no", "errorType": next(errors)}).encode()
        return json.dumps(ANSWERS.get(event["task"], {})).encode()

    monkeypatch.setattr(LambdaFunction, "invoke", invoke)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws(config=EXECUTING):
        yield seen


def test_story_is_finished_although_every_step_is_rejected_once(calls):
    functions, states = boto3.client("lambda"), boto3.client("stepfunctions")
    role = _create_role()
    arns = {name: _create_function(functions, name, role) for name in FUNCTIONS}
    machine = states.create_state_machine(
        name="stories", definition=json.dumps(load_definition(arns, impatient=True)), roleArn=role
    )["stateMachineArn"]
    given = json.dumps({"story_id": "s", "attempt": 1, "kind": "story"})
    arn = states.start_execution(stateMachineArn=machine, name="s-1", input=given)["executionArn"]
    until_s = time.monotonic() + TIMEOUT_S
    while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < until_s
        time.sleep(0.05)
    assert found["status"] == "SUCCEEDED"
    assert {name.split()[0] for name in calls} >= {"plan", "synthesize", "render", "join", "notify"}
    assert all(calls.count(name) == 2 for name in calls)
