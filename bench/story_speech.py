"""How close stories come to the schedule that the quota allows: a book of ten hours.

600,000 characters are planned and spoken as in the cloud: by the story's own tasks, with marks in
the store that share the quota, in two worker processes that take batch after batch, as the state
machine hands them out. Amazon Polly's strict stand-in holds them to an account's real quota for
generative voices (8 calls a second, 26 in flight), all of it for stories.

Two things are scaled, and only these, so that the two cores of a small machine are not what is
measured: a call takes a quarter of the time, and what is said lasts a quarter of it. (Measuring a
chunk of 37 s takes 0.2 s of a core; two functions in the cloud have a core each for four chunks a
second.) The ideal is an omniscient scheduler's, see `bench.speech_pool`.
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

import polly_handler
import stories
from bench.planning import prose
from bench.processes import WARM
from bench.rendering import row
from bench.speaking import SETTINGS, synthesizer
from bench.speech_pool import LATENCY, ideal_s
from mixer.jobs.story.batches import spoken_batches
from mixer.jobs.story.folder import SCRIPT, StoryFolder
from mixer.jobs.story.orders import Order
from mixer.jobs.story.running import BATCHES_AT_ONCE
from mixer.jobs.story.turns import SharedPace, Turns
from mixer.jobs.story.values import Kind, StoredScript
from mixer.speech.engine import Delivery, Speech, Voice
from mixer.speech.polly.client import polly_client
from mixer.speech.polly.quota import EngineQuotas
from mixer.store.folder import FolderStore
from tests.emulators.polly_audio import tone_mp3
from tests.emulators.polly_tables import ALLOWANCES
from tests.emulators.strict_polly import StrictPolly, polly_session

CHARS = 600_000
ENGINE, CALLER = "generative", "bench"
SCALE = 0.25
CHARS_PER_S = 15
RATE_HZ = 24_000
MOST_TIMES = 1.15
TASK_S = 120.0

PROCESSES = get_context("forkserver")


class Hasty:
    """Speaks four times as fast as a voice."""

    name, suffix, parallelism = "hasty", "mp3", 26

    def limits(self, engine: str) -> Any:  # noqa: ANN401 - asked by nobody here
        """Nobody asks."""
        raise NotImplementedError(engine)

    def voices(self) -> tuple[Voice, ...]:
        """One."""
        return (Voice("Hasty", "en-US", (ENGINE,)),)

    def speak(self, ssml: str, delivery: Delivery) -> Speech:
        """A tone as long as a quarter of the text."""
        del delivery
        length_s = SCALE * len(ssml) / CHARS_PER_S
        return Speech(tone_mp3(ssml, length_s, RATE_HZ), "audio/mpeg", RATE_HZ, len(ssml))

    def close(self) -> None:
        """Nothing to close."""


class Nobody:
    """Starts no attempt: the bench takes the steps itself."""

    def start(self, *_: object) -> bool:
        """Done."""
        return True


def run(chars: int = CHARS) -> list[dict[str, object]]:
    """The row; takes about three minutes for 600,000 characters."""
    PROCESSES.set_forkserver_preload(list(WARM))
    latency = replace(LATENCY, scale=SCALE)
    with (
        TemporaryDirectory(prefix="telling-") as folder,
        StrictPolly(voice=Hasty(), latency=latency) as polly,
    ):
        store = FolderStore(Path(folder))
        with tasks(Path(folder), polly.endpoint_url) as take:
            story, batches = _planned(store, take, chars)
            stored = StoryFolder(store, story).read(SCRIPT, StoredScript)
            latencies_s = [latency.of(chunk.billed_chars) for chunk in stored.script.chunks]
            take({"task": "take_turn", "story_id": story, "attempt": 1})
            spoken_s = _spoken_s(Path(folder), polly.endpoint_url, story, batches)
        counts, said = polly.counts, spoken_batches(StoryFolder(store, story))
    ideal = ideal_s(latencies_s, ALLOWANCES[ENGINE])
    chunks = sum(about is not None for batch in said for _, about in batch.chunks)
    how = (
        f"{spoken_s:.0f} s of {ideal:.0f} s, {chunks} chunks, {counts.throttled} refused, "
        f"at most {counts.max_calls_per_s} calls in a second"
    )
    told = row(f"{chars:,} characters spoken, against the ideal", spoken_s / ideal, MOST_TIMES, how)
    is_whole = chunks == len(latencies_s) and set(counts.texts.values()) == {1}
    return [{**told, "ok": told["ok"] and is_whole and not counts.throttled}]


def _planned(store: FolderStore, take: Any, chars: int) -> tuple[str, list[int]]:  # noqa: ANN401
    desk = stories.desk(SETTINGS, store, b"bench", Nobody())
    order = Order(Kind.STORY, CALLER, {"engine": ENGINE}, text=prose(chars))
    story = desk.begin(order)
    begun_s = time.monotonic()
    batches = take({"task": "plan", "story_id": story, "attempt": 1})["batches"]
    print(f"planned in {time.monotonic() - begun_s:.1f} s", file=sys.stderr, flush=True)
    return story, batches


def _spoken_s(folder: Path, polly_url: str, story: str, batches: list[int]) -> float:
    """How long two workers take for all batches, once they have loaded everything."""
    wanted: SimpleQueue[int | None] = PROCESSES.SimpleQueue()
    ready: SimpleQueue[str] = PROCESSES.SimpleQueue()
    given = (folder, polly_url, story, wanted, ready)
    workers = [PROCESSES.Process(target=_worker, args=given) for _ in range(BATCHES_AT_ONCE)]
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


def _worker(
    folder: Path,
    polly_url: str,
    story: str,
    wanted: "SimpleQueue[int | None]",
    ready: "SimpleQueue[str]",
) -> None:
    """A function that is called for one batch after the other."""
    with tasks(folder, polly_url) as take:
        ready.put("ready")
        while (number := wanted.get()) is not None:
            event = {"task": "synthesize", "story_id": story, "attempt": 1, "batch": number}
            take(event)


@contextmanager
def tasks(folder: Path, polly_url: str) -> Iterator[Any]:
    """The tasks of the function that speaks, wired as there, over a folder."""
    store, quotas = FolderStore(folder), EngineQuotas(1)
    with closing(polly_client(endpoint_url=polly_url, session=polly_session())) as client:
        speech = synthesizer(store, polly_handler.engines(client, quotas))
        turns = Turns(store, SETTINGS.stories.speakers)
        pace = SharedPace(turns, SETTINGS.stories.workers, quotas.resize)
        made = polly_handler.speech_tasks(SETTINGS, speech, store, turns=turns, pace=pace)
        yield lambda event: made(event, time.monotonic() + TASK_S)


if __name__ == "__main__":
    print(run(int(sys.argv[1])))
