"""The progress of a job, as stages with a share from 0 to 1."""

import time
from dataclasses import dataclass, field
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


def format_clock(time_s: float, step_s: float = 1.0) -> str:
    """Format a time as 0:05, 12:30 or 1:02:30; with tenths where ticks are less than 1 s apart."""
    if step_s < 1:
        return f"{time_s:.1f} s"
    minutes, seconds = divmod(round(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
