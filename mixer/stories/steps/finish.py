"""The final steps of a story: record a failure and send notifications."""

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
from mixer.stories.keys import notification_name
from mixer.stories.model import StoredRequest, StoryFailure, StoryResult, StoryState
from mixer.stories.slots import release_all
from mixer.stories.status import load_snapshot, settle_budget, write_result
from mixer.stories.tasks import Step, StepCall, StepFunction, StepResult, failure_name

Notice = dict[str, Any]
Notifier = Callable[[Notice, StoredRequest], None]
"""Announces a story's end; called again if it fails."""

CANCELLED_CODE, STEP_FAILED = "cancelled", "step_failed"
CHILD_FAILED = "States.ExceedToleratedFailureThreshold"
"""Error of a distributed map whose group failed; the group has stored the reason."""

ERROR_SENTENCES = {
    "States.Timeout": "A step exceeded its time limit; finished work is kept.",
    "States.DataLimitExceeded": "A step returned too much data; finished work is kept.",
    CHILD_FAILED: "A group of segments could not be rendered; finished work is kept.",
    "Lambda.Unknown": "A function ended without a response, probably because it ran out of memory; "
    "finished work is kept.",
}
"""Messages for the state machine's own errors."""


@dataclass(frozen=True, slots=True)
class StoryFinisher:
    """Records and announces how stories end."""

    store: ObjectStore
    budget: DailyBudget
    notifiers: Sequence[Notifier] = ()
    now: Callable[[], datetime] = field(default=utc_now)

    @property
    def steps(self) -> dict[Step, StepFunction]:
        """The steps of this class."""
        return {Step.RECORD: self.record_failure, Step.NOTIFY: self.notify}

    def record_failure(self, call: StepCall) -> StepResult:
        """Record why an attempt failed, unless it has ended or is not the latest."""
        folder, attempt = call.folder, call.attempt
        release_all(self.store, folder.story_id)
        seen = load_snapshot(folder)
        if seen.result is not None:
            settle_budget(
                seen, self.budget
            )  # includes calls that were running when it was cancelled
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
        failure = parse_failure(error)
        if failure.code == STEP_FAILED and error.get("Error") != CHILD_FAILED:
            return failure
        return folder.find(failure_name(attempt), StoryFailure) or failure

    def notify(self, call: StepCall) -> StepResult:
        """Call each notifier once for a story's end; raises MixerError after all, if any failed."""
        folder = call.folder
        seen = load_snapshot(folder)
        if seen.result is None:  # a later attempt is running and will notify
            return {}
        notice = build_notice(folder.story_id, seen.request, seen.result, seen.progress.paid_usd)
        failures = []
        for index, notifier in enumerate(self.notifiers):
            note = notification_name(seen.result.attempt, index)
            try:
                if not folder.has(note):
                    notifier(notice, seen.request)
                    folder.write(note, {})
            except MixerError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return {}


def build_notice(
    story: str, request: StoredRequest, result: StoryResult, paid_usd: float
) -> Notice:
    """Build the notice of a story's end, without text or links."""
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
        "status_url": f"{request.base_url}/stories/{story}",
    }


def parse_failure(error: Mapping[str, Any]) -> StoryFailure:
    """Parse the `Error` and `Cause` of the state machine; a Lambda's Cause is JSON."""
    name, cause = str(error.get("Error", "")), str(error.get("Cause", ""))
    if name in ERROR_SENTENCES:
        return StoryFailure(ERROR_SENTENCES[name], STEP_FAILED, {"reason": name})
    try:
        details = json.loads(cause)
        message = str(details["errorMessage"])
    except (ValueError, KeyError, TypeError):
        message = cause
    if re.search(r"Task timed out|Runtime exited|signal: killed", message):
        return StoryFailure(
            ERROR_SENTENCES["Lambda.Unknown"], STEP_FAILED, {"reason": message[:200]}
        )
    text = "A step of the story failed; see the log of its execution."
    return StoryFailure(text, "internal", {"reason": name})
