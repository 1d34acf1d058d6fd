"""The cost of mixing a book with sixty workers, against one that renders it serially.

A book in chapters of three to thirty minutes, with music, is laid out by the story's own task for
sixty workers; the story's own task then renders each group of segments in a process of its own, one
after the other, over one store, as sixty functions would in parallel. CPU time counts, FFmpeg
included; processes are forked from one that has loaded everything, like a warm function. The serial
render has segments of half an hour, which makes the cost per segment negligible; one command for
ten hours is too long for the system.

Both run at the same time: ten hours take seven minutes of two cores, and CPU time hardly changes.
"""

import random
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from bench.material import CHUNKS, Material, make_material
from bench.mixdown import build_ratio_row
from bench.processes import PRELOADED_MODULES
from mixer.parallel import usable_cores
from mixer.script import Script
from mixer.script.planning import plan_document
from mixer.script.readers import TextType, read_document
from mixer.sound import ProcessGroup, Timeline
from mixer.sound.arrange import SoundFile
from mixer.sound.formats import MP3
from mixer.sound.render import RenderJob, RenderPool, RenderSources, render
from mixer.sound.timeline import GRID_S
from mixer.speech import Recording, VoiceSettings
from mixer.speech.recordings import PREFIX
from mixer.store import FolderStore
from mixer.stories.batches import split_batches, write_batches
from mixer.stories.folder import MUSIC, REQUEST, SCRIPT, SEGMENTS, TIMELINE, StoryFolder
from mixer.stories.keys import batch_result_name
from mixer.stories.model import (
    Batch,
    StoredLayout,
    StoredRequest,
    StoredScript,
    StoryKind,
    SynthesizedBatch,
)
from mixer.stories.steps.mix import StoryMix
from mixer.stories.tasks import StepCall

WORKERS = 60
HOURS = 10.0
CHAPTER_CHUNKS = (5, 45)
MOST_LONGEST, MOST_TOTAL = 1.2, 1.1
STORY, SEED = "0" * 32, 11
RUN_S = 3_600.0
SERIAL_GRIDS = round(1_800 / GRID_S)
PROCESSES = get_context("forkserver")


def run(hours: float = HOURS) -> list[dict[str, object]]:
    """Measure the two rows; takes about eight minutes on two cores."""
    PROCESSES.set_forkserver_preload(list(PRELOADED_MODULES))
    with TemporaryDirectory(prefix="crowd-") as scratch:
        folder = Path(scratch)
        report_progress(f"making {CHUNKS} chunks")
        lay_out_story(make_material(folder), FolderStore(folder / "store"), hours)
        layout = StoryFolder(FolderStore(folder / "store"), STORY).read(SEGMENTS, StoredLayout)
        with ThreadPoolExecutor(1) as executor:
            serial = executor.submit(measure_cpu_s, render_serially, folder, 0)
            costs = []
            for group in range(len(layout.groups)):
                costs.append(measure_cpu_s(render_group, folder, group))
                if serial.done():
                    serial.result()  # if it failed, there is nothing to compare
            report_progress(f"{len(costs)} groups: {sum(costs):.0f} s of CPU")
            serial_s = serial.result()
    how = (
        f"{layout.duration_s / 3600:.1f} h in {layout.segments} segments, {len(costs)} groups: "
        f"{mean(costs):.2f} s of CPU in the mean, {max(costs):.2f} s the longest"
    )
    longest = build_ratio_row(
        "mixed by 60 workers: the longest", max(costs) / mean(costs), MOST_LONGEST, how
    )
    against = f"{sum(costs):.0f} s of CPU, serially {serial_s:.0f} s"
    total = build_ratio_row(
        "… all, against a serial render", sum(costs) / serial_s, MOST_TOTAL, against
    )
    return [longest, total]


