"""Lambda in a bad hour, for any interpreter: functions sleep, fail once, and few run at a time."""

import json
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.infra.account_simulation import ERRORS

SLEEPING, THROTTLED = "Lambda.CodeArtifactUserPendingException", "Lambda.TooManyRequestsException"
PASSING = sorted(error for error in ERRORS if not error.startswith("States."))
"""An interpreter raises errors of its own, which begin with "States.", itself."""

RENDER_S = 1.0


@dataclass
class UnreadyFunctions:
    """Answers the steps of stories with numbers.

    Attributes:
        sleep_s: how long each function rejects calls, from the first on.
        limit: of calls that run at the same time.
        groups: of a story.
        errors: how often each error was answered.
    """

    sleep_s: float
    limit: int
    groups: int
    errors: Counter[str] = field(default_factory=Counter)
    _awake_s: dict[str, float] = field(default_factory=dict)
    _begun: set[str] = field(default_factory=set)
    _running: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, function: str, event: Mapping[str, Any]) -> tuple[Any, str]:
        """What a function answers, and whether that is an error, in Lambda's form."""
        error = self._admit(function) or self._work(event)
        if not error:
            return self._answer(event["task"]), ""
        self.errors[error] += 1
        return {"errorMessage": "no", "errorType": error}, "Unhandled"

    def _admit(self, function: str) -> str:
        with self._lock:
            now_s = time.monotonic()
            if now_s < self._awake_s.setdefault(function, now_s + self.sleep_s):
                return SLEEPING
            if self._running >= self.limit:
                return THROTTLED
            self._running += 1
        return ""

    def _work(self, event: Mapping[str, Any]) -> str:
        """Work for a while; the first call of each step ends with one of the passing errors."""
        time.sleep(RENDER_S if event["task"] == "render" else 0)
        step = json.dumps(event, sort_keys=True)
        with self._lock:
            self._running -= 1
            if step in self._begun:
                return ""
            self._begun.add(step)
            return PASSING[len(self._begun) % len(PASSING)]

    def _answer(self, task: str) -> dict[str, Any]:
        answers: dict[str, dict[str, Any]] = {
            "plan": {"batches": [0, 1], "wait_s": 0},
            "acquire_slot": {"ready": True, "wait_s": 0},
            "synthesize": {"chunks": 1},
            "lay_out": {"groups": list(range(self.groups))},
            "render": {"segments": 1},
        }
        return answers.get(task, {})


def run_two_stories(states: Any, machine: str, timeout_s: float) -> list[str]:
    """Run two stories at once, and return how they ended."""
    arns = [
        states.start_execution(
            stateMachineArn=machine,
            name=f"{story}-1",
            input=json.dumps({"story_id": story, "attempt": 1, "kind": "story"}),
        )["executionArn"]
        for story in ("one", "two")
    ]
    until_s = time.monotonic() + timeout_s
    while True:
        found = [states.describe_execution(executionArn=arn)["status"] for arn in arns]
        if "RUNNING" not in found or time.monotonic() > until_s:
            return found
        time.sleep(0.1)
