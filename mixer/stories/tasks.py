"""Calls the steps of a story as Lambda tasks: an event in, a small result out.

    {"task": "plan", "story_id": …, "attempt": …}           → {"batches": [0, 1, …], "wait_s": 0}
    {"task": "synthesize", …, "batch": 3}                   → {"chunks": 40}
    {"task": "lay_out", …}                                  → {"groups": [0, 1, …]}
    {"task": "render", …, "group": 2}                       → {"segments": 5}
    {"task": "join", …}, {"task": "publish", …}             → {}
    {"task": "record", …, "error": {"Error": …, …}}         → {}
    {"task": "notify", …}                                   → {}

A failing step stores its reason for `record`, as task errors carry only a class and a short text.
A step ends early when its story is cancelled, and at its deadline.
"""

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from secrets import token_hex
from typing import Any

from mixer.errors import BadInput, MixerError, OutOfTime, StoryCancelled, locate_error
from mixer.parallel import interrupt_after
from mixer.progress import Progress, ignore_progress
from mixer.sound import ProcessGroup
from mixer.store import ObjectStore
from mixer.stories.folder import StoryFolder
from mixer.stories.keys import ATTEMPTS, FAILURE, cancellation_name
from mixer.stories.model import StoryFailure

CHECK_INTERVAL_S = 1.0
"""A request to the store costs half a millionth of a dollar; a call of the engine far more."""


class Step(StrEnum):
    """The steps, named as the state machine names its tasks (IaC/story.asl.json)."""

    PLAN = "plan"
    ACQUIRE_SLOT = "acquire_slot"
    SYNTHESIZE = "synthesize"
    RELEASE_SLOT = "release_slot"
    LAY_OUT = "lay_out"
    RENDER = "render"
    JOIN = "join"
    PUBLISH = "publish"
    RECORD = "record"
    NOTIFY = "notify"


ITEMS = {Step.SYNTHESIZE: "batch", Step.RENDER: "group"}
"""Names of a step's item number in events."""

Event = Mapping[str, Any]
StepResult = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StepCall:
    """One call of a step.

    Attributes:
        item: the batch or the group.
        error: what ended the attempt, from the state machine.
        deadline_s: on the monotonic clock; None for none.
    """

    folder: StoryFolder
    attempt: int
    item: int = 0
    error: Mapping[str, Any] = field(default_factory=dict)
    deadline_s: float | None = None
    progress: Progress = ignore_progress


StepFunction = Callable[[StepCall], StepResult]

logger = logging.getLogger(__name__)

FOLDER_NAME = re.compile(r"[\w-]{1,128}", re.ASCII)
"""Of a story: nothing that leads out of its folder."""

MAX_NUMBER = 1_000_000
"""Of attempts, batches and groups; a book of 5,000,000 characters has some thousand batches."""

MARGIN_S = 15.0
"""Time before Lambda ends a task, to stop, store results and report."""


def failure_name(attempt: int) -> str:
    """Name the reason why an attempt's last step failed."""
    return f"{ATTEMPTS}{attempt:03}{FAILURE}"


@dataclass(frozen=True, slots=True)
class StoryTasks:
    """The steps that a function runs."""

    store: ObjectStore
    steps: Mapping[Step, StepFunction]

    def run_within(self, event: Event, left_s: float) -> StepResult:
        """Run the step of an event in a function that is ended after some seconds."""
        return self(event, time.monotonic() + left_s - MARGIN_S)

    def __call__(self, event: Event, deadline_s: float | None) -> StepResult:
        """Run the step of an event; a failure is raised and its reason stored in the folder."""
        step, call = self._read_event(event, deadline_s)
        try:
            return self.steps[step](call)
        except Exception as error:
            with suppress(MixerError):
                call.folder.write(failure_name(call.attempt), _describe_failure(call, step, error))
            raise

    def _read_event(self, event: Event, deadline_s: float | None) -> tuple[Step, StepCall]:
        """Raises BadInput if the event is not one of the state machine."""
        step = next((each for each in self.steps if each == event.get("task")), None)
        if step is None:
            raise BadInput("task: this function has no such step.", field="task")
        story, error = event.get("story_id"), event.get("error") or {}
        if not isinstance(story, str) or not FOLDER_NAME.fullmatch(story):
            raise BadInput("story_id: it is not the id of a story.", field="story_id")
        if not isinstance(error, Mapping):
            raise BadInput("error: it must be an object.", field="error")
        call = StepCall(
            folder=StoryFolder(self.store, story),
            attempt=_read_number(event, "attempt"),
            item=_read_number(event, ITEMS[step]) if step in ITEMS else 0,
            error=error,
            deadline_s=deadline_s,
        )
        return step, call


def _read_number(event: Event, name: str) -> int:
    value = event.get(name)
    if type(value) is not int or not 0 <= value < MAX_NUMBER:
        raise BadInput(f"{name}: it must be a number from 0 to {MAX_NUMBER - 1}.", field=name)
    return value


def _describe_failure(call: StepCall, step: Step, error: Exception) -> StoryFailure:
    """Describe an error for the caller; an unexpected one only by a reference to the log."""
    if isinstance(error, MixerError):
        return StoryFailure(str(error), error.code, _to_plain_json(error.details))
    reference = token_hex(4)
    about = (call.folder.story_id, step, reference, type(error).__name__, locate_error(error))
    logger.error("story %s, step %s, reference %s: %s at %s", *about)
    return StoryFailure(
        f"An unexpected error ended the step {step}; the log has it under reference {reference}.",
        "internal",
        {"reference": reference},
    )


def _to_plain_json(details: Mapping[str, object]) -> dict[str, object]:
    plain: dict[str, object] = json.loads(json.dumps(dict(details), default=str))
    return plain


def raise_if_cancelled(folder: StoryFolder, attempt: int) -> None:
    """Raise StoryCancelled if an attempt was cancelled."""
    if folder.has(cancellation_name(attempt)):
        raise StoryCancelled("The story was cancelled.")


@contextmanager
def stop_when_cancelled(
    folder: StoryFolder, attempt: int, processes: ProcessGroup
) -> Iterator[None]:
    """Stop the processes of a block when the story is cancelled, and raise StoryCancelled."""
    cancelled, ended = threading.Event(), threading.Event()

    def look() -> None:
        while not ended.wait(CHECK_INTERVAL_S):
            with suppress(MixerError):
                if folder.has(cancellation_name(attempt)):
                    cancelled.set()
                    processes.stop()
                    return

    watcher = threading.Thread(target=look, name="cancel-watch", daemon=True)
    watcher.start()
    try:
        yield
    except OutOfTime as error:
        if cancelled.is_set():
            raise StoryCancelled("The story was cancelled.") from error
        raise
    finally:
        ended.set()


@contextmanager
def stop_at_deadline(processes: ProcessGroup, deadline_s: float | None) -> Iterator[None]:
    """Stop the processes of a block at a time on the monotonic clock; None for never."""
    if deadline_s is None:
        yield
        return
    with interrupt_after(deadline_s - time.monotonic(), processes.stop):
        yield
