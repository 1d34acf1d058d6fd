"""The steps of a story, and how they are called: as Lambda tasks, an event in, a small answer out.

    {"task": "plan", "story_id": …, "attempt": …}                  → {"batches": [0, 1, …]}
    {"task": "synthesize", …, "batch": 3}                          → {"chunks": 40}
    {"task": "lay_out", …}                                         → {"groups": [0, 1, …]}
    {"task": "render", …, "group": 2}                              → {"segments": 5}
    {"task": "join", …}, {"task": "publish", …}                    → {}
    {"task": "record", …, "error": {"Error": …, "Cause": …}}       → {}
    {"task": "notify", …}                                          → {}

What is large stays in the store. A step that fails leaves its reason, in words, for `record`: the
caller of a task sees no more of an error than its class and a bounded text.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mixer.errors import MixerError
from mixer.store import ObjectStore
from mixer.stories.folder import StoryFolder
from mixer.stories.keys import ATTEMPTS, FAILURE
from mixer.stories.model import StoryFailure
from mixer.stories.progress import Progress, ignore_progress


class Step(StrEnum):
    """The steps, by the names that the state machine gives its tasks (IaC/story.asl.json)."""

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
"""What the number of a step's item is called in an event."""

Event = Mapping[str, Any]
StepResult = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StepCall:
    """One call of a step.

    Attributes:
        item: the batch or the group.
        error: what ended the attempt, as the state machine reports it.
        deadline_s: on the monotonic clock; None for none.
        progress: notified of the step's share that is done.
    """

    folder: StoryFolder
    attempt: int
    item: int = 0
    error: Mapping[str, Any] = field(default_factory=dict)
    deadline_s: float | None = None
    progress: Progress = ignore_progress


StepFunction = Callable[[StepCall], StepResult]

MARGIN_S = 15.0
"""Before Lambda ends a task: to stop, store what is finished, and say so."""


def failure_name(attempt: int) -> str:
    """Of the reason why an attempt's last step failed."""
    return f"{ATTEMPTS}{attempt:03}{FAILURE}"


@dataclass(frozen=True, slots=True)
class StoryTasks:
    """The steps that a function runs."""

    store: ObjectStore
    steps: Mapping[Step, StepFunction]

    def __call__(self, event: Event, deadline_s: float | None) -> StepResult:
        """Run the step that an event asks for.

        Args:
            deadline_s: on the monotonic clock; None for none.

        Raises:
            MixerError: it failed; the reason is in the folder.
        """
        step, attempt = Step(event["task"]), int(event["attempt"])
        call = StepCall(
            folder=StoryFolder(self.store, str(event["story_id"])),
            attempt=attempt,
            item=int(event.get(ITEMS.get(step, ""), 0)),
            error=event.get("error") or {},
            deadline_s=deadline_s,
        )
        try:
            return self.steps[step](call)
        except MixerError as error:
            with suppress(MixerError):
                failure = StoryFailure(str(error), error.code, _to_plain_json(error.details))
                call.folder.write(failure_name(attempt), failure)
            raise


def _to_plain_json(details: Mapping[str, object]) -> dict[str, object]:
    """Details without what JSON does not know."""
    plain: dict[str, object] = json.loads(json.dumps(dict(details), default=str))
    return plain
