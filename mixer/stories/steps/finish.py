"""The steps that end a story: record why it failed, and tell whoever wants to know."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mixer.errors import MixerError
from mixer.store import ObjectStore
from mixer.stories.budget import DailyBudget, utc_now
from mixer.stories.folder import StoryFolder
from mixer.stories.keys import notified_name
from mixer.stories.model import StoredRequest, StoryFailure, StoryResult, StoryState
from mixer.stories.slots import release_all
from mixer.stories.snapshot import load_snapshot, settle_budget, write_result
from mixer.stories.tasks import Step, StepCall, StepFunction, StepResult, failure_name

Notice = dict[str, Any]
Notifier = Callable[[Notice, StoredRequest], None]
"""Tells somebody outside of a story's end; may fail, and is then asked again."""

CANCELLED_CODE, STEP_FAILED = "cancelled", "step_failed"
CHILD_FAILED = "States.ExceedToleratedFailureThreshold"
"""What a distributed map says of a group that failed; the group has said why itself."""

ERROR_SENTENCES = {
    "States.Timeout": "A step exceeded its time limit; finished work is kept.",
    "States.DataLimitExceeded": "A step returned too much data; finished work is kept.",
    CHILD_FAILED: "A group of segments could not be rendered; finished work is kept.",
    "Lambda.Unknown": "A function ended without a response, probably because it ran out of memory; "
    "finished work is kept.",
}
"""What the state machine itself reports, in words."""


@dataclass(frozen=True, slots=True)
class StoryFinisher:
    """Records and tells how stories end.

    Attributes:
        store: where stories are kept.
        budget: where callers' entries are settled.
        tell: all who are told.
        now: the moment, in UTC.
    """

    store: ObjectStore
    budget: DailyBudget
    notifiers: Sequence[Notifier] = ()
    now: Callable[[], datetime] = field(default=utc_now)

    @property
    def steps(self) -> dict[Step, StepFunction]:
        """The steps of this class."""
        return {Step.RECORD: self.record_failure, Step.NOTIFY: self.notify}

    def record_failure(self, call: StepCall) -> StepResult:
        """Write down why an attempt failed; one that has ended, or is not the latest, is left."""
        folder, attempt = call.folder, call.attempt
        release_all(self.store, folder.story_id)
        seen = load_snapshot(folder)
        if seen.result is not None:
            settle_budget(seen, self.budget)  # calls under way at a cancel have paid since
            return {"state": seen.result.state}
        if seen.progress.attempt != attempt:
            return {"state": StoryState.CANCELLED}
        failure = self._load_failure(folder, attempt, call.error)
        is_cancelled = seen.progress.is_cancelled or failure.code == CANCELLED_CODE
        state = StoryState.CANCELLED if is_cancelled else StoryState.FAILED
        result = StoryResult(state, attempt, 0.0, failure=None if is_cancelled else failure)
        write_result(folder, seen, result, self.now())
        settle_budget(seen, self.budget)
        return {"state": state}

    def _load_failure(
        self, folder: StoryFolder, attempt: int, error: Mapping[str, Any]
    ) -> StoryFailure:
        """Why it failed: what the last step said, unless it died without saying anything."""
        told = parse_failure(error)
        if told.code == STEP_FAILED and error.get("Error") != CHILD_FAILED:
            return told
        return folder.find(failure_name(attempt), StoryFailure) or told

    def notify(self, call: StepCall) -> StepResult:
        """Notify of a story's end, each notifier once.

        Raises:
            MixerError: a notification failed; the others were sent.
        """
        folder = call.folder
        seen = load_snapshot(folder)
        if seen.result is None:  # a later attempt is at work: it will tell
            return {}
        said = build_notice(folder.story_id, seen.request, seen.result, seen.progress.paid_usd)
        failures = []
        for place, tell in enumerate(self.notifiers):
            note = notified_name(seen.result.attempt, place)
            try:
                if not folder.has(note):
                    tell(said, seen.request)
                    folder.write(note, {})
            except MixerError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return {}


def build_notice(
    story: str, request: StoredRequest, result: StoryResult, paid_usd: float
) -> Notice:
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


def parse_failure(error: Mapping[str, Any]) -> StoryFailure:
    """A failure in words, from what the state machine has caught.

    Args:
        error: its `Error` and `Cause`; a function's Cause is JSON with a message.
    """
    name, cause = str(error.get("Error", "")), str(error.get("Cause", ""))
    if name in ERROR_SENTENCES:
        return StoryFailure(ERROR_SENTENCES[name], STEP_FAILED, {"reason": name})
    try:
        told = json.loads(cause)
        message = str(told["errorMessage"])
    except (ValueError, KeyError, TypeError):
        message = cause
    if re.search(r"Task timed out|Runtime exited|signal: killed", message):
        return StoryFailure(
            ERROR_SENTENCES["Lambda.Unknown"], STEP_FAILED, {"reason": message[:200]}
        )
    text = "A step of the story failed; see the log of its execution."
    return StoryFailure(text, "internal", {"reason": name})
