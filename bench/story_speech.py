"""How close stories come to the ideal schedule within the quota: a book of ten hours.

600,000 characters are planned and synthesized as in AWS: by the story's own tasks, which share the
quota by slots in the store, in two worker processes that take batch after batch. Amazon Polly's
strict emulator enforces an account's real quota for generative voices (8 calls a second, 26 in
flight), all of it for stories.

Two things are scaled, so that two small cores are not what is measured: latency, and length of the
audio, are a quarter. (Measuring a chunk of 37 s takes 0.2 s of a core; two functions in AWS have a
core each for four chunks a second.) For the ideal see `bench.speech_pool`.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.mixdown import build_ratio_row
from bench.processes import PRELOADED_MODULES
from bench.script_plan import generate_prose
from bench.speech_pool import LATENCY, ideal_s
from bench.speech_setup import PLENTY_USD, SETTINGS
from mixer.speech import Voice, VoiceSettings
from mixer.speech.engine import Speech
from mixer.speech.polly import create_polly_client
from mixer.store import FolderStore
from mixer.stories.batches import read_synthesized_batches
from mixer.stories.budget import DailyBudget
from mixer.stories.folder import SCRIPT, StoryFolder
from mixer.stories.model import StoredScript, StoryKind
from mixer.stories.request import StoryRequest
from mixer.stories.service import StoryService
from mixer.stories.workflow import PARALLEL_BATCHES
from tests.emulators.polly_audio import tone_mp3
from tests.emulators.polly_tables import ALLOWANCES
from tests.emulators.strict_polly import StrictPolly, polly_session
from tests.functional.clouds import CloudOverFolder

CHARS = 600_000
ENGINE, CALLER = "generative", "bench"
SCALE = 0.25
CHARS_PER_S = 15
RATE_HZ = 24_000
MOST_TIMES = 1.15
TASK_S = 120.0

PROCESSES = get_context("forkserver")


class FastVoice:
    """A voice four times as fast as usual."""

    name, suffix, parallelism = "hasty", "mp3", 26

    def limits(self, engine: str) -> Any:  # noqa: ANN401 - not called here
        """Not called."""
        raise NotImplementedError(engine)

    def voices(self) -> tuple[Voice, ...]:
        """Return the one voice."""
        return (Voice("Hasty", "en-US", (ENGINE,)),)

    def synthesize(self, ssml: str, voice_settings: VoiceSettings) -> Speech:
        """Return a tone for a quarter of the text's length."""
        del voice_settings
        length_s = SCALE * len(ssml) / CHARS_PER_S
        return Speech(tone_mp3(ssml, length_s, RATE_HZ), "audio/mpeg", RATE_HZ, len(ssml))

    def close(self) -> None:
        """Do nothing."""


class NullStarter:
    """Starts no attempt: the bench runs the steps itself."""

    def start(self, *_: object) -> bool:
        """Do nothing, successfully."""
        return True


def run(chars: int = CHARS) -> list[dict[str, object]]:
    """Measure the row; takes about three minutes for 600,000 characters."""
    PROCESSES.set_forkserver_preload(list(PRELOADED_MODULES))
    latency = replace(LATENCY, scale=SCALE)
    with (
        TemporaryDirectory(prefix="story-") as folder,
        StrictPolly(voice=FastVoice(), latency=latency) as polly,
    ):
        store = FolderStore(Path(folder))
        with open_tasks(Path(folder), polly.endpoint_url) as take:
            story, batches = _plan_story(store, take, chars)
            stored = StoryFolder(store, story).read(SCRIPT, StoredScript)
            latencies_s = [latency.call_s(chunk.billed_chars) for chunk in stored.script.chunks]
            take({"task": "acquire_slot", "story_id": story, "attempt": 1})
            synthesis_s = _time_synthesis_s(Path(folder), polly.endpoint_url, story, batches)
        counts, synthesized = polly.counts, read_synthesized_batches(StoryFolder(store, story))
    ideal = ideal_s(latencies_s, ALLOWANCES[ENGINE])
    chunks = sum(about is not None for batch in synthesized for _, about in batch.chunks)
    how = (
        f"{synthesis_s:.0f} s of {ideal:.0f} s, {chunks} chunks, {counts.throttled} refused, "
        f"at most {counts.max_calls_per_s} calls in a second"
    )
    row = build_ratio_row(
        f"{chars:,} characters spoken, against the ideal", synthesis_s / ideal, MOST_TIMES, how
    )
    is_whole = chunks == len(latencies_s) and set(counts.texts.values()) == {1}
    return [{**row, "ok": row["ok"] and is_whole and not counts.throttled}]


def _plan_story(store: FolderStore, run_task: Any, chars: int) -> tuple[str, list[int]]:  # noqa: ANN401
    service = StoryService(store, b"bench", NullStarter(), DailyBudget(store, PLENTY_USD))
    request = StoryRequest(StoryKind.STORY, CALLER, {"engine": ENGINE}, text=generate_prose(chars))
    story = service.create(request)
    begun_s = time.monotonic()
    batches = run_task({"task": "plan", "story_id": story, "attempt": 1})["batches"]
    print(f"planned in {time.monotonic() - begun_s:.1f} s", file=sys.stderr, flush=True)
    return story, batches


def _time_synthesis_s(folder: Path, polly_url: str, story: str, batches: list[int]) -> float:
    """Time two workers for all batches, after they have loaded everything."""
    wanted: SimpleQueue[int | None] = PROCESSES.SimpleQueue()
    ready: SimpleQueue[str] = PROCESSES.SimpleQueue()
    given = (folder, polly_url, story, wanted, ready)
    workers = [PROCESSES.Process(target=_run_worker, args=given) for _ in range(PARALLEL_BATCHES)]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.get()
    begun_s = time.monotonic()
    for number in [*batches, *(None for _ in workers)]:
        wanted.put(number)
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise RuntimeError("A worker failed.")
    return time.monotonic() - begun_s


def _run_worker(
    folder: Path,
    polly_url: str,
    story: str,
    numbers: "SimpleQueue[int | None]",
    ready: "SimpleQueue[str]",
) -> None:
    """Run one batch after the other, like a function."""
    with open_tasks(folder, polly_url) as take:
        ready.put("ready")
        while (number := numbers.get()) is not None:
            event = {"task": "synthesize", "story_id": story, "attempt": 1, "batch": number}
            take(event)


@contextmanager
def open_tasks(folder: Path, polly_url: str) -> Iterator[Any]:
    """Build the tasks of the speech function over a folder."""
    with closing(create_polly_client(endpoint_url=polly_url, session=polly_session())) as client:
        services = CloudOverFolder(settings=SETTINGS, polly=client, folder=FolderStore(folder))
        yield lambda event: services.speech_tasks(event, time.monotonic() + TASK_S)


if __name__ == "__main__":
    print(run(int(sys.argv[1])))
