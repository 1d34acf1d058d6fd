"""How far it is: a bar with the time left on a terminal, a line a stage anywhere else."""

import sys
import threading
import time
from contextlib import AbstractContextManager
from types import TracebackType

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

LINE_EVERY_S = 10.0
"""How often a long stage says a line where there is no terminal."""


class ProgressBars(AbstractContextManager["ProgressBars"]):
    """A bar for each stage. Called with a stage's name and the share that is done."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(),
            TextColumn("{task.percentage:>4.0f} %"),
            TimeElapsedColumn(),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, share: float) -> None:
        """Show how far a stage is; a new name opens a new bar."""
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=1.0)
        self._progress.update(self._tasks[stage], completed=share)

    def __enter__(self) -> "ProgressBars":
        self._progress.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._progress.stop()


class ProgressLines(AbstractContextManager["ProgressLines"]):
    """A plain line when a stage begins, while it is long, and when it is done."""

    def __init__(self) -> None:
        self._started_s: dict[str, float] = {}
        self._done: set[str] = set()
        self._last_line_s = time.monotonic()
        self._lock = threading.Lock()

    def __call__(self, stage: str, share: float) -> None:
        """Say how far a stage is, not too often."""
        with self._lock:
            now_s = time.monotonic()
            begun_s = self._started_s.setdefault(stage, now_s)
            if stage in self._done:
                return
            if share >= 1.0:
                self._done.add(stage)
                click.echo(f"{stage}: done in {now_s - begun_s:.1f} s", err=True)
            elif now_s - self._last_line_s >= LINE_EVERY_S and share > 0.0:
                left_s = (now_s - begun_s) * (1 - share) / share
                click.echo(f"{stage}: {share:.0%}, about {left_s:.0f} s left", err=True)
            else:
                return
            self._last_line_s = now_s

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Nothing to close."""


def open_progress() -> ProgressBars | ProgressLines:
    """Bars for a person at a terminal, lines for a log."""
    return ProgressBars() if sys.stderr.isatty() else ProgressLines()
