"""Plans speech, and synthesizes a text while its caller waits, or takes its chunks as they come."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from queue import SimpleQueue

from mixer.requests import Options
from mixer.script import Chunk
from mixer.sound import ProcessGroup
from mixer.speech import Recording, SpeechEngine, Voice
from mixer.store import ObjectStore
from mixer.stories.folder import PLAN, REQUEST, SCRIPT
from mixer.stories.foreground.context import JobContext, run_steps
from mixer.stories.foreground.run_folder import (
    RUN_ID,
    FilesOpener,
    RunFolder,
    open_run_store,
)
from mixer.stories.inputs import StoryNarration, load_narration
from mixer.stories.keys import batch_name
from mixer.stories.model import Batch, PlanSummary, StoredScript
from mixer.stories.request import StoryRequest
from mixer.stories.speech_planner import EngineOpener, SpeechPlan, SpeechPlanner
from mixer.stories.status import load_snapshot, settle_budget
from mixer.stories.steps import StorySpeech

LiveChunk = tuple[Chunk, Recording | None]
"""A chunk and its recording, None where the voice cannot read it."""

RecordingReporter = Callable[[RunFolder, str, Recording | None], None]
"""Receives a run's folder, and the key and recording of a chunk."""


@dataclass(frozen=True, slots=True)
class _Report:
    folder: RunFolder
    key: str
    recording: Recording | None


@dataclass(frozen=True, slots=True)
class _End:
    failure: BaseException | None = None


@dataclass(frozen=True, slots=True)
class ChunkFeed:
    """Runs a synthesis in a thread, and yields its chunks in reading order.

    A recording that is there early waits for the ones before it. `processes` are those of the
    request: stopping them stops what is not synthesized yet.
    """

    synthesize: Callable[[RecordingReporter], object]
    processes: ProcessGroup
    _events: SimpleQueue[_Report | _End] = field(default_factory=SimpleQueue)

    def iterate(self) -> Iterator[LiveChunk]:
        """Yield the chunks; raises as the synthesis does, after those before the failed one."""
        threading.Thread(target=self._run, name="live-speech", daemon=True).start()
        yield from self._order_chunks()

    def _run(self) -> None:
        try:
            self.synthesize(lambda *report: self._events.put(_Report(*report)))
        except BaseException as error:  # noqa: BLE001 - raised where the chunks are read
            self._events.put(_End(error))
        else:
            self._events.put(_End())

    def _order_chunks(self) -> Iterator[LiveChunk]:
        recordings: dict[str, Recording | None] = {}
        waiting: list[tuple[str, Chunk]] | None = None
        while isinstance(event := self._events.get(), _Report):
            recordings[event.key] = event.recording
            if waiting is None:
                waiting = _list_chunks(event.folder)
            while waiting and waiting[0][0] in recordings:
                key, chunk = waiting.pop(0)
                yield chunk, recordings[key]
        if event.failure is not None:
            raise event.failure


def _list_chunks(folder: RunFolder) -> list[tuple[str, Chunk]]:
    stored = folder.read(SCRIPT, StoredScript)
    return list(zip(stored.chunk_keys, stored.script.chunks, strict=True))


DEFAULT_ENGINE = "generative"
"""Used when no engine is named (the contract's default)."""

OPENING_CHARS = 150
"""Of the first chunk of a stream: three lines, which the embedded voice speaks in a moment."""


@dataclass(slots=True)
class EngineSession:
    """One engine for a whole run, opened at first use.

    Later arguments of the opener are ignored, except for another engine's name, which replaces the
    engine: it is known only after planning.
    """

    open_engine: EngineOpener
    speech_marks: bool = False
    _stack: ExitStack = field(default_factory=ExitStack)
    _engine: SpeechEngine | None = None
    _name: str = ""

    @contextmanager
    def open(
        self,
        name: str,
        deadline_s: float | None,
        *,
        speech_marks: bool = False,  # noqa: ARG002 - known when the session began
    ) -> Iterator[SpeechEngine]:
        """Lend the engine."""
        is_other = bool(name) and name not in {self._name, getattr(self._engine, "name", "")}
        if self._engine is None or is_other:
            self.close()
            opened = self.open_engine(name, deadline_s, speech_marks=self.speech_marks)
            self._engine, self._name = self._stack.enter_context(opened), name or DEFAULT_ENGINE
        yield self._engine

    def close(self) -> None:
        """Close the engine."""
        self._stack.close()
        self._engine = None


