"""The fault campaign: a story is killed, or one of its calls fails, at random points.

`make faults` tells the same story of 200 chunks again and again, each time in a new store. At a
point drawn by chance either one call of the store or of the voice fails, or the whole process
"dies": every call from then on breaks, and nothing more is written. Then the story is asked for
again with everything in order. It must be done, with the very bytes of an undisturbed run, and no
more chunks may have been spoken twice than were between the voice and the store at that moment.
"""

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import app
import polly_handler
import stories
from mixer.errors import SpeechUnavailable, StoreFailed
from mixer.jobs.spending import Spending
from mixer.jobs.story.desk import Order, StoryDesk
from mixer.jobs.story.running import Run
from mixer.jobs.story.tasks import StoryTasks
from mixer.jobs.story.values import Kind, State
from mixer.jobs.synthesis import Synthesizer
from mixer.settings import Settings
from mixer.speech.engine import Delivery, Speech
from mixer.speech.recordings import PREFIX as CHUNKS_PREFIX
from mixer.store.folder import FolderStore
from tests.engines import ToneEngine

POINTS = 50
CHUNKS = 200
SECRET = b"the campaign's own"
OPTIONS = {"text_type": "markdown", "rate": 200, "pauses": "none"}
TEXT = "\n\n".join(f"# Bell {number}\n\nIt rang {number} times." for number in range(CHUNKS // 2))


class Killed(BaseException):
    """The process is gone: no `except Exception` may hold this up."""


@dataclass
class Fate:
    """What befalls the calls of a run.

    Attributes:
        at: the number of the call that it befalls, from 1; 0 for none.
        kills: whether all calls after it break too.
        calls: so far.
        begun: chunks that the voice was asked for.
        stored: chunks that the store has taken.
        in_flight: chunks between the two when it struck.
    """

    at: int = 0
    kills: bool = False
    calls: int = 0
    begun: int = 0
    stored: int = 0
    in_flight: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def strike(self, error: Exception) -> None:
        """Let a call pass, or not.

        Raises:
            Killed: the process is dead.
            Exception: this call fails.
        """
        with self._lock:
            self.calls += 1
            is_hit = self.calls == self.at
            if is_hit:
                self.in_flight = self.begun - self.stored
            is_dead = self.kills and self.at and self.calls >= self.at
        if is_dead:
            raise Killed
        if is_hit:
            raise error

    def note(self, *, begun: int = 0, stored: int = 0) -> None:
        """Count a chunk that is asked for, or taken."""
        with self._lock:
            self.begun += begun
            self.stored += stored


class FatefulStore:
    """A store whose calls may fail."""

    def __init__(self, store: FolderStore, fate: Fate) -> None:
        self._store, self._fate = store, fate

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a stand-in for any method
        method = getattr(self._store, name)

        def called(*given: Any, **named: Any) -> Any:  # noqa: ANN401
            self._fate.strike(StoreFailed("The campaign breaks this call."))
            answer = method(*given, **named)
            if name == "put" and str(given[0]).startswith(CHUNKS_PREFIX):
                self._fate.note(stored=1)
            return answer

        return called


class FatefulVoice:
    """Says each chunk from memory, counts it, and may fail."""

    name, suffix = "tone", "mp3"
    parallelism = 4

    def __init__(self, said: dict[str, Speech], voice: ToneEngine, fate: Fate) -> None:
        self._said, self._voice, self._fate = said, voice, fate
        self.paid: Counter[str] = Counter()

    def limits(self, engine: str) -> Any:  # noqa: ANN401
        """Its voice's own."""
        return self._voice.limits(engine)

    def voices(self) -> Any:  # noqa: ANN401
        """Its voice's own."""
        return self._voice.voices()

    def speak(self, ssml: str, delivery: Delivery) -> Speech:
        """Say a chunk, and count it."""
        self._fate.note(begun=1)
        self._fate.strike(SpeechUnavailable("The campaign breaks this call."))
        self.paid[ssml] += 1
        if ssml not in self._said:
            self._said[ssml] = self._voice.speak(ssml, delivery)
        return self._said[ssml]

    def close(self) -> None:
        """Nothing to close."""


class Launched:
    """Runs an attempt at once, in this thread."""

    def __init__(self, tasks: Callable[[Any], Any]) -> None:
        self._tasks = tasks

    def start(self, story: str, attempt: int, kind: Kind) -> bool:
        """Run it to its end."""
        Run(self._tasks, story, attempt).whole(kind)
        return True


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its state, its audio's digest, calls made, and how often each was paid."""

    state: State | None
    digest: str
    calls: int
    paid: Counter[str]


def told(folder: Path, fate: Fate, said: dict[str, Speech], voice: ToneEngine) -> Outcome:
    """Ask for the story once."""
    disk = FolderStore(folder)
    store: Any = FatefulStore(disk, fate)
    speaker = FatefulVoice(said, voice, fate)
    settings = Settings(output_bucket="b", music_bucket="b", allowed_buckets=frozenset({"b"}))

    @contextmanager
    def opened(*_: object, **__: object) -> Iterator[Any]:
        yield speaker

    speech = Synthesizer(
        open_engine=opened,
        store=store,
        bucket="b",
        spending=Spending(store, 1e9),
        max_request_usd=1e9,
        max_text_chars=10**7,
        refresh_after=timedelta(days=5),
    )
    parts = (
        polly_handler.speech_tasks(settings, speech, store),
        app.mix_tasks(settings, store, store, workers=4),
        stories.ending_tasks(settings, store, []),
    )
    tasks = StoryTasks(store, {name: task for part in parts for name, task in part.tasks.items()})
    launcher = Launched(lambda event: tasks(event, None))
    desk = StoryDesk(store, SECRET, launcher, Spending(store, 1e9))
    order = Order(Kind.STORY, "campaign", OPTIONS, text=TEXT)
    try:
        story = desk.begin(order)
        status = desk.status(story, "campaign")
    except (Killed, StoreFailed):
        return Outcome(None, "", fate.calls, speaker.paid)
    audio = status.result.links.get("audio", "") if status.result else ""
    digest = sha256(disk.get(audio)).hexdigest() if audio else ""
    return Outcome(status.state, digest, fate.calls, speaker.paid)


def main() -> int:
    """Run the campaign and print its table; 1 when a run broke the promise."""
    points = int(sys.argv[1]) if len(sys.argv) > 1 else POINTS
    said: dict[str, Speech] = {}
    voice, chance, broken = ToneEngine(suffix="mp3"), random.Random(7), 0
    with TemporaryDirectory() as folder:
        whole = told(Path(folder), Fate(), said, voice)
    print(f"undisturbed: {whole.state}, {whole.calls} calls, {len(whole.paid)} chunks", flush=True)
    print(
        f"{'point':>6} {'fault':<6} {'first':<10} {'then':<6} {'same':<5} twice  at most",
        flush=True,
    )
    begun_s = time.monotonic()
    for number in range(points):
        fate = Fate(at=chance.randrange(1, whole.calls + 1), kills=number % 2 == 0)
        with TemporaryDirectory() as folder:
            first = told(Path(folder), fate, said, voice)
            then = told(Path(folder), Fate(), said, voice)
        twice = sum((first.paid + then.paid).values()) - len(whole.paid)
        is_kept = (then.state, then.digest) == (State.DONE, whole.digest)
        most = fate.in_flight if fate.kills else 1
        broken += not is_kept or twice > most
        row = f"{fate.at:>6} {'kill' if fate.kills else 'fail':<6} {first.state or 'dead':<10}"
        print(f"{row} {then.state or '':<6} {is_kept!s:<5} {twice:>5} {most:>8}", flush=True)
    print(f"{points} points, {broken} broke the promise, {time.monotonic() - begun_s:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
