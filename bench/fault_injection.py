"""One run of the fault campaign, in a process of its own that may be killed.

`run_story` makes a story as the local server does: the service creates it, the tasks of the Lambdas
run over a folder, and the strict emulator of Amazon Polly synthesizes. Every call of store and
voice passes a FaultInjector. At the chosen call, that call fails or the process kills itself with
SIGKILL: no exception, no clean-up, no other thread that still writes.
"""

import logging
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench.speech_setup import SETTINGS
from mixer.errors import SpeechUnavailable, StoreFailed
from mixer.speech import SpeechEngine, VoiceSettings
from mixer.speech.engine import Speech
from mixer.speech.polly import create_polly_client
from mixer.speech.recordings import PREFIX as CHUNKS_PREFIX
from mixer.store import FolderStore
from mixer.stories.model import StoryKind, StoryState
from mixer.stories.request import StoryRequest
from mixer.stories.speech_planner import EngineOpener
from mixer.stories.workflow import Workflow
from tests.emulators.strict_polly import polly_session
from tests.functional.clouds import CloudOverFolder

CALLER, SECRET = "campaign", b"the campaign's own"
QUOTA_SHARES = 0.1
"""Ten times an account's quota, so that no run waits; the emulator allows the same."""

FAST_SETTINGS = replace(SETTINGS, quota_percent=round(100 / QUOTA_SHARES))

RENDERERS = 5
"""Number of render calls that share the segments."""


@dataclass(frozen=True)
class InjectedFault:
    """A fault of a run.

    Attributes:
        call_number: the call that fails, from 1; 0 for none.
        late: whether the call is carried out first, and only its answer is lost.
    """

    call_number: int = 0
    kills: bool = False
    late: bool = False


@dataclass
class FaultInjector:
    """Counts the calls of a run, and injects the fault."""

    fault: InjectedFault
    report_in_flight: Callable[[int], object]
    calls: int = 0
    in_flight: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, work: Callable[[], Any], error: Exception) -> Any:  # noqa: ANN401
        """Carry out a call, or inject the fault.

        Raises:
            Exception: the given error, if the call fails.
        """
        with self._lock:
            self.calls += 1
            is_hit = self.calls == self.fault.call_number
        if is_hit and not self.fault.late:
            self._inject(error)
        answer = work()
        if is_hit and self.fault.late:
            self._inject(error)
        return answer

    def count_chunks(self, *, begun: int = 0, stored: int = 0) -> None:
        """Count a chunk that is requested or stored."""
        with self._lock:
            self.in_flight += begun - stored

    def _inject(self, error: Exception) -> None:
        if not self.fault.kills:
            raise error
        with self._lock:  # no other chunk may start or be stored meanwhile
            self.report_in_flight(self.in_flight)
            os.kill(os.getpid(), signal.SIGKILL)


class FaultyStore:
    """A store whose calls may fail."""

    def __init__(self, store: FolderStore, injector: FaultInjector) -> None:
        self._store, self._injector = store, injector

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a stand-in for any method
        method = getattr(self._store, name)

        def call(*given: Any, **named: Any) -> Any:  # noqa: ANN401
            def work() -> Any:  # noqa: ANN401
                answer = method(*given, **named)
                if name == "put" and str(given[0]).startswith(CHUNKS_PREFIX):
                    self._injector.count_chunks(stored=1)
                return answer

            return self._injector.call(work, StoreFailed("The campaign breaks this call."))

        return call


class FaultyEngine:
    """A voice whose calls may fail."""

    def __init__(self, voice: SpeechEngine, injector: FaultInjector) -> None:
        self._voice, self._injector = voice, injector

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - everything else is the voice's own
        return getattr(self._voice, name)

    def synthesize(self, ssml: str, voice_settings: VoiceSettings) -> Speech:
        """Synthesize a chunk, and count it."""
        self._injector.count_chunks(begun=1)
        speech: Speech = self._injector.call(
            lambda: self._voice.synthesize(ssml, voice_settings),
            SpeechUnavailable("The campaign breaks this call."),
        )
        return speech


class InlineStarter:
    """Runs an attempt immediately, in this thread."""

    def __init__(self, tasks: Callable[[Any], Any]) -> None:
        self._tasks = tasks

    def start(self, story: str, attempt: int, kind: StoryKind) -> bool:
        """Run the attempt to its end."""
        Workflow(self._tasks, story, attempt).run(kind)
        return True


@dataclass(frozen=True)
class RunOutcome:
    """The state, audio digest and calls of a run that was not killed."""

    state: StoryState | None
    digest: str
    calls: int


def run(
    folder: Path,
    polly_url: str,
    request: StoryRequest,
    fault: InjectedFault,
    connection: Connection,
) -> None:
    """Request the story once; the entry point of a process.

    Args:
        connection: gets `("in_flight", chunks)` before the process dies, else `("ended", outcome)`.
    """
    logging.disable()  # logs of the injected failures would hide the table
    tempfile.tempdir = str(folder / "scratch")
    Path(tempfile.tempdir).mkdir(exist_ok=True)
    injector = FaultInjector(fault, lambda chunks: connection.send(("in_flight", chunks)))
    connection.send(
        ("ended", run_story(FolderStore(folder / "store"), injector, polly_url, request))
    )


def run_story(
    disk: FolderStore, injector: FaultInjector, polly_url: str, request: StoryRequest
) -> RunOutcome:
    """Run the story with a fault injected."""
    store: Any = FaultyStore(disk, injector)
    with closing(create_polly_client(endpoint_url=polly_url, session=polly_session())) as client:
        services = FaultyCloud(
            settings=FAST_SETTINGS,
            polly=client,
            secret=SECRET,
            folder=store,
            injector=injector,
            render_groups=RENDERERS,
            launcher=InlineStarter(lambda event: services.all_tasks(event, None)),
            notifiers=[],
        )
        service = services.story_service
        try:
            status = service.get_status(service.create(request), CALLER)
        except (StoreFailed, SpeechUnavailable):
            return RunOutcome(None, "", injector.calls)
    audio = status.result.links.get("audio", "") if status.result else ""
    digest = sha256(disk.get(audio)).hexdigest() if audio else ""
    return RunOutcome(status.state, digest, injector.calls)


@dataclass(frozen=True, kw_only=True, eq=False)
class FaultyCloud(CloudOverFolder):
    """The services of the Lambdas, with a voice that may fail."""

    injector: FaultInjector

    @cached_property
    def open_engine(self) -> EngineOpener:
        """Return a factory of engines that may fail."""
        open_sound_engine = super().open_engine

        @contextmanager
        def open_engine(*given: Any, **named: Any) -> Iterator[Any]:  # noqa: ANN401
            with open_sound_engine(*given, **named) as engine:
                yield FaultyEngine(engine, self.injector)

        return open_engine
