"""Amazon Polly throttled, failing and cut, and processes killed in the middle of a batch."""

import logging
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mixer.errors import OutOfTime, SpeechUnavailable, StoreFailed
from mixer.script import LIMITS
from mixer.settings import StorySettings
from mixer.speech.charges import cost_usd
from mixer.speech.polly import create_polly_client
from mixer.store import FolderStore, LeaseKeeper
from mixer.stories.budget import MICRO, PREFIX
from mixer.stories.model import StoryKind, StoryState
from mixer.stories.request import StoryRequest
from mixer.stories.workflow import Workflow
from tests.attack.campaign import Row, Tally
from tests.emulators.polly_meter import THROTTLED
from tests.emulators.strict_polly import (
    CUT,
    CUT_BODY,
    Allowance,
    Counts,
    Faults,
    Latency,
    StrictPolly,
    polly_session,
)
from tests.functional.clouds import CloudOverFolder, build_settings

CALLER, SECRET, ENGINE = "anna", b"a secret of the tests", "standard"
CHUNKS = 8
TEXT = "\n\n* * *\n\n".join(f"Bell {number} rang." for number in range(10, 10 + CHUNKS))
CHUNK_CHARS = len("Bell 10 rang.")
OPTIONS = {"text_type": "markdown", "engine": ENGINE, "voice": "Joanna", "pauses": "none"}
REQUEST = StoryRequest(StoryKind.SPEECH, CALLER, OPTIONS, text=TEXT)

FAULTS = (THROTTLED, "ServiceFailureException", CUT, CUT_BODY)
LEASES = "speaking/"
TRIES = 3
"""Of a step: the state machine tries more often."""

KILLED = "killed"
RUN_S = 300.0
CHILD = "import sys; from tests.attack.polly import run_story; run_story(*sys.argv[1:])"


def attack_speech_service(tally: Tally, draw: random.Random, count: int) -> None:
    """Run stories with faults, some of them killed, and once more without."""
    wide = dict.fromkeys(LIMITS, Allowance(1_000, 1_000, 100))
    with StrictPolly(allowances=wide) as polly:
        for _ in range(count):
            with TemporaryDirectory(prefix="attack-") as name:
                tally.count(_attack_story(Path(name), polly, draw))


@dataclass(frozen=True)
class Disturbance:
    """Faults of a first run, and after how many answers its process is killed; 0 for never."""

    faults: Faults
    latency: Latency
    kill_after: int


def draw_disturbance(draw: random.Random) -> Disturbance:
    """Two of three runs are killed."""
    calls = draw.sample(range(1, 2 * CHUNKS), draw.randint(0, 6))
    faults = Faults(
        throttled=draw.choice((0.0, 0.2, 0.6)),
        cut=draw.choice((0.0, 0.1, 0.3)),
        nth={call: draw.choice(FAULTS) for call in calls},
        seed=draw.getrandbits(32),
    )
    kill_after = draw.randint(1, CHUNKS - 1) if draw.random() < 2 / 3 else 0
    return Disturbance(faults, Latency(base_s=draw.uniform(0, 0.2)), kill_after)


def _attack_story(folder: Path, polly: StrictPolly, draw: random.Random) -> str:
    """What did not hold, or nothing."""
    disturbance, store = draw_disturbance(draw), FolderStore(folder)
    polly.reset(disturbance.faults, disturbance.latency)
    ended, _ = _run_process(folder, polly, disturbance.kill_after)
    polly.meter.await_calls()
    first, kept = polly.counts, len(list(store.list("narration_chunks/")))
    polly.reset()
    state, error = _run_process(folder, polly, 0)
    failure = _find_failure(store, first, polly.counts, kept)
    if ended != KILLED and first.answered != kept:
        failure = f"{first.answered} answers, {kept} stored"
    if state != StoryState.DONE:
        failure = f"does not recover: {error}"
    return f"{failure} after {disturbance}" if failure else ""


def _find_failure(store: FolderStore, first: Counts, second: Counts, kept: int) -> str:
    if second.answered != CHUNKS - kept:
        return f"{second.answered} calls for {CHUNKS - kept} missing chunks"
    LeaseKeeper(store).release_dead_leases(LEASES)  # as each start does
    if left := [each.key for each in store.list(LEASES)]:
        return f"left behind: {left[:3]}"
    amounts = [each.key.rpartition("/")[2].partition("-")[0] for each in store.list(PREFIX)]
    counted_usd = sum(map(int, amounts)) / MICRO
    paid_usd = cost_usd(first.billed_chars + second.billed_chars, ENGINE)
    lost_usd = cost_usd(CHUNK_CHARS * first.injected, ENGINE)
    most_usd = paid_usd + lost_usd + cost_usd(CHUNK_CHARS * CHUNKS, ENGINE)
    is_counted = paid_usd - 1 / MICRO <= counted_usd <= most_usd + 1 / MICRO
    return "" if is_counted else f"{counted_usd} counted of {paid_usd} (at most {most_usd})"


def _run_process(folder: Path, polly: StrictPolly, kill_after: int) -> tuple[str, str]:
    """Run the story in a process, and kill it after so many answers; how it ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), polly.endpoint_url],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    while kill_after and process.poll() is None:
        if polly.counts.answered >= kill_after:
            process.kill()
        time.sleep(0.005)
    ended, _, error = process.communicate(timeout=RUN_S)[0].partition(" ")
    return ended or KILLED, error


def run_story(folder: str, polly_url: str) -> None:
    """Request the story as a Lambda's steps do, and print how it ended."""
    logging.disable()
    with closing(create_polly_client(endpoint_url=polly_url, session=polly_session())) as client:
        services = CloudOverFolder(
            settings=build_settings(stories=StorySettings(max_concurrent=3)),
            polly=client,
            secret=SECRET,
            folder=FolderStore(Path(folder)),
            launcher=InlineLauncher(lambda event: services.all_tasks(event, None)),
            notifiers=[],
        )
        service = services.story_service
        status = service.get_status(service.create(REQUEST), CALLER)
    print(f"{status.state} {status.failure}", flush=True)  # noqa: T201


@dataclass(frozen=True)
class InlineLauncher:
    """Runs an attempt at once; a step that may succeed later is tried again."""

    run_step: Callable[[Any], Any]

    def start(self, story: str, attempt: int, kind: StoryKind) -> bool:
        Workflow(self._invoke, story, attempt).run(kind)
        return True

    def _invoke(self, event: Any) -> Any:
        for _ in range(TRIES - 1):
            with suppress(SpeechUnavailable, StoreFailed, OutOfTime):
                return self.run_step(event)
        return self.run_step(event)


ROW = Row(
    "Amazon Polly throttled, failing, cut; kills in a batch",
    "nothing stored is paid twice, all is counted, the next run ends",
    short=1,
    full=200,
    attack=attack_speech_service,
)
