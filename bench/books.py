"""Books of up to ten hours: memory, growth, edits, and an M4B with chapters.

Segments are kept, as they are when a story is told on a laptop, and the first render of ten hours
is what an edit is compared with: a sentence in the third chunk that grows, then one that shrinks.
About fifteen minutes on two cores, of which the M4B takes a third; it says how far it is.
"""

import sys
from dataclasses import replace
from pathlib import Path
from shutil import disk_usage, rmtree
from statistics import median
from tempfile import TemporaryDirectory

from bench.material import Material, material
from bench.processes import Cost
from bench.rendering import encoder_cost, ours_cost, row
from mixer.parallel import usable_cores
from mixer.sound.encoders import Encoding

STORY_H = 0.43
BOOK_H = 10.0
MAX_MEMORY_MB = 200
MAX_SPREAD = 1.2
MAX_GROWTH = 10.5
MAX_EDIT_SHARE = 0.03
MAX_TIMES_AAC = 1.2
TENTH_RUNS = 3
"""Of the book of a tenth of the length, which growth is told by."""

ENCODER_RUNS = 3
NEEDED_BYTES = 4_000_000_000


def run(book_h: float = BOOK_H) -> list[dict[str, object]]:
    """All rows; of a shorter book only to see that all of it works."""
    with TemporaryDirectory(prefix="bench-books-") as scratch:
        folder = Path(scratch)
        if disk_usage(folder).free < NEEDED_BYTES:
            raise RuntimeError(f"Ten hours need {NEEDED_BYTES / 1e9:.0f} GB of room in {folder}.")
        _told("making forty chunks")
        made = material(folder)
        runs = {STORY_H: 1, book_h / 10: TENTH_RUNS, book_h / 5: 1, book_h: 1}
        costs = {hours: _book(made, folder, hours, count) for hours, count in runs.items()}
        rows = [*_memory(costs), _growth(costs), *_edits(made, folder, book_h, costs[book_h])]
        rmtree(folder / "shelf")
        return [*rows, _m4b(made, folder, book_h)]


def _book(made: Material, folder: Path, hours: float, count: int) -> Cost:
    """A book rendered onto an empty shelf: the run in the middle where there are several."""
    runs: list[Cost] = []
    for _ in range(count):
        rmtree(folder / "shelf", ignore_errors=True)
        work = replace(made.book(hours, folder / "book.mp3"), shelf=folder / "shelf")
        runs.append(ours_cost(work, folder, watched=True))
        _told(f"{hours:.1f} h: {runs[-1].told}, {runs[-1].peak_mb:.0f} MB")
    wall_s = median(run.wall_s for run in runs)
    return replace(max(runs, key=lambda run: run.peak_mb), wall_s=wall_s)


def _memory(costs: dict[float, Cost]) -> list[dict[str, object]]:
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
            "megabytes": peaks,
            "curve_mb": [round(each) for each in _thinned(costs[max(costs)].curve_mb)],
        },
        row("memory of the hungriest against the leanest", spread, MAX_SPREAD, "equal within 20 %"),
    ]


def _thinned(curve: tuple[float, ...], columns: int = 240) -> list[float]:
    """The highest value in each of some columns."""
    step = max(1, len(curve) // columns)
    return [max(curve[at : at + step]) for at in range(0, len(curve), step)]


def _growth(costs: dict[float, Cost]) -> dict[str, object]:
    long_h = max(costs)
    short_s, long_s = costs[long_h / 10].wall_s, costs[long_h].wall_s
    return row("time for ten times the audio", long_s / short_s, MAX_GROWTH,
               f"{long_h / 10:g} h {short_s:.1f} s, {long_h:g} h {long_s:.1f} s")  # fmt: skip


def _edits(made: Material, folder: Path, book_h: float, whole: Cost) -> list[dict[str, object]]:
    """A chunk near the beginning that becomes longer, and then shorter than it was at first."""
    rows = []
    for what, take in (("longer", made.longer), ("shorter", made.shorter)):
        work = made.book(book_h, folder / "book.mp3", edited=take)
        cost = ours_cost(replace(work, shelf=folder / "shelf"), folder)
        share = cost.wall_s / whole.wall_s
        how = f"{cost.told} of {whole.told}"
        rows.append(
            row(f"a {what} sentence near the start of {book_h:g} h", share, MAX_EDIT_SHARE, how)
        )
        _told(f"{what} sentence: {how}")
    return rows


def _m4b(made: Material, folder: Path, book_h: float) -> dict[str, object]:
    """Against the encoder alone: its CPU time for 26 minutes, times as many as the book holds."""
    story = made.story(folder / "story.wav")
    ours_cost(replace(story, encoding=Encoding("wav")), folder)
    aac = ("aac", "-b:a", "128k")
    runs = [encoder_cost(folder, "story.wav", aac, "adts") for _ in range(ENCODER_RUNS)]
    alone_s = median(run.cpu_s for run in runs)
    aac_s = alone_s * book_h * 3600 / made.story_s / usable_cores()
    _told(f"AAC alone would take {aac_s:.0f} s; the M4B begins")
    work = replace(made.book(book_h, folder / "book.m4b"), encoding=Encoding("m4b"))
    cost = ours_cost(work, folder)
    how = f"{cost.told}; AAC alone CPU {aac_s * usable_cores():.0f} s"
    return row(
        f"{book_h:g} h M4B with chapters, against AAC", cost.wall_s / aac_s, MAX_TIMES_AAC, how
    )


def _told(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
