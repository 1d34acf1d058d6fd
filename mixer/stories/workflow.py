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
from mixer.stories.model import StoryKind
from mixer.stories.tasks import Answer, Event

logger = logging.getLogger(__name__)

PARALLEL_BATCHES = 2
PARALLEL_GROUPS = 1
"""A group uses all cores by itself."""

TaskInvoker = Callable[[Event], Answer]
"""Has a task carried out."""

TaskProgress = Callable[[str, int, int], None]
"""Told of a task how often it was carried out, of how many times; from the thread that runs."""


def _ignore_task_progress(_task: str, _done: int, _total: int) -> None:
    return


@dataclass(frozen=True, slots=True)
class Workflow:
    """One attempt at a story.

    Attributes:
        invoke: has tasks carried out.
        story: its id.
        attempt: its number.
        is_stopping: whether whoever runs it is ending; what fails then has not failed, and is left
            for
            the next attempt.
        progress: told how far the steps are.
    """

    invoke: TaskInvoker
    story: str
    attempt: int
    is_stopping: Callable[[], bool] = field(default=lambda: False)
    progress: TaskProgress = field(default=_ignore_task_progress)

    def run(self, kind: StoryKind) -> None:
        """Every step that a kind of story takes; a failure is recorded, and told."""
        try:
            self.run_steps(kind)
        except Exception as error:
            if self.is_stopping():
                return
            if not isinstance(error, MixerError):
                logger.exception("story %s failed", self.story)
            self._invoke_task("record", error={"Error": type(error).__name__, "Cause": str(error)})
        self._notify()

    def run_steps(self, kind: StoryKind) -> None:
        """Every step that a kind of story takes, as long as all goes well.

        An interrupt waits for nobody: whoever runs it stops what the tasks work with.

        Raises:
            MixerError: as the task raised it; no task is at work any more.
        """
        if kind is not StoryKind.MIX:
            batches = self._run_task("plan")["batches"]
            self._acquire_slot()
            self._run_tasks("synthesize", "batch", batches, PARALLEL_BATCHES)
            self._invoke_task("leave_turn")
        if kind is not StoryKind.SPEECH:
            groups = self._run_task("lay_out")["groups"]
            self._run_tasks("render", "group", groups, PARALLEL_GROUPS)
            self._run_task("join")
        self._run_task("publish")

    def _acquire_slot(self) -> None:
        """Wait until the story may speak."""
        while not (turn := self._invoke_task("take_turn"))["ready"]:
            time.sleep(turn["wait_s"])

    def _run_task(self, task: str) -> Answer:
        self.progress(task, 0, 1)
        answer = self._invoke_task(task)
        self.progress(task, 1, 1)
        return answer

    def _run_tasks(self, task: str, item: str, numbers: Sequence[int], parallel: int) -> None:
        """A task for each item; the first failure starts no more of them."""
        if not numbers:
            self.progress(task, 1, 1)
            return
        self.progress(task, 0, len(numbers))
        pool = ThreadPoolExecutor(parallel, thread_name_prefix=task)
        try:
            futures = [pool.submit(self._invoke_task, task, **{item: number}) for number in numbers]
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                self.progress(task, done, len(futures))
        except Exception:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _notify(self) -> None:
        try:
            self._invoke_task("notify")
        except MixerError as error:
            logger.warning("story %s: %s", self.story, error)

    def _invoke_task(self, task: str, **more: Any) -> Answer:  # noqa: ANN401 - JSON
        event = {"task": task, "story_id": self.story, "attempt": self.attempt, **more}
        return self.invoke(event)
