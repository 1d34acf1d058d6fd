"""What a person sees at the terminal: progress, lengths, costs; and a clean end."""

import sys
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

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

from mixer import MixedAudio, MixerWarning, Narration, Plan
from mixer.publish.waveform import format_clock

LINE_EVERY_S = 10.0
"""How often a long stage prints a line without bars."""

CENT_USD = 0.01


class ProgressBars:
    """A bar for each stage, for a person at a terminal."""

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
        """Show the share of a stage that is done; a new name opens a new bar."""
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=1.0)
        self._progress.update(self._tasks[stage], completed=share)

    def start(self) -> None:
        """Show the bars."""
        self._progress.start()

    def stop(self) -> None:
        """Leave the bars as they are."""
        self._progress.stop()


class ProgressLines:
    """A line for a log: while a stage is long, and when it is done."""

    def __init__(self) -> None:
        self._started_s: dict[str, float] = {}
        self._done: set[str] = set()
        self._last_line_s = time.monotonic()
        self._lock = threading.Lock()

    def __call__(self, stage: str, share: float) -> None:
        """Print the share of a stage that is done, not too often."""
        with self._lock:
            now_s = time.monotonic()
            started_s = self._started_s.setdefault(stage, now_s)
            if stage in self._done:
                return
            if share >= 1.0:
                self._done.add(stage)
                click.echo(f"{stage}: done in {now_s - started_s:.1f} s", err=True)
            elif now_s - self._last_line_s >= LINE_EVERY_S and share > 0.0:
                left_s = (now_s - started_s) * (1 - share) / share
                click.echo(f"{stage}: {share:.0%}, about {left_s:.0f} s left", err=True)
            else:
                return
            self._last_line_s = now_s


@contextmanager
def open_progress() -> Iterator[ProgressBars | ProgressLines]:
    """Show progress while the block lasts: bars at a terminal, lines in a log."""
    if not sys.stderr.isatty():
        yield ProgressLines()
        return
    bars = ProgressBars()
    bars.start()
    try:
        yield bars
    finally:
        bars.stop()


@contextmanager
def print_warnings() -> Iterator[None]:
    """Print warnings of the block on stderr at once, as sentences."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", MixerWarning)
        warnings.showwarning = _print_warning
        yield


def _print_warning(message: Warning | str, *_: object, **_more: object) -> None:
    echo_warnings([str(message)])


def echo_warnings(sentences: Iterable[str]) -> None:
    """Print warnings on stderr."""
    for sentence in sentences:
        click.echo(f"warning: {sentence}", err=True)


def format_estimate(plan: Plan) -> str:
    """Format a plan's size, length and cost in one line."""
    costs = ", ".join(f"{name} {format_dollars(usd)}" for name, usd in plan.costs_usd.items())
    return (
        f"{_format_count(plan.chapters, 'chapter')}, "
        f"{_format_count(plan.chunks, 'chunk')}, "
        f"{plan.characters:,} characters, about {format_clock(plan.duration_s)}; "
        f"embedded free, on Polly {costs}"
    )


def format_measurements(finished: Narration | MixedAudio) -> str:
    """Format length, loudness and peak in one line, as far as they are known."""
    figures = [format_clock(finished.duration_s)]
    if finished.integrated_loudness_lufs is not None:
        figures.append(f"{finished.integrated_loudness_lufs:.1f} LUFS")
    if finished.true_peak_dbtp is not None:
        figures.append(f"{finished.true_peak_dbtp:.1f} dBTP")
    return ", ".join(figures)


def format_dollars(usd: float) -> str:
    """Format a price; less than a cent is not shown as nothing."""
    return "under $0.01" if 0 < usd < CENT_USD else f"${usd:,.2f}"


def _format_count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
