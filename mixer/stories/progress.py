"""Reports the progress of a story in the foreground, as stages."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol


class Progress(Protocol):
    """Receives progress, perhaps from several threads."""

    def __call__(self, stage: str, share: float, /) -> None:
        """Report the finished share of a stage, from 0 to 1."""
        ...


def ignore_progress(_stage: str, _share: float) -> None:
    """Ignore all progress."""
    return


@dataclass(slots=True)
class StageTimer:
    """Forwards progress and measures the seconds of each stage."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)
    _started_s: dict[str, float] = field(default_factory=dict)

    def __call__(self, stage: str, share: float) -> None:
        """Report the share of a stage, which starts with its first report."""
        started_s = self._started_s.setdefault(stage, time.monotonic())
        self.seconds[stage] = time.monotonic() - started_s
        self.progress(stage, share)


STAGES: Mapping[str, tuple[str, float, float]] = {
    "plan": ("planning", 0.0, 1.0),
    "synthesize": ("speech", 0.0, 1.0),
    "lay_out": ("mixing", 0.0, 0.03),
    "render": ("mixing", 0.03, 1.0),
    "join": ("joining", 0.0, 1.0),
    "publish": ("publishing", 0.0, 1.0),
}
"""The stage of each step, and its part of the stage."""


@dataclass(slots=True)
class StageReporter:
    """Reports steps as stages whose shares never decrease."""

    progress: Progress
    current: tuple[str, int, int] = field(default=("plan", 0, 1))
    _item_shares: dict[int, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def report_calls(self, step: str, done: int, total: int) -> None:
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
                self._report(step, max(done, sum(self._item_shares.values())) / total)

        return report_share

    def close(self) -> None:
        """Stop reporting, even for items under way."""
        with self._lock:
            self.progress = ignore_progress

    def _report(self, step: str, share: float) -> None:
        stage, begin, end = STAGES[step]
        self.progress(stage, begin + share * (end - begin))
