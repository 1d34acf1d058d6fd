"""Runs a story's steps in one process, as the state machine does in the cloud.

The first batch of speech, one chunk, runs alone, for listeners; then two run at a time,
so that the engine never idles. A failure is recorded as the state machine records it, and the next
attempt continues from there.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol

from mixer.errors import MixerError, OutOfTime
from mixer.parallel import iterate_completed
from mixer.progress import Progress, ignore_progress
from mixer.stories.model import StoryKind
from mixer.stories.tasks import ITEMS, Event, Step, StepResult

logger = logging.getLogger(__name__)

PARALLEL_BATCHES = 2
PARALLEL_GROUPS = 1
"""A group uses all cores by itself."""

TaskInvoker = Callable[[Event], StepResult]
"""Runs a step."""


class Launcher(Protocol):
    """Runs the steps of stories elsewhere or later."""

    def start(self, story: str, attempt: int, kind: StoryKind) -> bool:
        """Start an attempt unless it is running; False if it has ended before."""
        ...


STAGES: Mapping[Step, tuple[str, float, float]] = {
    Step.PLAN: ("planning", 0.0, 1.0),
    Step.SYNTHESIZE: ("speech", 0.0, 1.0),
    Step.LAY_OUT: ("mixing", 0.0, 0.03),
    Step.RENDER: ("mixing", 0.03, 1.0),
    Step.JOIN: ("joining", 0.0, 1.0),
    Step.PUBLISH: ("publishing", 0.0, 1.0),
}
"""The stage of each step, and its part of the stage."""


@dataclass(slots=True)
class StageReporter:
    """Reports steps as stages whose shares never decrease."""

    progress: Progress
    current: tuple[Step, int, int] = field(default=(Step.PLAN, 0, 1))
    _item_shares: dict[int, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def report_calls(self, step: Step, done: int, total: int) -> None:
        """Report how many calls of a step are done."""
        with self._lock:
            if step != self.current[0]:
                self._item_shares.clear()
            self.current = (step, done, total)
            self._report(step, max(done, sum(self._item_shares.values())) / total)

    def report_item(self, item: int) -> Progress:
        """Create the progress of one item of the current step."""

        def report_share(step: str, share: float) -> None:
            with self._lock:
                current, done, total = self.current
                if step != current:
                    return
                self._item_shares[item] = share
                self._report(current, max(done, sum(self._item_shares.values())) / total)

        return report_share

    def close(self) -> None:
        """Stop reporting, even for items under way."""
        with self._lock:
            self.progress = ignore_progress

    def _report(self, step: Step, share: float) -> None:
        stage, begin, end = STAGES[step]
        self.progress(stage, begin + share * (end - begin))


@dataclass(frozen=True, slots=True)
class Workflow:
    """One attempt at a story; while `is_stopping`, failures are left to the next attempt."""

    invoke: TaskInvoker
    story: str
    attempt: int
    is_stopping: Callable[[], bool] = field(default=lambda: False)
    reporter: StageReporter = field(default_factory=lambda: StageReporter(ignore_progress))
    sleep: Callable[[float], None] = time.sleep

    def run(self, kind: StoryKind) -> None:
        """Run all steps of a story and the final ones; a failure is recorded."""
        try:
            self.run_steps(kind)
        except Exception as error:  # noqa: BLE001 - the tasks have logged it
            if self.is_stopping():
                return
            failure = {"Error": type(error).__name__, "Cause": str(error)}
            self._invoke_step(Step.RECORD, error=failure)
        self._notify()

    def run_steps(self, kind: StoryKind) -> None:
        """Run the steps of a story until one fails, and raise its MixerError.

        An interrupt does not wait for running steps: the caller stops their processes.
        """
        self.make_audio(kind)
        self._run_step(Step.PUBLISH)

    def make_audio(self, kind: StoryKind) -> None:
        """Run the steps up to the audio, or to the chunks if only speech is requested."""
        if kind is not StoryKind.MIX:
            batches = self._plan()
            self._acquire_slot()
            self._run_items(Step.SYNTHESIZE, batches, PARALLEL_BATCHES)
            self._invoke_step(Step.RELEASE_SLOT)
        if kind is not StoryKind.SPEECH:
            groups = self._run_step(Step.LAY_OUT)["groups"]
            self._run_items(Step.RENDER, groups, PARALLEL_GROUPS)
            self._run_step(Step.JOIN)

    def _plan(self) -> list[int]:
        while (plan := self._run_step(Step.PLAN))["wait_s"]:
            self._wait(plan["wait_s"])
        batches: list[int] = plan["batches"]
        return batches

    def _acquire_slot(self) -> None:
        while not (lease := self._invoke_step(Step.ACQUIRE_SLOT))["ready"]:
            self._wait(lease["wait_s"])

    def _wait(self, seconds: int) -> None:
        """Raises OutOfTime when the process is stopping."""
        for _ in range(seconds):
            if self.is_stopping():
                raise OutOfTime("The server is stopping; the next one continues the story.")
            self.sleep(1.0)

    def _run_step(self, step: Step) -> StepResult:
        self.reporter.report_calls(step, 0, 1)
        result = self._invoke_step(step)
        self.reporter.report_calls(step, 1, 1)
        return result

    def _run_items(self, step: Step, items: Sequence[int], parallel: int) -> None:
        if not items:
            self.reporter.report_calls(step, 1, 1)
            return
        self.reporter.report_calls(step, 0, len(items))
        pool = ThreadPoolExecutor(parallel, thread_name_prefix=step)
        try:
            futures = []
            for number, item in enumerate(items):
                futures.append(pool.submit(self._invoke_step, step, **{ITEMS[step]: item}))
                if not number and step is Step.SYNTHESIZE and len(items) > 1:
                    wait(futures)  # the first sound, alone
            for done, future in enumerate(iterate_completed(futures), start=1):
                future.result()
                self.reporter.report_calls(step, done, len(futures))
        except Exception:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _notify(self) -> None:
        try:
            self._invoke_step(Step.NOTIFY)
        except MixerError as error:
            logger.warning("story %s: %s", self.story, error)

    def _invoke_step(self, step: Step, **more: Any) -> StepResult:  # noqa: ANN401 - JSON
        event = {"task": step, "story_id": self.story, "attempt": self.attempt, **more}
        return self.invoke(event)
