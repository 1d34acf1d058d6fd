"""The steps that end a story: record why it failed, and tell whoever wants to know."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mixer.errors import MixerError
from mixer.jobs.spending import Spending, utc_now
from mixer.jobs.story.folder import StoryFolder
from mixer.jobs.story.names import told_name
from mixer.jobs.story.reading import close, seen_in, settle
from mixer.jobs.story.tasks import Answer, Task, failure_name
from mixer.jobs.story.turns import leave_all
from mixer.jobs.story.values import Failure, State, StoryRequest, StoryResult
from mixer.store.objects import ObjectStore

Notice = dict[str, Any]
Tell = Callable[[Notice, StoryRequest], None]
"""Tells somebody outside of a story's end; may fail, and is then asked again."""

CANCELLED_CODE, STEP_FAILED = "cancelled", "step_failed"
CHILD_FAILED = "States.ExceedToleratedFailureThreshold"
"""What a distributed map says of a group that failed; the group has said why itself."""

WORDS = {
    "States.Timeout": "A step took longer than it may; what is finished is kept.",
    "States.DataLimitExceeded": "A step answered more than a step may; what is finished is kept.",
    CHILD_FAILED: "A group of segments could not be rendered; what is finished is kept.",
    "Lambda.Unknown": "A function ended without an answer, as happens where memory runs out; what "
    "is finished is kept.",
}
"""What the state machine itself reports, in words."""


@dataclass(frozen=True, slots=True)
class StoryEnding:
    """Records and tells how stories end.

    Attributes:
        store: where stories are kept.
        spending: where callers' entries are settled.
        tell: all who are told.
        now: the moment, in UTC.
    """

    store: ObjectStore
    spending: Spending
    tell: Sequence[Tell] = ()
    now: Callable[[], datetime] = field(default=utc_now)

    @property
    def tasks(self) -> dict[str, Task]:
        """What events may ask for."""
        return {
            "record": lambda story, attempt, event, _: self.record(
                story, attempt, event.get("error") or {}
            ),
            "notify": lambda story, *_: self.notify(story),
        }

    def record(self, story: str, attempt: int, error: Mapping[str, Any]) -> Answer:
        """Write down why an attempt failed; one that has ended, or is not the latest, is left."""
        folder = StoryFolder(self.store, story)
        leave_all(self.store, story)
        seen = seen_in(folder)
        if seen.result is not None:
            settle(seen, self.spending)  # calls under way at a cancel have paid since
            return {"state": seen.result.state}
        if seen.progress.attempt != attempt:
            return {"state": State.CANCELLED}
        failure = self._failure(folder, attempt, error)
        is_cancelled = seen.progress.cancelled or failure.code == CANCELLED_CODE
        state = State.CANCELLED if is_cancelled else State.FAILED
        result = StoryResult(state, attempt, 0.0, failure=None if is_cancelled else failure)
        close(folder, seen, result, self.now())
        settle(seen, self.spending)
        return {"state": state}

    def _failure(self, folder: StoryFolder, attempt: int, error: Mapping[str, Any]) -> Failure:
        """Why it failed: what the last step said, unless it died without saying anything."""
        told = failure_from(error)
        if told.code == STEP_FAILED and error.get("Error") != CHILD_FAILED:
            return told
        return folder.find(failure_name(attempt), Failure) or told

    def notify(self, story: str) -> Answer:
        """Tell that a story has ended; who was told before is not told again.

        Raises:
            MixerError: somebody could not be told; the others were.
        """
        folder = StoryFolder(self.store, story)
        seen = seen_in(folder)
        if seen.result is None:  # a later attempt is at work: it will tell
            return {}
        said = notice(story, seen.request, seen.result, seen.progress.paid_usd)
        failures = []
        for place, tell in enumerate(self.tell):
            note = told_name(seen.result.attempt, place)
            try:
                if not folder.has(note):
                    tell(said, seen.request)
                    folder.write(note, {})
            except MixerError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return {}


def notice(story: str, request: StoryRequest, result: StoryResult, paid_usd: float) -> Notice:
    """What is told of a story that has ended: no text of it, no links."""
    failure = result.failure
    return {
        "story_id": story,
        "kind": request.kind,
        "caller": request.caller,
        "state": result.state,
        "title": result.title,
        "attempt": result.attempt,
        "duration_s": result.duration_s,
        "cost_usd": paid_usd,
        "error": {"error": failure.error, "code": failure.code} if failure else None,
        "status_url": f"/stories/{story}",
    }


def failure_from(error: Mapping[str, Any]) -> Failure:
    """A failure in words, from what the state machine has caught.

    Args:
        error: its `Error` and `Cause`; a function's Cause is JSON with a message.
    """
    name, cause = str(error.get("Error", "")), str(error.get("Cause", ""))
    if name in WORDS:
        return Failure(WORDS[name], STEP_FAILED, {"reason": name})
    try:
        told = json.loads(cause)
        message = str(told["errorMessage"])
    except (ValueError, KeyError, TypeError):
        message = cause
    if re.search(r"Task timed out|Runtime exited|signal: killed", message):
        return Failure(WORDS["Lambda.Unknown"], STEP_FAILED, {"reason": message[:200]})
    text = "A step of the story failed; the log of its execution says more."
    return Failure(text, "internal", {"reason": name})
