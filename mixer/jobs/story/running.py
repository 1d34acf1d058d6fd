"""A story's steps in their order, in one process: what the state machine does in the cloud.

It calls the very same tasks with the very same events; batches are spoken two at a time, so that
the engine never waits for one to end. What ends the work early is recorded as the state machine
would record it, and the next attempt goes on from what is there.
"""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from mixer.errors import MixerError
from mixer.jobs.story.tasks import Answer, Event
from mixer.jobs.story.values import Kind

logger = logging.getLogger(__name__)

BATCHES_AT_ONCE = 2
GROUPS_AT_ONCE = 1
"""A group uses all cores by itself."""

Invoke = Callable[[Event], Answer]
"""Has a task carried out."""

Watch = Callable[[str, int, int], None]
"""Told of a task how often it was carried out, of how many times; from the thread that runs."""


def _nobody_watches(_task: str, _done: int, _total: int) -> None:
    return


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt at a story.

    Attributes:
        invoke: has tasks carried out.
        story: its id.
        attempt: its number.
        is_over: whether whoever runs it is ending; what fails then has not failed, and is left for
            the next attempt.
        watch: told how far the steps are.
    """

    invoke: Invoke
    story: str
    attempt: int
    is_over: Callable[[], bool] = field(default=lambda: False)
    watch: Watch = field(default=_nobody_watches)

    def whole(self, kind: Kind) -> None:
        """Every step that a kind of story takes; a failure is recorded, and told."""
        try:
            self.steps(kind)
        except Exception as error:
            if self.is_over():
                return
            if not isinstance(error, MixerError):
                logger.exception("story %s failed", self.story)
            self._task("record", error={"Error": type(error).__name__, "Cause": str(error)})
        self._told()

    def steps(self, kind: Kind) -> None:
        """Every step that a kind of story takes, as long as all goes well.

        An interrupt waits for nobody: whoever runs it stops what the tasks work with.

        Raises:
            MixerError: as the task raised it; no task is at work any more.
        """
        if kind is not Kind.MIX:
            batches = self._one("plan")["batches"]
            self._turn_taken()
            self._many("synthesize", "batch", batches, BATCHES_AT_ONCE)
            self._task("leave_turn")
        if kind is not Kind.SPEECH:
            groups = self._one("lay_out")["groups"]
            self._many("render", "group", groups, GROUPS_AT_ONCE)
            self._one("join")
        self._one("publish")

    def _turn_taken(self) -> None:
        """Wait until the story may speak."""
        while not (turn := self._task("take_turn"))["ready"]:
            time.sleep(turn["wait_s"])

    def _one(self, task: str) -> Answer:
        self.watch(task, 0, 1)
        answer = self._task(task)
        self.watch(task, 1, 1)
        return answer

    def _many(self, task: str, item: str, numbers: Sequence[int], at_once: int) -> None:
        """A task for each item; the first failure starts no more of them."""
        if not numbers:
            self.watch(task, 1, 1)
            return
        self.watch(task, 0, len(numbers))
        pool = ThreadPoolExecutor(at_once, thread_name_prefix=task)
        try:
            futures = [pool.submit(self._task, task, **{item: number}) for number in numbers]
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                self.watch(task, done, len(futures))
        except Exception:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _told(self) -> None:
        try:
            self._task("notify")
        except MixerError as error:
            logger.warning("story %s: %s", self.story, error)

    def _task(self, task: str, **more: Any) -> Answer:  # noqa: ANN401 - JSON
        event = {"task": task, "story_id": self.story, "attempt": self.attempt, **more}
        return self.invoke(event)
