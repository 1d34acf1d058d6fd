"""The state machine in an interpreter, with functions that reject calls or are killed.

`make e2e` runs the same two stories in another interpreter (tests/e2e/stories.py).
"""

import json

import boto3
from moto import mock_aws
from moto.awslambda.models import LambdaFunction

from tests.functional.stories.story_machine import FUNCTIONS, _create_function, _create_role
from tests.functional.stories.unready_functions import PASSING, UnreadyFunctions, run_two_stories
from tests.infra.definition import load_definition

EXECUTING = {"stepfunctions": {"execute_state_machine": True}}
TIMEOUT_S = 300.0


def test_two_stories_are_finished_by_functions_that_sleep_are_killed_and_throttled(monkeypatch):
    functions = UnreadyFunctions(sleep_s=1.5, limit=10, groups=16)

    def invoke(function, body, _request, response_headers):
        answer, error = functions.call(function.function_name, json.loads(body))
        if error:
            response_headers["x-amz-function-error"] = error
        return json.dumps(answer).encode()

    monkeypatch.setattr(LambdaFunction, "invoke", invoke)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws(config=EXECUTING):
        states, client, role = boto3.client("stepfunctions"), boto3.client("lambda"), _create_role()
        arns = {name: _create_function(client, name, role) for name in FUNCTIONS}
        definition = json.dumps(load_definition(arns, impatient=True))
        made = states.create_state_machine(name="stories", definition=definition, roleArn=role)
        ends = run_two_stories(states, made["stateMachineArn"], TIMEOUT_S)
    assert ends == ["SUCCEEDED", "SUCCEEDED"]
    assert set(functions.errors) == set(PASSING)