@dataclass(frozen=True, slots=True)
class Synthesis:
    """A synthesized text; `cost_usd` is newly paid, `cache_hits` were found in the store."""

    narration: StoryNarration
    plan: PlanSummary
    cost_usd: float
    cache_hits: int

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """The audible recordings, in reading order."""
        return tuple(each for each in self.narration.recordings if each)

    @property
    def duration_s(self) -> float:
        """Total of all chunks, without the pauses between them."""
        return sum(each.measured.duration_s for each in self.recordings)


@dataclass(frozen=True, slots=True)
class SpeechService:
    """Plans and synthesizes texts. Safe for many threads; `bucket` names the store in responses."""

    planner: SpeechPlanner
    bucket: str
    open_files: FilesOpener

    @property
    def store(self) -> ObjectStore:
        """The store of the chunks."""
        return self.planner.store

    def list_voices(self, deadline_s: float | None = None) -> tuple[Voice, ...]:
        """List the voices, the default first."""
        return self.planner.list_voices(deadline_s)

    def plan_text(
        self, text: str | bytes, options: Options, deadline_s: float | None = None
    ) -> SpeechPlan:
        """Plan the speech of a text; spends nothing, raises as the planner does."""
        source = self.planner.read_text(text, options, deadline_s=deadline_s)
        return self.planner.plan_source(source, options, deadline_s)

    def synthesize(self, request: StoryRequest, deadline_s: float | None = None) -> Synthesis:
        """Synthesize the text of a request; at the deadline, raises OutOfTime and keeps its chunks.

        The deadline is on the monotonic clock.
        """
        context = JobContext(processes=self.planner.new_processes(), deadline_s=deadline_s)
        return self._run(request, context)

    def stream(
        self,
        request: StoryRequest,
        deadline_s: float | None,
        on_end: Callable[[Synthesis], None],
    ) -> ChunkFeed:
        """Synthesize a text as a feed of chunks; the short first one is there at once.

        `on_end` receives the result. Errors are those of `synthesize`; where the text or its cost
        is refused, they come before the first chunk.
        """
        context = JobContext(processes=self.planner.new_processes(), deadline_s=deadline_s)
        live = replace(self, planner=replace(self.planner, opening_chars=OPENING_CHARS))

        def synthesize(report: RecordingReporter) -> None:
            on_end(live._run(request, context, report))

        return ChunkFeed(synthesize, context.processes)

    def _run(
        self,
        request: StoryRequest,
        context: JobContext,
        report: RecordingReporter | None = None,
    ) -> Synthesis:
        options = Options.model_validate(dict(request.options))
        source = self.planner.read_text(request.text, options, deadline_s=context.deadline_s)
        session = EngineSession(self.planner.open_engine, options.speech_marks)
        with (
            open_run_store(self.open_files, self.store) as store,
            closing(session),
            ExitStack() as payments,
        ):
            folder = RunFolder(store, RUN_ID, source)
            folder.write(REQUEST, request.to_stored(time.time()))
            speech = StorySpeech(
                self._bind_planner(store, session, context),
                store,
                splits_batches=False,
                on_recording=partial(report, folder) if report else None,
                payments=payments,
            )
            return self._run_steps(folder, speech, context)

    def _run_steps(self, folder: RunFolder, speech: StorySpeech, context: JobContext) -> Synthesis:
        try:
            run_steps(folder, speech.steps, context)
        finally:
            settle_budget(load_snapshot(folder), self.planner.budget)
        return _collect_synthesis(folder)

    def _bind_planner(
        self, store: ObjectStore, session: EngineSession, context: JobContext
    ) -> SpeechPlanner:
        return replace(
            self.planner,
            store=store,
            open_engine=session.open,
            new_processes=lambda: context.processes,
        )


def _collect_synthesis(folder: RunFolder) -> Synthesis:
    found = folder.read(batch_name(0), Batch).found
    return Synthesis(
        narration=load_narration(folder),
        plan=folder.read(PLAN, PlanSummary),
        cost_usd=load_snapshot(folder).progress.paid_usd,
        cache_hits=sum(each is not None for each in found.values()),
    )
