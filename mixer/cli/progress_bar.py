"""One bar for a whole run, for a person at a terminal."""

import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from mixer.progress import RemainingTime, format_clock


class ProgressBar:
    """One bar for the whole, for a person at a terminal."""

    def __init__(self) -> None:
        self._remaining = RemainingTime(time.monotonic)
        self._progress = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(),
            _ShareColumn(self._remaining),
            TimeElapsedColumn(),
            _LeftColumn(self._remaining),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task("", total=1.0)

    def __call__(self, stage: str, share: float) -> None:
        """Show the stage, and how much of the whole is done."""
        self._remaining.report(stage, share)
        done = self._remaining.read_share()
        self._progress.update(self._task, description=stage, completed=done)

    def start(self) -> None:
        """Show the bar."""
        self._progress.start()

    def stop(self, *, is_done: bool) -> None:
        """Leave the bar as it is, or full."""
        if is_done:
            self._progress.update(self._task, description="done", completed=1.0)
        self._progress.stop()


class _ShareColumn(ProgressColumn):
    """The share of the whole, which goes on between reports."""

    def __init__(self, remaining: RemainingTime) -> None:
        super().__init__()
        self._remaining = remaining

    def render(self, task: Task) -> Text:
        """Show it in percent."""
        share = 1.0 if task.finished else self._remaining.read_share()
        return Text(f"{share:>4.0%}")


class _LeftColumn(_ShareColumn):
    """The time to the end of the whole."""

    def render(self, task: Task) -> Text:
        """Show it in minutes and seconds."""
        left_s = 0.0 if task.finished else self._remaining.predict_left_s()
        return Text("" if left_s is None else f"{format_clock(left_s)} left")
