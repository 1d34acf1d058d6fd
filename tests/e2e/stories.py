"""The state machine of stories in a second interpreter: `python -m tests.e2e.stories`.

What tests/functional/stories/test_state_machine.py shows with moto is shown here with ministack:
success, a storm of refusals, a passage that can never be said, a resumed and a cancelled story;
with the emulator's S3, the strict Polly and the project's own tasks. Then two stories with the same
chunks near the daily cap, as in test_shared_payment.py, and two at once with functions that sleep,
are killed and are throttled, as in test_unready_functions.py.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import boto3

from mixer.aws import StateMachine
from mixer.store.s3 import create_s3_client
from mixer.stories.budget import DailyBudget
from mixer.stories.model import StoryKind, StoryState
from mixer.stories.service import StoryService
from mixer.stories.status import StoryStatus
from tests.e2e.containers import ROOT
from tests.e2e.emulator import PYTHON
from tests.emulators.http_thread import run_http_server
from tests.emulators.strict_polly import Faults, Latency, StrictPolly
from tests.functional.clouds import BUCKET, MUSIC_BUCKET, OPEN_ALLOWANCES, build_settings, session
from tests.functional.stories.story_machine import (
    CALLER,
    CHUNKS,
    FUNCTIONS,
    POISON,
    SECRET,
    VOICE,
    StoryMachine,
    build_book,
    build_tasks,
    price_book,
    run_task,
    run_two_near_the_cap,
)
from tests.functional.stories.unready_functions import PASSING, UnreadyFunctions, run_two_stories
from tests.infra.definition import load_definition
from tests.ports import find_free_port

START_S = 120.0
UNREADY, UNREADY_TIMEOUT_S = "unready-", 300.0
CAPPED, CAPPED_WORD = "capped-", "Anchor"
CAP_USD = 1.2 * price_book(CAPPED_WORD)


def serve_tasks(
    answer: Callable[[str, Any], Mapping[str, Any]],
) -> AbstractContextManager[str]:
    """An address under which tasks are carried out, by name."""

    class Tasks(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(answer(self.path[1:], event)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return run_http_server(Tasks)


@contextmanager
def start_emulator(tasks_url: str) -> Iterator[str]:
    """The emulator's address; it ends with the block."""
    port = find_free_port()
    given = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1"}
    quiet = {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "LAMBDA_EXECUTOR": "local"}
    process = subprocess.Popen(
        [PYTHON, "-m", "tests.e2e.story_launcher"],
        cwd=ROOT,
        env={**os.environ, **given, **quiet, "TASKS_URL": tasks_url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_health(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _await_health(url: str) -> None:
    until_s = time.monotonic() + START_S
    while time.monotonic() < until_s:
        health = f"{url}/_ministack/health"
        with suppress(OSError), urllib.request.urlopen(health, timeout=2):  # noqa: S310
            return
        time.sleep(0.2)
    raise RuntimeError("The emulator does not start.")


def main() -> int:
    """Tell the stories, and print how each ended."""
    tasks: dict[str, Any] = {}
    unready = UnreadyFunctions(sleep_s=3.0, limit=10, groups=30)

    def answer(name: str, event: Any) -> Mapping[str, Any]:
        is_unready = name.startswith(UNREADY)
        told, error = unready.call(name, event) if is_unready else run_task(tasks, name, event)
        return {"answer": told, "error": error}

    with (
        serve_tasks(answer) as tasks_url,
        start_emulator(tasks_url) as url,
        StrictPolly(allowances=OPEN_ALLOWANCES) as polly,
        closing(polly.client()) as speaker,
        closing(create_s3_client(session=session(), endpoint_url=url)) as s3,
    ):
        for name in (BUCKET, MUSIC_BUCKET):
            s3.create_bucket(Bucket=name)
        tasks.update(build_tasks(build_settings(), s3=s3, polly=speaker))
        capped = build_tasks(build_settings(max_daily_usd=CAP_USD), s3=s3, polly=speaker)
        tasks.update({f"{CAPPED}{name}": each for name, each in capped.items()})
        _run_stories(_create_machine(url, tasks), polly)
        _run_capped_stories(replace(_create_machine(url, tasks, CAPPED), caller=CAPPED), polly)
        _run_unready_stories(_open_states(url), unready)
    return 0


def _open_states(url: str) -> Any:
    session = boto3.Session("test", "test", region_name="us-east-1")
    return session.client("stepfunctions", endpoint_url=url)


def _create_state_machine(states: Any, prefix: str = "") -> str:
    """A state machine, whose functions have a prefix; its ARN."""
    function = "arn:aws:lambda:us-east-1:000000000000:function:"
    arns = {each: f"{function}{prefix}{each}" for each in FUNCTIONS}
    made = states.create_state_machine(
        name=f"{prefix}stories",
        definition=json.dumps(load_definition(arns, impatient=True)),
        roleArn="arn:aws:iam::000000000000:role/states",
    )
    return str(made["stateMachineArn"])


def _run_unready_stories(states: Any, functions: UnreadyFunctions) -> None:
    ends = run_two_stories(states, _create_state_machine(states, UNREADY), UNREADY_TIMEOUT_S)
    counted = ", ".join(f"{functions.errors[name]} {name}" for name in PASSING)
    sys.stdout.write(f"{'unready':<10} {' '.join(ends):<20} {counted}\n")
    assert ends == ["SUCCEEDED", "SUCCEEDED"]
    assert all(functions.errors[name] for name in PASSING)


def _run_capped_stories(machine: StoryMachine, polly: StrictPolly) -> None:
    polly.reset(latency=Latency(base_s=0.1))
    for status in run_two_near_the_cap(machine, CAPPED_WORD):
        _print_story("capped", StoryState.DONE, status)
    assert polly.counts.answered == CHUNKS, "two stories with the same chunks paid them twice"


def _create_machine(url: str, tasks: Mapping[str, Any], prefix: str = "") -> StoryMachine:
    states = _open_states(url)
    arn = _create_state_machine(states, prefix)
    store = tasks["EndTask"].store
    service = StoryService(store, SECRET, StateMachine(states, arn), DailyBudget(store, 50.0))
    return StoryMachine(service, states, arn, [])


def _run_stories(machine: StoryMachine, polly: StrictPolly) -> None:
    _print_story(
        "success",
        StoryState.DONE,
        machine.await_end(machine.create_story(build_book("Bell"), **VOICE)),
    )
    polly.reset(Faults(throttled=0.4, cut=0.05, seed=3))
    storm = machine.create_story(build_book("Storm"), StoryKind.SPEECH, **VOICE)
    _print_story("storm", StoryState.DONE, machine.await_end(storm))
    polly.reset(Faults(texts={"tempest": "InvalidSsmlException"}))
    text = f"{build_book('Silence')}\n\n{POISON}"
    poisoned = machine.create_story(text, StoryKind.SPEECH, **VOICE)
    _print_story("poisoned", StoryState.FAILED, machine.await_end(poisoned))
    said = polly.counts.answered
    polly.reset()
    machine.create_story(text, StoryKind.SPEECH, **VOICE)
    _print_story("resumed", StoryState.DONE, machine.await_end(poisoned))
    assert said + polly.counts.answered == CHUNKS + 2, "a passage was paid twice"
    polly.reset(latency=Latency(base_s=1.0))
    story = machine.create_story(build_book("Thief"), StoryKind.SPEECH, **VOICE)
    while not polly.counts.calls:
        time.sleep(0.01)
    machine.service.cancel(story, CALLER)
    _print_story("cancelled", StoryState.CANCELLED, machine.await_end(story))
    assert polly.counts.answered < CHUNKS, "a cancelled story was spoken to its end"


def _print_story(name: str, wanted: StoryState, status: StoryStatus) -> None:
    assert status.state is wanted, status
    why = status.failure.error if status.failure else ""
    counts = f"{status.chunks_done} of {status.chunks_total} chunks"
    sys.stdout.write(f"{name:<10} {status.state:<10} {counts:<20} {why[:70]}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
