"""How close forced alignment comes to the embedded engine's own word times, and how fast it is.

The demo's story and a text of names, figures and initials are spoken by all voices, stored with
their times, and aligned without them. Speed is that of all cores when nothing else runs: it is
computed from the CPU time of the workers, their start included.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import product
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from mixer.parallel import run_in_parallel, usable_cores
from mixer.requests import Options
from mixer.script import Chunk
from mixer.script.limits import EMBEDDED_LIMITS
from mixer.script.readers import TextType, read_document
from mixer.sound import ProcessGroup
from mixer.speech import Narrator, Recording, VoiceSettings
from mixer.speech.alignment import WordAligner
from mixer.speech.embedded import VOICES, EmbeddedEngine
from mixer.store import FolderStore
from mixer.stories.steps import plan_script

STORY = Path("demo", "story.md")
HARD = """Dr. Anneliese Vorwerk paid $1,249.50 for 3 tickets on 14 March 1984, at 7:45 p.m.

The BBC's Mr. O'Grady – not the KGB's – met Eilidh Szczepanek in Llanfair at the 21st bridge."""

MEDIAN_MS, P95_MS, SPEED = 40, 120, 20

Pair = tuple[Chunk, Recording]


def run() -> list[dict[str, object]]:
    """Measure errors and speed."""
    with TemporaryDirectory() as folder:
        store = FolderStore(Path(folder))
        pairs = list(_record(store))
        before_s = _child_cpu_s()
        with closing(WordAligner(store)) as aligner:
            found = list(_align(aligner, pairs))
        wall_s = (_child_cpu_s() - before_s) / usable_cores()
    errors_ms = [each for pair, aligned in found if aligned for each in _compare(pair[1], aligned)]
    total_s = sum(recording.measured.duration_s for _, recording in pairs)
    refused = sum(aligned is None for _, aligned in found)
    worst_ms = quantiles(errors_ms, n=20)[-1]
    return [
        _build_row("median error of word onsets", median(errors_ms), MEDIAN_MS, "ms"),
        _build_row("95 % of errors within", worst_ms, P95_MS, "ms"),
        {
            "what": f"alignment of {total_s:.0f} s of speech on {usable_cores()} cores",
            "measured": f"{total_s / wall_s:.0f} × real time",
            "figure": f"≥ {SPEED} ×",
            "ok": total_s / wall_s >= SPEED,
        },
        {
            "what": f"recordings refused, of {len(pairs)} with {len(errors_ms)} words",
            "measured": str(refused),
            "figure": "0",
            "ok": refused == 0,
        },
    ]


def _child_cpu_s() -> float:
    """CPU seconds of all child processes that have ended."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _build_row(what: str, measured: float, target: float, unit: str) -> dict[str, object]:
    return {
        "what": what,
        "measured": f"{measured:.0f} {unit}",
        "figure": f"≤ {target} {unit}",
        "ok": measured <= target,
    }


def _record(store: FolderStore) -> Iterator[Pair]:
    texts = (STORY.read_text(encoding="utf-8"), HARD)
    with closing(EmbeddedEngine()) as engine:
        for text, voice in product(texts, VOICES):
            document = read_document(text, TextType.MARKDOWN)
            script = plan_script(document, EMBEDDED_LIMITS, "en-US", Options())
            chunks = list(script.chunks)
            settings = VoiceSettings(voice.id, engine.name)
            narrator = Narrator(engine, store, settings, ProcessGroup())
            for chunk, recording in zip(chunks, narrator.narrate(chunks).recordings, strict=True):
                if recording is not None and recording.words:
                    yield chunk, recording


def _align(aligner: WordAligner, pairs: list[Pair]) -> Iterator[tuple[Pair, Recording | None]]:
    def align_pair(pair: Pair) -> Recording | None:
        chunk, recording = pair
        bare = replace(recording, words=(), sentences=())
        return aligner.align(bare, [each.spoken for each in chunk.utterances])

    for pair, outcome in run_in_parallel(pairs, align_pair, aligner.parallelism):
        yield pair, outcome.result()


def _compare(own: Recording, aligned: Recording) -> Iterator[float]:
    """Differences in milliseconds of the words that both have."""
    rate_hz = own.measured.rate_hz
    starts = {(each.sentence, each.char): each.start_samples for each in own.words}
    for word in aligned.words:
        start = starts.get((word.sentence, word.char))
        if start is not None:
            yield abs(word.start_samples - start) / rate_hz * 1000
