"""From Enter on a changed sentence to its sound in a story of ten hours, with the embedded voice.

The story is prose in chapters, planned by the story's own step. Its recordings are forty real ones
in turn; those around the sentences to be changed are stored, for the others their measurements do.
Each change is proposed as the API does, in a process that stays, after its sentence was opened:
what it plans, synthesizes, lays out and renders is what a listener waits for. Every tenth counts
apart: by a process that has not seen the story, of a sentence that was not opened. Steps follow
each other, so the CPU time of all processes is what an idle machine waits.
"""

import random
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

import psutil

from bench.material import Material, make_material
from bench.script_plan import generate_prose
from mixer.compose import LaptopServices
from mixer.script import BreakKind
from mixer.settings import load_settings
from mixer.speech import Recording
from mixer.speech.embedded import EmbeddedEngine
from mixer.store import FolderStore, put_sealed
from mixer.stories.folder import REQUEST, SCRIPT, SOUNDS, TEXT, StoryFolder
from mixer.stories.keys import batch_result_name
from mixer.stories.model import (
    KnownSounds,
    StoredRequest,
    StoredScript,
    StoryKind,
    SynthesizedBatch,
)
from mixer.stories.version_records import Proposal, SentenceChange
from mixer.stories.versions.texts import TextMemory

STORY, CALLER, SEED = "e" * 32, "bench", 22
CHARS = 600_000
CHAPTERS = 24
EDITS = 40
COLD_EVERY = 10
MOST_S = 2.0
MOST_CHUNKS = 2


def run(chars: int = CHARS) -> list[dict[str, object]]:
    """Measure the rows; about three minutes on two cores."""
    with TemporaryDirectory(prefix="edits-") as scratch, closing(EmbeddedEngine()) as engine:
        folder = Path(scratch)
        store = FolderStore(folder / "store")
        services = LaptopServices(
            settings=load_settings({"OUTPUT_BUCKET": "b"}), store=store, engine=engine, secret=b"b"
        )
        numbers = _build_story(make_material(folder), services, store, chars)
        return _measure_edits(services, numbers)


def _build_story(
    made: Material, services: LaptopServices, store: FolderStore, chars: int
) -> list[int]:
    """Build a synthesized story; returns the sentences that will be changed."""
    folder = StoryFolder(store, STORY)
    paragraphs = generate_prose(chars).split("\n\n")
    size = -(-len(paragraphs) // CHAPTERS)
    parts = [paragraphs[at : at + size] for at in range(0, len(paragraphs), size)]
    text = "\n\n".join(f"# Part {n}\n\n" + "\n\n".join(each) for n, each in enumerate(parts))
    store.put(folder.key(TEXT), text.encode())
    store.put(made.music.source, made.folder / made.music.source)
    options: dict[str, object] = {"text_type": "markdown"}
    request = StoredRequest(
        StoryKind.STORY, CALLER, "", 0.0, options, text_key=folder.key(TEXT), music="music.flac"
    )
    folder.write(REQUEST, request)
    folder.write(SOUNDS, KnownSounds((made.music,)))
    services.speech_tasks({"task": "plan", "story_id": STORY, "attempt": 1}, None)
    stored = folder.read(SCRIPT, StoredScript)
    recordings = _write_recordings(made, folder, stored)
    drawn = random.Random(SEED)
    chunks, starts = list(stored.script.chunks), [0]
    for chunk in chunks:
        starts.append(starts[-1] + len(chunk.utterances))
    places = sorted(drawn.sample(range(2, len(chunks) - 2), EDITS))
    for place in places:
        for near in range(place - 2, place + 3):
            source = made.folder / made.chunks[near % len(made.chunks)].take.source
            each = recordings[near]
            put_sealed(store, each.key, source, metadata=each.to_metadata())
    numbers = [starts[at] + drawn.randrange(len(chunks[at].utterances)) for at in places]
    heads = (BreakKind.HEADING, BreakKind.CHAPTER)
    sentences = [each for chunk in chunks for each in chunk.utterances]
    return [number for number in numbers if sentences[number].ending not in heads]


def _write_recordings(made: Material, folder: StoryFolder, stored: StoredScript) -> list[Recording]:
    takes = [chunk.take for chunk in made.chunks]
    recordings = [
        Recording(key, takes[number % len(takes)].measured, gap_ms=chunk.gap_ms)
        for number, (key, chunk) in enumerate(
            zip(stored.chunk_keys, stored.script.chunks, strict=True)
        )
    ]
    about = tuple((each.key, each.to_metadata()) for each in recordings)
    folder.write(batch_result_name(0, len(about), 0.0), SynthesizedBatch(about, len(about), 0))
    return recordings


def _measure_edits(services: LaptopServices, numbers: Sequence[int]) -> list[dict[str, object]]:
    previews = services.story_previews
    sentences = previews.texts.load(STORY).sentences
    opened: list[tuple[float, float]] = []
    unopened: list[tuple[float, float]] = []
    chunks: list[int] = []
    for count, number in enumerate(numbers):
        if is_cold := count % COLD_EVERY == 0:
            previews = replace(previews, texts=replace(previews.texts, memory=TextMemory()))
        else:
            previews.maker.prepare(previews.texts.load(STORY), number)
            with previews.maker.preparing:
                pass  # it is ready before the words are written
        first, _, rest = sentences[number].text.partition(" ")
        change = SentenceChange(number, f"{first} surely {rest}")
        before_s, begun_s = _cpu_s(), time.monotonic()
        _, preview = previews.propose(STORY, CALLER, Proposal(1, (change,)))
        cost = _cpu_s() - before_s, time.monotonic() - begun_s
        (unopened if is_cold else opened).append(cost)
        chunks.append(preview.synthesized_chunks)
    return [
        _build_row("opened sentences in ten hours, each", opened),
        _build_row("… not opened, by a process that has not seen the story,", unopened),
        {
            "what": "… chunks synthesized for one",
            "measured": f"{sum(chunks) / len(chunks):.2f} in the mean, {max(chunks)} at most",
            "figure": "its chunk, at most one neighbour",
            "ok": max(chunks) <= MOST_CHUNKS,
        },
    ]


def _build_row(what: str, costs: Sequence[tuple[float, float]]) -> dict[str, object]:
    works, walls = zip(*costs, strict=True)
    measured = f"p50 {_percentile(works, 50):.2f} s, p95 {_percentile(works, 95):.2f} s of CPU"
    wall = f"p50 {_percentile(walls, 50):.2f} s, p95 {_percentile(walls, 95):.2f} s on the clock"
    return {
        "what": f"{len(works)} {what} from Enter to its preview",
        "measured": f"{measured}; {wall}",
        "figure": f"p95 at most {MOST_S:g} s",
        "ok": _percentile(works, 95) <= MOST_S,
    }


def _percentile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def _cpu_s() -> float:
    """CPU time of this process and its children, those that have ended included."""
    here = psutil.Process()
    running = (each.cpu_times() for each in here.children(recursive=True))
    own = here.cpu_times()
    ended = own.children_user + own.children_system
    return own.user + own.system + ended + sum(each.user + each.system for each in running)
