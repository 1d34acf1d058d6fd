"""The state machine of IaC/story.asl.json, executed by an interpreter, with our own tasks.

The tasks run in this process, over the S3 and the Polly that the test brings. As Lambda would, a
task that raises answers with the class and the message of its error.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import boto3
from moto.awslambda.models import LambdaFunction

from mixer.aws import StateMachine, execution_name
from mixer.compose import AwsServices
from mixer.settings import Settings
from mixer.speech.charges import cost_usd
from mixer.store.s3 import S3Store
from mixer.stories.budget import DailyBudget
from mixer.stories.model import StoryKind, StoryState
from mixer.stories.request import StoryRequest
from mixer.stories.service import StoryService
from mixer.stories.status import StoryStatus
from mixer.stories.tasks import StoryTasks
from tests.functional.clouds import MUSIC_BUCKET
from tests.infra.definition import load_definition

SECRET = b"a secret of the tests"
CALLER = "anna"
FUNCTIONS = ("SpeechTask", "MixTask", "EndTask")
ENDED = {StoryState.DONE, StoryState.FAILED, StoryState.CANCELLED}

CHAPTERS = 12
CHUNKS = 2 * CHAPTERS
POISON = "# Poison\n\nThe tempest rose."
VOICE: dict[str, Any] = {"voice": "Joanna", "engine": "standard"}
"""Eighty calls a second, so that no test waits for its turn."""


def build_book(word: str) -> str:
    """A book of chunks of its own: no other story has any of them."""
    chapters = (
        f"# {word} {number}\n\nThe {word} rang {number} times." for number in range(CHAPTERS)
    )
    return "\n\n".join(chapters)


Task = Callable[[Mapping[str, Any]], Any]


def build_tasks(settings: Settings, *, s3: Any, polly: Any) -> dict[str, StoryTasks]:
    """What the three functions of the stack do, by the names that the definition gives them."""
    services = AwsServices(settings=settings, s3=s3, polly=polly, render_groups=3, notifiers=[])
    return {
        "SpeechTask": services.speech_tasks,
        "MixTask": services.mix_tasks,
        "EndTask": services.finish_tasks,
    }


@dataclass
class StoryMachine:
    """A state machine that runs stories.

    Attributes:
        service: begins them.
        states: a client of Step Functions.
        arn: of the machine.
        calls: every event that a task was called with.
        caller: of the stories.
    """

    service: StoryService
    states: Any
    arn: str
    calls: list[Mapping[str, Any]]
    caller: str = CALLER

    def create_story(
        self,
        text: str,
        kind: StoryKind = StoryKind.STORY,
        source_key: str = "",
        **options: object,
    ) -> str:
        given = {"text_type": "markdown", **options}
        return self.service.create(
            StoryRequest(
                kind=kind, caller=self.caller, options=given, text=text, source_key=source_key
            )
        )

    def status(self, story: str) -> StoryStatus:
        return self.service.get_status(story, self.caller)

    def await_end(self, story: str, timeout_s: float = 120.0) -> StoryStatus:
        """How a story ended, once its execution has ended too."""
        until_s = time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            with suppress(KeyError):  # moto lists while a task deletes, which S3 would not mind
                if not self.is_running(story) and (status := self.status(story)).state in ENDED:
                    return status
            time.sleep(0.3)
        raise AssertionError(f"{story} does not end: {self.list_executions(story)}")

    def is_running(self, story: str) -> bool:
        return any(each["status"] == "RUNNING" for each in self.list_executions(story))

    def list_executions(self, story: str) -> list[Any]:
        """Its executions, the first attempt first."""
        listed = self.states.list_executions(stateMachineArn=self.arn)["executions"]
        mine = [each for each in listed if each["name"].startswith(story)]
        return sorted(mine, key=lambda each: each["name"])

    def count_calls(self, task: str) -> int:
        return sum(each["task"] == task for each in self.calls)


def price_book(word: str) -> float:
    """What the voice charges for a book."""
    spoken = (f"{word} {number}The {word} rang {number} times." for number in range(CHAPTERS))
    return cost_usd(sum(map(len, spoken)) + 2 * CHUNKS, VOICE["engine"])


def run_two_near_the_cap(machine: StoryMachine, word: str) -> list[StoryStatus]:
    """Run two stories of one text at once, of which the day's cap allows to pay one."""
    stories = [
        machine.create_story(build_book(word), StoryKind.SPEECH, title=title, **VOICE)
        for title in ("First", "Second")
    ]
    return [machine.await_end(story) for story in stories]


def run_task(tasks: Mapping[str, StoryTasks], name: str, event: Any) -> tuple[Any, str]:
    """What a function answers, and whether that is an error, in Lambda's form."""
    try:
        return tasks[name](event, None), ""
    except Exception as error:  # noqa: BLE001 - whatever a handler lets escape; Lambda ends the call the same way
        answer = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
        return answer, "Unhandled"


@contextmanager
def start_moto_machine(
    settings: Settings, tasks: Mapping[str, StoryTasks], patch: Any
) -> Iterator[StoryMachine]:
    """The machine in moto, inside of `mock_aws` with `execute_state_machine`.

    Args:
        settings: of the deployment.
        tasks: from `tasks_of`.
        patch: pytest's monkeypatch, since moto has no other way to say what a function does.
    """
    calls: list[Mapping[str, Any]] = []
    lock = threading.Lock()

    def invoke(function: Any, body: str, _request: Any, response_headers: Any) -> bytes:
        event = json.loads(body)
        with lock:
            calls.append(event)
        answer, error = run_task(tasks, function.function_name, event)
        if error:
            response_headers["x-amz-function-error"] = error
        return json.dumps(answer).encode()

    patch.setattr(LambdaFunction, "invoke", invoke)
    region: Any = {"region_name": "us-east-1"}
    functions, states = boto3.client("lambda", **region), boto3.client("stepfunctions", **region)
    role = _create_role()
    arns = {name: _create_function(functions, name, role) for name in FUNCTIONS}
    made = states.create_state_machine(
        name="stories", definition=json.dumps(load_definition(arns, impatient=True)), roleArn=role
    )
    store = tasks["EndTask"].store
    launcher = StateMachine(states, made["stateMachineArn"])
    budget = DailyBudget(store, settings.max_daily_usd)
    library = S3Store(boto3.client("s3"), MUSIC_BUCKET)
    service = StoryService(store, SECRET, launcher, budget, music=library)
    yield StoryMachine(service, states, made["stateMachineArn"], calls)


def _create_role() -> str:
    trusted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    policy = {"Version": "2012-10-17", "Statement": [{**trusted, "Action": "sts:AssumeRole"}]}
    made = boto3.client("iam").create_role(
        RoleName="steps", AssumeRolePolicyDocument=json.dumps(policy)
    )
    return str(made["Role"]["Arn"])


def _create_function(functions: Any, name: str, role: str) -> str:
    made = functions.create_function(
        FunctionName=name,
        PackageType="Image",
        Code={"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/mixer@sha256:" + "0" * 64},
        Role=role,
    )
    return str(made["FunctionArn"])


__all__ = ["CALLER", "StoryMachine", "build_tasks", "execution_name", "start_moto_machine"]
