"""Equal chunks under way at once, and answers lost on the wire: each is paid once, or counted."""

import random
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from mixer.errors import SpeechFailed
from mixer.requests import Options
from mixer.script import LIMITS, Chunk
from mixer.script.readers import TextType
from mixer.sound import ProcessGroup
from mixer.speech import Charges, Narrator, VoiceSettings
from mixer.speech.polly import EngineQuotas, PollyEngine, Retry
from mixer.speech.polly.retry import SpeechRetryPolicy
from mixer.store import FolderStore
from tests.attack.campaign import Row, Tally
from tests.emulators.strict_polly import CUT, CUT_BODY, Allowance, Faults, StrictPolly
from tests.engines import ToneEngine
from tests.functional.story_world import StoryWorld
from tests.scripts import plan_story

BELLS = range(10, 34)
"""Of equal length. Each text is made of some of them, so that texts share chunks; many, since
starting takes longer than they do."""

JOANNA = VoiceSettings("Joanna", "generative")
FAST = Allowance(1_000, 1_000, 100)


def attack_speech(tally: Tally, draw: random.Random, count: int) -> None:
    """Synthesize equal chunks at once in every way until so many chunks were requested."""
    ways = [_attack_threads, _attack_batches, _attack_processes, _attack_wire]
    number = 0
    while tally.attempts < count:
        with TemporaryDirectory(prefix="attack-") as name:
            ways[number % len(ways)](tally, draw, Path(name))
        number += 1


def draw_text(draw: random.Random) -> str:
    """Some of the sentences, in any order, each a chunk of its own."""
    numbers = draw.sample(BELLS, draw.randint(2, len(BELLS)))
    return "\n\n* * *\n\n".join(f"Bell {number} rang." for number in numbers)


def plan_chunks(text: str) -> list[Chunk]:
    """The chunks of a text."""
    options = Options(pauses="none")
    return list(plan_story(text, TextType.MARKDOWN, LIMITS["generative"], "en-US", options).chunks)


def _attack_threads(tally: Tally, draw: random.Random, folder: Path) -> None:
    """Several narrators of one process, some of which fail in between."""
    engine = ToneEngine(delay_s=0.03, fail_calls=draw.sample(range(1, 30), 2))
    texts = [draw_text(draw) for _ in range(6)]

    def narrate(text: str) -> None:
        with suppress(SpeechFailed):
            Narrator(engine, FolderStore(folder), JOANNA, ProcessGroup()).narrate(plan_chunks(text))

    with closing(engine), ThreadPoolExecutor(len(texts)) as pool:
        list(pool.map(narrate, texts))
    failed = {ssml for n, ssml in enumerate(engine.requests, start=1) if n in engine.fail_calls}
    _count_calls(tally, "threads", Counter(engine.requests), failed)


def _attack_batches(tally: Tally, draw: random.Random, folder: Path) -> None:
    """A story with a refrain that falls into several batches."""
    engine = ToneEngine(suffix="mp3", delay_s=0.03)
    world = StoryWorld(folder, engine)
    refrain = f"Bell {draw.choice(BELLS)} rang, and rang again."
    story = world.create_story("\n\n* * *\n\n".join([refrain] * 24))
    status = world.status(story)
    engine.close()
    _count_calls(tally, "batches", Counter(engine.requests), set())
    is_honest = abs(status.spent_usd - status.predicted_usd) < 1e-9
    tally.count("" if is_honest else f"spent {status.spent_usd}, not {status.predicted_usd}")


CHILD = """
import sys
from pathlib import Path
from mixer.sound import ProcessGroup
from mixer.speech import Narrator
from mixer.store import FolderStore
from tests.attack.equal_chunks import JOANNA, plan_chunks
from tests.engines import ToneEngine
engine = ToneEngine(delay_s=0.2, parallelism=2)
Narrator(engine, FolderStore(Path(sys.argv[1])), JOANNA, ProcessGroup()).narrate(
    plan_chunks(sys.argv[2]))
engine.close()
print(*engine.requests, sep="\\n")
"""


def _attack_processes(tally: Tally, draw: random.Random, folder: Path) -> None:
    """Three processes on one store, one of which may be killed."""
    command = [sys.executable, "-c", CHILD, str(folder)]
    children = [
        subprocess.Popen([*command, draw_text(draw)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    outputs = [child.communicate(timeout=300)[0] for child in children]
    requests = [line for output in outputs for line in output.splitlines() if line]
    _count_calls(tally, "processes", Counter(requests), set())
    if any(child.returncode for child in children):
        tally.count(f"processes: exit codes {[child.returncode for child in children]}")


def _attack_wire(tally: Tally, draw: random.Random, folder: Path) -> None:
    """Answers that are cut: what the service may bill is counted."""
    faults = {call: draw.choice((CUT, CUT_BODY)) for call in draw.sample(range(1, 20), 8)}
    policy = SpeechRetryPolicy(first_delay_s=0.001, max_delay_s=0.002, min_call_s=0.0)
    charges = Charges()
    with StrictPolly(allowances=dict.fromkeys(LIMITS, FAST), faults=Faults(nth=faults)) as polly:
        client = polly.client()
        engine = PollyEngine(client, quotas=EngineQuotas(0.01), retry=Retry(policy))
        narrator = Narrator(engine, FolderStore(folder), JOANNA, ProcessGroup())
        with closing(engine), closing(client), suppress(SpeechFailed):
            narrator.narrate(plan_chunks(draw_text(draw)), charges=charges)
        counts = polly.counts
    expected = (counts.answered + counts.injected) * len("Bell 10 rang.")
    is_counted = charges.paid_chars == expected
    for _ in range(counts.injected - 1):  # each lost answer is an attempt
        tally.count()
    tally.count("" if is_counted else f"wire: {charges.paid_chars} counted of {expected} billed")


def _count_calls(tally: Tally, way: str, calls: Counter[str], failed: set[str]) -> None:
    """Count each chunk; one whose call failed may be called again."""
    for ssml, times in calls.items():
        excess = times > 1 and ssml not in failed
        tally.count(f"{way}: synthesized {times} times: {ssml}" if excess else "")


ROW = Row(
    "equal chunks at once, lost answers",
    "each paid once, or counted",
    short=8,
    full=500,
    attack=attack_speech,
)
