"""The progress of a job, as stages with a share from 0 to 1, and the time that it still takes."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

WEIGHTS = {"planning": 1.0, "speech": 70.0, "mixing": 20.0, "joining": 4.0, "publishing": 5.0}
"""How long the stages take in proportion (measured with the embedded voice on two cores)."""

MIN_SHARE = 0.02
"""Of a stage that must be done before its own pace counts."""

MIN_S = 1.0
"""What a stage must take before its pace says anything about the next ones."""

OVERDUE = 1.25
"""A stage that reports nothing is taken to last so many times as long as it has lasted."""


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


def format_clock(time_s: float, step_s: float = 1.0) -> str:
    """Format a time as 0:05, 12:30 or 1:02:30; with tenths where ticks are less than 1 s apart."""
    if step_s < 1:
        return f"{time_s:.1f} s"
    minutes, seconds = divmod(round(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


@dataclass(slots=True)
class RemainingTime:
    """Turns the shares of stages into one share of the whole, which never decreases.

    Attributes:
        now_s: a clock.
        stage: the current one; empty before the first.
    """

    now_s: Callable[[], float]
    stage: str = ""
    _share: float = 0.0
    _begun_s: float = 0.0
    _stage_begun_s: float = 0.0
    _pace: float = 0.0
    """Seconds for each unit of weight, as far as the stages before have shown it."""
    _shown: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def report(self, stage: str, share: float) -> None:
        """Take note of the share of a stage."""
        with self._lock:
            now_s = self.now_s()
            if not self.stage:
                self._begun_s = now_s
            if stage != self.stage:
                self._learn(now_s)
                self.stage, self._stage_begun_s, self._share = stage, now_s, 0.0
            self._share = max(self._share, share)

    def predict_left_s(self) -> float | None:
        """Seconds to the end of the whole; None while it cannot be predicted."""
        with self._lock:
            return self._predict_left_s(self.now_s())

    def read_share(self) -> float:
        """The share of the whole that is done, by time."""
        with self._lock:
            now_s = self.now_s()
            left_s = self._predict_left_s(now_s)
            if left_s is not None:
                spent_s = now_s - self._begun_s
                self._shown = max(self._shown, spent_s / max(spent_s + left_s, 1e-9))
            return self._shown

    def _predict_left_s(self, now_s: float) -> float | None:
        spent_s = now_s - self._stage_begun_s
        weight = WEIGHTS.get(self.stage, 0.0)
        has_pace = self._share >= MIN_SHARE and spent_s >= MIN_S * self._share
        if has_pace and weight and self.stage != "planning":
            whole_s = spent_s / self._share
            pace = whole_s / weight
        elif self._pace and weight:
            whole_s, pace = max(self._pace * weight, spent_s * OVERDUE), self._pace
        else:
            return None
        return max(whole_s - spent_s, 0.0) + pace * self._later_weight()

    def _later_weight(self) -> float:
        names = list(WEIGHTS)
        after = names[names.index(self.stage) + 1 :] if self.stage in WEIGHTS else []
        return sum(WEIGHTS[name] for name in after)

    def _learn(self, now_s: float) -> None:
        """Take the pace of a stage that has ended; one that found all its work done has none."""
        spent_s = now_s - self._stage_begun_s
        if self.stage in WEIGHTS and spent_s >= MIN_S and self.stage != "planning":
            self._pace = spent_s / WEIGHTS[self.stage]
