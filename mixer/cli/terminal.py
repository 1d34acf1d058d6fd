"""What a person sees at the terminal: progress, lengths, costs; and a clean end."""

import sys
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

import mixer
from mixer.cli.exit_codes import escape_controls
from mixer.errors import MixerWarning
from mixer.progress import RemainingTime, format_clock

if TYPE_CHECKING:
    from rich.table import Table

    from mixer import MixedAudio, Narration, Options, Plan
    from mixer.cli.progress_bar import ProgressBar

POLLY = frozenset({"standard", "neural", "generative", "long-form"})

LINE_EVERY_S = 10.0
"""How often a long run prints a line to a log."""

TICK_S = 1.0
"""How often a line may be due."""

CENT_USD = 0.01


class ProgressLines:
    """Lines for a log: when a stage is done, and while one is long."""

    def __init__(self) -> None:
        self._remaining = RemainingTime(time.monotonic)
        self._started_s: dict[str, float] = {}
        self._done: set[str] = set()
        self._last_line_s = time.monotonic()
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def __call__(self, stage: str, share: float) -> None:
        """Print that a stage is done."""
        with self._lock:
            now_s = time.monotonic()
            started_s = self._started_s.setdefault(stage, now_s)
            self._remaining.report(stage, share)
            if share >= 1.0 and stage not in self._done:
                self._done.add(stage)
                self._print(f"{stage}: done in {now_s - started_s:.1f} s")

    def start(self) -> None:
        """Print a line from time to time, even if nothing is reported."""
        threading.Thread(target=self._print_regularly, daemon=True).start()

    def stop(self, *, is_done: bool) -> None:  # noqa: ARG002 - a log keeps what it has
        """Print no more."""
        self._ended.set()

    def _print_regularly(self) -> None:
        while not self._ended.wait(TICK_S):
            with self._lock:
                is_due = time.monotonic() - self._last_line_s >= LINE_EVERY_S
                left_s = self._remaining.predict_left_s()
                if is_due and left_s is not None and not self._ended.is_set():
                    share = f"{100 * self._remaining.read_share():.0f}% of the total"
                    left = format_clock(left_s)
                    self._print(f"{self._remaining.stage}: {share}, about {left} left")

    def _print(self, line: str) -> None:
        self._last_line_s = time.monotonic()
        click.echo(line, err=True)


@contextmanager
def open_progress() -> Iterator["ProgressBar | ProgressLines"]:
    """Show progress while the block lasts: a bar at a terminal, lines in a log."""
    progress = _open_bar() if sys.stderr.isatty() else ProgressLines()
    progress.start()
    is_done = False
    try:
        yield progress
        is_done = True
    finally:
        progress.stop(is_done=is_done)


def _open_bar() -> "ProgressBar":
    from mixer.cli.progress_bar import ProgressBar  # Rich is slow to import

    return ProgressBar()


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
        click.echo(f"warning: {escape_controls(sentence)}", err=True)


def print_table(table: "Table") -> None:
    """Print a table of texts as they are: `[bold]` and `:smile:` mean nothing in them."""
    from rich.console import Console

    Console(markup=False, emoji=False).print(table)


def plan_story(story: str, options: "Options", music: Path | None) -> "Plan":
    """Plan the story of a path, and print what deserves attention."""
    planned = mixer.plan(Path(story), options, music=music)
    echo_warnings(planned.warnings)
    return planned


def format_estimate(plan: "Plan") -> str:
    """Format a plan's size, length and cost in one line."""
    shown = {name: f"{name} {format_dollars(usd)}" for name, usd in plan.costs_usd.items()}
    own = [shown.pop(name) for name in plan.costs_usd if name not in POLLY]
    return (
        f"{_format_count(plan.chapters, 'chapter')}, "
        f"{_format_count(plan.chunks, 'chunk')}, "
        f"{plan.characters:,} characters, about {format_clock(plan.duration_s)}; "
        f"{', '.join([*own, 'embedded free', 'on Polly'])} {', '.join(shown.values())}"
    )


def format_measurements(finished: "Narration | MixedAudio") -> str:
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