def lay_out_story(made: Material, store: FolderStore, hours: float) -> None:
    """Lay out a fully recorded story for all workers."""
    folder, chance = StoryFolder(store, STORY), random.Random(SEED)
    script = build_book(round(hours * 3600 / made.story_s * CHUNKS), chance)
    takes = [chunk.take for chunk in made.chunks]
    keys = [f"{PREFIX}{take.source}" for take in takes]
    for key in keys:
        store.put(key, made.folder / Path(key).name)
    store.put(made.music.source, made.folder / made.music.source)
    choices = [chance.randrange(CHUNKS) for _ in script.chunks]
    recordings = [
        Recording(keys[number], takes[number].measured, gap_ms=chunk.gap_ms)
        for number, chunk in zip(choices, script.chunks, strict=True)
    ]
    delivery = VoiceSettings("Joanna", "generative")
    folder.write(
        REQUEST, StoredRequest(StoryKind.STORY, "bench", "", 0.0, {}, music=made.music.source)
    )
    folder.write(MUSIC, made.music)
    folder.write(SCRIPT, StoredScript(script, delivery, tuple(each.key for each in recordings)))
    batches = split_batches(folder, tuple(script.chunks))
    write_batches(folder, {n: Batch(delivery, chunks) for n, chunks in enumerate(batches)})
    for number, chunks in enumerate(batches):
        mine, recordings = recordings[: len(chunks)], recordings[len(chunks) :]
        about = tuple((each.key, each.to_metadata()) for each in mine)
        folder.write(
            batch_result_name(number, len(chunks), 0.0), SynthesizedBatch(about, len(chunks), 0)
        )
    StoryMix(store, store, WORKERS).lay_out(StepCall(folder, 1))


def build_book(chunks: int, chance: random.Random) -> Script:
    """Build so many chunks in chapters of all lengths; a scene is a chunk."""
    left = chunks
    chapters: list[str] = []
    while left > 0:
        count = min(left, chance.randint(*CHAPTER_CHUNKS))
        scenes = [f"Scene {len(chapters)} {number} goes on." for number in range(count - 1)]
        chapters.append("\n\n* * *\n\n".join([f"# Chapter {len(chapters)}", *scenes]))
        left -= count
    return plan_document(read_document("\n\n".join(chapters), TextType.MARKDOWN))


def render_group(folder: Path, group: int) -> None:
    """Render what one worker does."""
    store = FolderStore(folder / "store")
    call = StepCall(StoryFolder(store, STORY), 1, group, deadline_s=time.monotonic() + RUN_S)
    StoryMix(store, store, WORKERS).render(call)


def render_serially(folder: Path, _: int) -> None:
    """Render the same book with one worker."""
    store = FolderStore(folder / "store")
    timeline = StoryFolder(store, STORY).read(TIMELINE, Timeline)
    music = StoryFolder(store, STORY).read(MUSIC, SoundFile)
    sources = {clip.source for clip in timeline.clips}
    clips = {key: folder / Path(key).name for key in sources}
    ingredients = RenderSources(clips, {music.source: (folder / music.source, music.measured)})
    out = folder / "book.mp3"
    pool = RenderPool(ProcessGroup(), 1)
    render(RenderJob(timeline, ingredients, MP3, pool=pool, segment_grids=SERIAL_GRIDS), out)


def measure_cpu_s(work: Callable[[Path, int], None], folder: Path, number: int) -> float:
    """Measure the CPU time of some work and its children, in a process of its own."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=_run_work, args=(work, folder, number, theirs))
    process.start()
    theirs.close()
    try:
        spent: float = ours.recv()
    finally:
        process.join(RUN_S)
        ours.close()
    return spent


def _run_work(
    work: Callable[[Path, int], None], folder: Path, number: int, connection: Connection
) -> None:
    before = _cpu_time_s()
    work(folder, number)
    connection.send(_cpu_time_s() - before)


def _cpu_time_s() -> float:
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    spent = [resource.getrusage(each) for each in whose]
    return sum(each.ru_utime + each.ru_stime for each in spent)


def report_progress(what: str) -> None:
    """Print the progress."""
    print(f"{what} ({usable_cores()} cores)", file=sys.stderr, flush=True)


if __name__ == "__main__":
    print(run(float(sys.argv[1])))
