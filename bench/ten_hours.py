"""`mixer narrate` of a story of ten hours: unchanged, and with one changed sentence.

Whole commands, as in `commands`; what counts is CPU time. The story is prose in chapters, planned
as the command plans it; its recordings are forty real ones in turn, stored under the keys of its
chunks, so that only a changed sentence is synthesized. A quarter of an hour on two idle cores, most
of it for the first render.
"""

import os
import sys
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.commands import build_seconds_row, narrate
from bench.material import Material, make_material
from bench.script_plan import generate_prose
from mixer.compose import build_story_runner
from mixer.requests import Options
from mixer.script.readers import TextType, read_document
from mixer.sound import ProcessGroup
from mixer.speech import Narrator, Recording
from mixer.speech.embedded import EmbeddedEngine
from mixer.store import FolderStore, put_sealed
from mixer.stories import JobContext

CHARS = 600_000
CHAPTERS = 24
UNCHANGED_RUNS = 3
EDITS = (1 / 8, 1 / 2, 7 / 8)
"""Places of the changed sentences, as shares of the text."""

MOST_S = 15.0


def run(chars: int = CHARS) -> list[dict[str, object]]:
    """Measure the rows."""
    with TemporaryDirectory(prefix="bench-ten-hours-") as scratch:
        folder = Path(scratch)
        os.environ["MIXER_STORE"] = str(folder / "store")
        book = folder / "book.md"
        book.write_text(_write_story(chars))
        _store_recordings(make_material(folder), book.read_text(), FolderStore(folder / "store"))
        _report_progress("first render", narrate(folder, book).summary)
        again = [narrate(folder, book).cpu_s for _ in range(UNCHANGED_RUNS)]
        edits = [_measure_edit(folder, book, share) for share in EDITS]
        shown = ", ".join(f"{each:.2f}" for each in edits)
        _report_progress("changed sentences", f"{shown} CPU s")
        return [
            build_seconds_row("mixer narrate of ten hours, unchanged", median(again), MOST_S),
            build_seconds_row("… with one changed sentence, median of 3", median(edits), MOST_S),
        ]


def _write_story(chars: int) -> str:
    paragraphs = generate_prose(chars).split("\n\n")
    size = -(-len(paragraphs) // CHAPTERS)
    parts = [paragraphs[at : at + size] for at in range(0, len(paragraphs), size)]
    return "\n\n".join(f"# Part {n}\n\n" + "\n\n".join(each) for n, each in enumerate(parts, 1))


def _store_recordings(made: Material, text: str, store: FolderStore) -> None:
    """Store a recording for each chunk of a text, without synthesizing it."""
    document = read_document(text, TextType.MARKDOWN)
    with closing(EmbeddedEngine()) as engine:
        runner = build_story_runner(Path(os.environ["MIXER_STORE"]), engine, JobContext())
        plan = runner.plan(document, Options())
        narrator = Narrator(engine, store, plan.voice_settings, ProcessGroup())
        for number, chunk in enumerate(plan.chunks):
            take = made.chunks[number % len(made.chunks)].take
            recording = Recording(narrator.key(chunk), take.measured, gap_ms=chunk.gap_ms)
            metadata = recording.to_metadata()
            put_sealed(store, recording.key, made.folder / take.source, metadata=metadata)


def _measure_edit(folder: Path, book: Path, share: float) -> float:
    """Narrate with a longer sentence at a place; the next one starts from the same text."""
    text = book.read_text()
    at = text.index(". ", int(len(text) * share)) + 2
    at = text.index(" ", at)
    book.write_text(f"{text[:at]} surely{text[at:]}")
    cost = narrate(folder, book)
    book.write_text(text)
    return cost.cpu_s


def _report_progress(what: str, summary: str) -> None:
    print(f"{what}: {summary}", file=sys.stderr, flush=True)
