"""Books of up to ten hours: memory, growth, edits, and an M4B with chapters.

Segments are cached, as for stories on a laptop. Edits (a sentence in the third chunk that grows,
then one that shrinks) are compared with the first render of ten hours. About fifteen minutes on two
cores, a third of it for the M4B; prints progress.
"""

import sys
from dataclasses import replace
from pathlib import Path
from shutil import disk_usage, rmtree
from statistics import median
from tempfile import TemporaryDirectory

from bench.material import Material, make_material
from bench.mixdown import build_ratio_row, measure_encoder, measure_ours
from bench.processes import ProcessCost
from mixer.parallel import usable_cores
from mixer.sound.formats import Encoding

STORY_H = 0.43
BOOK_H = 10.0
MAX_MEMORY_MB = 200
MAX_SPREAD = 1.2
MAX_GROWTH = 10.5
MAX_EDIT_SHARE = 0.03
MAX_TIMES_AAC = 1.2
TENTH_RUNS = 3
"""Runs of the book of a tenth of the length, the reference for growth."""

ENCODER_RUNS = 3
NEEDED_BYTES = 4_000_000_000


def run(book_h: float = BOOK_H) -> list[dict[str, object]]:
    """Measure all rows; a shorter book is only for a trial."""
    with TemporaryDirectory(prefix="bench-books-") as scratch:
        folder = Path(scratch)
        if disk_usage(folder).free < NEEDED_BYTES:
            raise RuntimeError(f"Ten hours need {NEEDED_BYTES / 1e9:.0f} GB of room in {folder}.")
        _report_progress("making forty chunks")
        made = make_material(folder)
        runs = {STORY_H: 1, book_h / 10: TENTH_RUNS, book_h / 5: 1, book_h: 1}
        costs = {hours: _render_book(made, folder, hours, count) for hours, count in runs.items()}
        rows = [
            *_build_memory_rows(costs),
            _build_growth_row(costs),
            *_measure_edits(made, folder, book_h, costs[book_h]),
        ]
        rmtree(folder / "cache")
        return [*rows, _measure_m4b(made, folder, book_h)]


def _render_book(made: Material, folder: Path, hours: float, count: int) -> ProcessCost:
    """Render a book with an empty cache, and return the median run."""
    runs: list[ProcessCost] = []
    for _ in range(count):
        rmtree(folder / "cache", ignore_errors=True)
        work = replace(made.build_book(hours, folder / "book.mp3"), cache_folder=folder / "cache")
        runs.append(measure_ours(work, folder, watch_memory=True))
        _report_progress(f"{hours:.1f} h: {runs[-1].summary}, {runs[-1].peak_mb:.0f} MB")
    wall_s = median(run.wall_s for run in runs)
    return replace(max(runs, key=lambda run: run.peak_mb), wall_s=wall_s)


def _build_memory_rows(costs: dict[float, ProcessCost]) -> list[dict[str, object]]:
    peaks = {f"{hours:.1f} h": cost.peak_mb for hours, cost in costs.items()}
    spread = max(peaks.values()) / min(peaks.values())
    shown = ", ".join(f"{name} {peak:.0f} MB" for name, peak in peaks.items())
    largest = max(peaks.values())
    return [
        {
            "what": "peak memory, sum of PSS over all processes",
            "measured": shown,
            "figure": f"below {MAX_MEMORY_MB} MB",
            "ok": largest < MAX_MEMORY_MB,
        },
        build_ratio_row(
            "largest peak memory against the smallest", spread, MAX_SPREAD, "equal within 20%"
        ),
    ]


def _build_growth_row(costs: dict[float, ProcessCost]) -> dict[str, object]:
    long_h = max(costs)
    short_s, long_s = costs[long_h / 10].wall_s, costs[long_h].wall_s
    return build_ratio_row("time for ten times the audio", long_s / short_s, MAX_GROWTH,
               f"{long_h / 10:g} h {short_s:.1f} s, {long_h:g} h {long_s:.1f} s")  # fmt: skip


def _measure_edits(
    made: Material, folder: Path, book_h: float, whole: ProcessCost
) -> list[dict[str, object]]:
    """Measure an early chunk that becomes longer, then shorter than it was at first."""
    rows = []
    for what, take in (("longer", made.longer), ("shorter", made.shorter)):
        work = made.build_book(book_h, folder / "book.mp3", edited=take)
        cost = measure_ours(replace(work, cache_folder=folder / "cache"), folder)
        share = cost.wall_s / whole.wall_s
        how = f"{cost.summary} of {whole.summary}"
        rows.append(
            build_ratio_row(
                f"a {what} sentence near the start of {book_h:g} h", share, MAX_EDIT_SHARE, how
            )
        )
        _report_progress(f"{what} sentence: {how}")
    return rows


def _measure_m4b(made: Material, folder: Path, book_h: float) -> dict[str, object]:
    """Compare with the encoder alone: its CPU time for 26 minutes, scaled to the book."""
    story = made.build_story(folder / "story.wav")
    measure_ours(replace(story, encoding=Encoding("wav")), folder)
    aac = ("aac", "-b:a", "128k")
    runs = [measure_encoder(folder, "story.wav", aac, "adts") for _ in range(ENCODER_RUNS)]
    alone_s = median(run.cpu_s for run in runs)
    aac_s = alone_s * book_h * 3600 / made.story_s / usable_cores()
    _report_progress(f"AAC alone would take {aac_s:.0f} s; the M4B begins")
    work = replace(made.build_book(book_h, folder / "book.m4b"), encoding=Encoding("m4b"))
    cost = measure_ours(work, folder)
    how = f"{cost.summary}; AAC alone CPU {aac_s * usable_cores():.0f} s"
    return build_ratio_row(
        f"{book_h:g} h M4B with chapters, against AAC", cost.wall_s / aac_s, MAX_TIMES_AAC, how
    )


def _report_progress(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
