"""One run of the fault campaign, in a process of its own that may be killed.

`told` asks for a story as the local server would: the desk begins it, the tasks of the Lambdas tell
it over a folder, and Amazon Polly's strict stand-in speaks. Every call of the store and of the
voice passes a Fate first. At the chosen one either that call fails, or the process kills itself
with SIGKILL: no exception, no clean-up, no other thread that still writes.
"""

import logging
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import app
import polly_handler
import stories
from bench.speaking import PLENTY_USD, SETTINGS, synthesizer
from mixer.errors import SpeechUnavailable, StoreFailed
from mixer.jobs.spending import Spending
from mixer.jobs.story.desk import StoryDesk
from mixer.jobs.story.orders import Order
from mixer.jobs.story.running import BATCHES_AT_ONCE, Run
from mixer.jobs.story.tasks import StoryTasks
from mixer.jobs.story.turns import SharedPace, Turns
from mixer.jobs.story.values import Kind, State
from mixer.speech.engine import Delivery, Speech, SpeechEngine
from mixer.speech.polly.client import polly_client
from mixer.speech.polly.quota import EngineQuotas
from mixer.speech.recordings import PREFIX as CHUNKS_PREFIX
from mixer.store.folder import FolderStore
from tests.emulators.strict_polly import polly_session

CALLER, SECRET = "campaign", b"the campaign's own"
QUOTA_SHARES = 0.1
"""Ten times an account's quota, so that no run waits; the stand-in is told the same."""

RENDERERS = 5
"""For how many calls the segments are shared out."""


@dataclass(frozen=True)
class Blow:
    """What befalls a run.

    Attributes:
        at: the number of the call that it befalls, from 1; 0 for none.
        kills: whether the process dies there; otherwise that one call fails.
        late: whether the call is carried out first, and only its answer is lost.
    """

    at: int = 0
    kills: bool = False
    late: bool = False


@dataclass
class Fate:
    """Counts the calls of a run, and lets the blow fall.

    Attributes:
        blow: what befalls it.
        last_words: told how many chunks were between voice and store, before the process dies.
        calls: so far.
        under_way: chunks that the voice was asked for and the store has not taken.
    """

    blow: Blow
    last_words: Callable[[int], object]
    calls: int = 0
    under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, work: Callable[[], Any], error: Exception) -> Any:  # noqa: ANN401
        """Carry out a call, or what befalls it.

        Raises:
            Exception: the given error, where the call fails.
        """
        with self._lock:
            self.calls += 1
            is_hit = self.calls == self.blow.at
        if is_hit and not self.blow.late:
            self._fall(error)
        answer = work()
        if is_hit and self.blow.late:
            self._fall(error)
        return answer

    def note(self, *, begun: int = 0, stored: int = 0) -> None:
        """Count a chunk that is asked for, or taken."""
        with self._lock:
            self.under_way += begun - stored

    def _fall(self, error: Exception) -> None:
        if not self.blow.kills:
            raise error
        with self._lock:  # nobody begins or stores another chunk meanwhile
            self.last_words(self.under_way)
            os.kill(os.getpid(), signal.SIGKILL)


class FatedStore:
    """A store whose calls may fail."""

    def __init__(self, store: FolderStore, fate: Fate) -> None:
        self._store, self._fate = store, fate

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a stand-in for any method
        method = getattr(self._store, name)

        def called(*given: Any, **named: Any) -> Any:  # noqa: ANN401
            def work() -> Any:  # noqa: ANN401
                answer = method(*given, **named)
                if name == "put" and str(given[0]).startswith(CHUNKS_PREFIX):
                    self._fate.note(stored=1)
                return answer

            return self._fate.call(work, StoreFailed("The campaign breaks this call."))

        return called


class FatedVoice:
    """A voice whose calls may fail."""

    def __init__(self, voice: SpeechEngine, fate: Fate) -> None:
        self._voice, self._fate = voice, fate

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - everything else is the voice's own
        return getattr(self._voice, name)

    def speak(self, ssml: str, delivery: Delivery) -> Speech:
        """Say a chunk, and count it."""
        self._fate.note(begun=1)
        speech: Speech = self._fate.call(
            lambda: self._voice.speak(ssml, delivery),
            SpeechUnavailable("The campaign breaks this call."),
        )
        return speech


class Launched:
    """Runs an attempt at once, in this thread."""

    def __init__(self, tasks: Callable[[Any], Any]) -> None:
        self._tasks = tasks

    def start(self, story: str, attempt: int, kind: Kind) -> bool:
        """Run it to its end."""
        Run(self._tasks, story, attempt).whole(kind)
        return True


@dataclass(frozen=True)
class Ended:
    """How a run ended that was not killed: its state, its audio's digest, the calls it made."""

    state: State | None
    digest: str
    calls: int


def run(folder: Path, polly_url: str, order: Order, blow: Blow, told_to: Connection) -> None:
    """Ask for the story once; the beginning of a process.

    Args:
        folder: holds the store, and what the run leaves behind when it is killed.
        polly_url: of the strict stand-in.
        order: the story.
        blow: what befalls it.
        told_to: gets `("in_flight", chunks)` before the process dies, else `("ended", Ended)`.
    """
    logging.disable()  # what is told of failures that were asked for would hide the table
    tempfile.tempdir = str(folder / "scratch")
    Path(tempfile.tempdir).mkdir(exist_ok=True)
    fate = Fate(blow, lambda chunks: told_to.send(("in_flight", chunks)))
    told_to.send(("ended", told(FolderStore(folder / "store"), fate, polly_url, order)))


def told(disk: FolderStore, fate: Fate, polly_url: str, order: Order) -> Ended:
    """How a story ends that is told under a fate."""
    store: Any = FatedStore(disk, fate)
    with closing(polly_client(endpoint_url=polly_url, session=polly_session())) as client:
        tasks = _tasks(store, fate, client)
        desk = StoryDesk(
            store, SECRET, Launched(lambda event: tasks(event, None)), Spending(store, PLENTY_USD)
        )
        try:
            status = desk.status(desk.begin(order), CALLER)
        except (StoreFailed, SpeechUnavailable):
            return Ended(None, "", fate.calls)
    audio = status.result.links.get("audio", "") if status.result else ""
    digest = sha256(disk.get(audio)).hexdigest() if audio else ""
    return Ended(status.state, digest, fate.calls)


def _tasks(store: Any, fate: Fate, client: Any) -> StoryTasks:  # noqa: ANN401
    """The steps as the Lambdas take them, over a store and a voice that may fail."""
    quotas = EngineQuotas(QUOTA_SHARES)
    engines = polly_handler.engines(client, quotas)

    @contextmanager
    def opened(*given: Any, **named: Any) -> Iterator[Any]:  # noqa: ANN401
        with engines(*given, **named) as engine:
            yield FatedVoice(engine, fate)

    speech = synthesizer(store, opened)
    turns = Turns(store, SETTINGS.stories.speakers)
    pace = SharedPace(turns, BATCHES_AT_ONCE, quotas.resize)
    parts = (
        polly_handler.speech_tasks(SETTINGS, speech, store, turns=turns, pace=pace),
        app.mix_tasks(SETTINGS, store, store, workers=RENDERERS),
        stories.ending_tasks(SETTINGS, store, []),
    )
    return StoryTasks(store, {name: task for part in parts for name, task in part.tasks.items()})
