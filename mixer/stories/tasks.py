"""The steps as Lambda tasks: an event in, a small answer out. What is large stays in the store.

    {"task": "plan", "story_id": …, "attempt": …}                  → {"batches": [0, 1, …]}
    {"task": "synthesize", …, "batch": 3}                          → {"chunks": 40}
    {"task": "lay_out", …}                                         → {"groups": [0, 1, …]}
    {"task": "render", …, "group": 2}                              → {"segments": 5}
    {"task": "join", …}, {"task": "publish", …}                    → {}
    {"task": "record", …, "error": {"Error": …, "Cause": …}}       → {}
    {"task": "notify", …}                                          → {}

A step that fails leaves its reason, in words, for `record`: the caller of a task sees no more of
an error than its class and a bounded text.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mixer.errors import MixerError
from mixer.store.objects import ObjectStore
from mixer.stories.folder import StoryFolder
from mixer.stories.keys import ATTEMPTS, FAILURE
from mixer.stories.model import StoryFailure

Event = Mapping[str, Any]
Answer = dict[str, Any]
Task = Callable[[str, int, Event, float | None], Answer]
"""Story, attempt, the whole event, and until when on the monotonic clock."""

MARGIN_S = 15.0
"""Before Lambda ends a task: to stop, store what is finished, and say so."""


def failure_name(attempt: int) -> str:
    """Of the reason why an attempt's last step failed."""
    return f"{ATTEMPTS}{attempt:03}{FAILURE}"


@dataclass(frozen=True, slots=True)
class StoryTasks:
    """The steps that a function takes.

    Attributes:
        store: of stories.
        tasks: by name.
    """

    store: ObjectStore
    tasks: Mapping[str, Task]

    def __call__(self, event: Event, deadline_s: float | None) -> Answer:
        """Do what an event asks for.

        Args:
            event: names one of the steps.
            deadline_s: on the monotonic clock; None for none.

        Raises:
            MixerError: it could not be done; the reason is in the folder.
        """
        story, attempt = str(event["story_id"]), int(event["attempt"])
        try:
            return self.tasks[str(event["task"])](story, attempt, event, deadline_s)
        except MixerError as error:
            with suppress(MixerError):
                failure = StoryFailure(str(error), error.code, _to_plain_json(error.details))
                StoryFolder(self.store, story).write(failure_name(attempt), failure)
            raise


def _to_plain_json(details: Mapping[str, object]) -> dict[str, object]:
    """Details without what JSON does not know."""
    plain: dict[str, object] = json.loads(json.dumps(dict(details), default=str))
    return plain
