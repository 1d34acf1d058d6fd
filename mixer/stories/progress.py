"""How far a story is that is told in the foreground, as people are told it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock

STAGES: Mapping[str, tuple[str, float, float]] = {
    "plan": ("planning", 0.0, 1.0),
    "synthesize": ("speech", 0.0, 1.0),
    "lay_out": ("mixing", 0.0, 0.03),
    "render": ("mixing", 0.03, 1.0),
    "join": ("joining", 0.0, 1.0),
    "publish": ("publishing", 0.0, 1.0),
}
"""What people are told of each task: a stage's name, and how much of it the task is."""


@dataclass(slots=True)
class StageReporter:
    """Tells how far the steps are, as stages; never that they have gone back.

    Attributes:
        report_progress: told the name of a stage and the share of it that is done.
        current: the task that is under way, how many of its calls are done, of how many.
    """

    report_progress: Callable[[str, float], None]
    current: tuple[str, int, int] = field(default=("plan", 0, 1))
    _batch_shares: dict[int, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, task: str, done: int, total: int) -> None:
        """So many calls of a task are done, of how many."""
        with self._lock:
            self.current = (task, done, total)
            self._report_task(task, self._done_calls() / total)

    def close(self) -> None:
        """Tell no more: what is still under way ends unheard."""
        with self._lock:
            self.report_progress = lambda _stage, _share: None

    def report_share(self, share: float) -> None:
        """So much is done of the task that is under way."""
        task, done, total = self.current
        self._report_task(task, (done + share) / total)

    def report_batch_share(self, batch: int, share: float) -> None:
        """So much is spoken of one of the batches that are under way side by side."""
        with self._lock:
            self._batch_shares[batch] = share
            self._report_task("synthesize", self._done_calls() / self.current[2])

    def _done_calls(self) -> float:
        task, done, _ = self.current
        return max(done, sum(self._batch_shares.values())) if task == "synthesize" else done

    def _report_task(self, task: str, share: float) -> None:
        stage, begin, end = STAGES[task]
        self.report_progress(stage, begin + share * (end - begin))
