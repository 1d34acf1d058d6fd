"""Runs whole stories, and the speech of a request, in the foreground."""

import math
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from mixer.publish import Picture
from mixer.requests import Options
from mixer.sound import Timeline
from mixer.sound.render import RenderHistory, SegmentCache
from mixer.speech import Recording, SpeechEngine
from mixer.store import ObjectStore
from mixer.stories.budget import DailyBudget
from mixer.stories.export import export_files
from mixer.stories.folder import PLAN, REQUEST, RESULT, SOUNDS
from mixer.stories.foreground import GROUPS, JobContext, build_run_request, run_steps
from mixer.stories.mix_pipeline import measure_music
from mixer.stories.model import KnownSounds, PlanSummary, StoredRequest, StoryKind, StoryResult
from mixer.stories.run_folder import RUN_ID, RunFolder, RunStore, SourceText, open_run_store
from mixer.stories.snapshot import load_snapshot, settle_budget
from mixer.stories.sounds import hash_file
from mixer.stories.speech_service import EngineSession, SpeechService, reuse_engine
from mixer.stories.steps.mix import StoryMix
from mixer.stories.steps.publish import StoryPublisher
from mixer.stories.steps.speech import StorySpeech
from mixer.stories.tags import put_cover
from mixer.stories.takes import StoryNarration, load_narration, load_timeline
from mixer.stories.tasks import Step, StepFunction

NEVER = timedelta(days=36_500)
"""Chunks of a folder are not touched: nothing deletes them by their age."""

MUSIC_FOLDER = "--music"
"""Prefix of the music's key, distinct from files that a text names."""


@dataclass(frozen=True, slots=True)
class StoryInput:
    """The inputs of a story on this machine; `sounds` are by their names in the text."""

    source: SourceText
    music: Path | None = None
    sounds: Mapping[str, Path] = field(default_factory=dict)
    cover: Picture | None = None


@dataclass(frozen=True, slots=True)
class StoryRun:
    """A finished story; of its outputs the audio comes first and the report last."""

    narration: StoryNarration
    timeline: Timeline
    result: StoryResult
    outputs: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class StoryRunner:
    """Narrates stories on one machine; the caller closes the engine."""

    store: ObjectStore
    engine: SpeechEngine
    context: JobContext

    @property
    def speech_service(self) -> SpeechService:
        """A speech service without limits."""
        return self._build_speech(self.store)

    def run_story(
        self, story: StoryInput, options: Options, out: Path, report: Path | None = None
    ) -> StoryRun:
        """Narrate, mix and publish a story; files take the name of `out` with their own suffixes.

        Raises TooExpensive if the new chunks cost more than the limit.
        """
        inputs = dict(story.sounds)
        music = None
        if story.music is not None:
            key = f"{MUSIC_FOLDER}/{story.music.name.lstrip('.') or 'music'}"
            inputs[key] = story.music
            measured = measure_music(story.music, str(story.music), self.context.processes)
            music = replace(measured, source=key, digest=hash_file(story.music))
        with open_run_store(self.store, inputs=inputs) as store:
            folder = RunFolder(store, RUN_ID, story.source)
            if music is not None:
                folder.write(SOUNDS, KnownSounds((music,)))
            request = build_run_request(
                StoryKind.STORY, options, music=music.source if music else ""
            )
            folder.write(REQUEST, request)
            if story.cover is not None:
                put_cover(folder, story.cover)
            history = RenderHistory(SegmentCache(self.store), str(out.resolve()))
            run_steps(folder, self._build_steps(store, history), self.context, publishes=True)
            result = folder.read(RESULT, StoryResult)
            outputs = export_files(
                store.files, result, self.context.timer.seconds, out=out, report=report
            )
            return StoryRun(load_narration(folder), load_timeline(folder), result, outputs)

    def _build_steps(self, store: RunStore, history: RenderHistory) -> Mapping[Step, StepFunction]:
        service = self._build_speech(store)
        speech = StorySpeech(service, store, splits_batches=False)
        processes = service.new_processes
        mix = StoryMix(store, store, GROUPS, processes, history=history)
        publisher = StoryPublisher(store, service.budget, new_processes=processes)
        return {**speech.steps, **mix.steps, **publisher.steps}

    def _build_speech(self, store: ObjectStore) -> SpeechService:
        return SpeechService(
            open_engine=reuse_engine(self.engine),
            store=store,
            bucket="",
            budget=DailyBudget(store, math.inf),
            max_request_usd=math.inf,
            max_text_chars=sys.maxsize,
            touch_after=NEVER,
            new_processes=lambda: self.context.processes,
        )


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


def synthesize_in_foreground(
    speech_service: SpeechService, request: StoredRequest, text: str, context: JobContext
) -> Synthesis:
    """Synthesize the text of a request; at the deadline, raises OutOfTime and keeps its chunks."""
    options = Options.model_validate(request.options)
    source = speech_service.read_text(text, options)
    session = EngineSession(speech_service.open_engine, options.speech_marks)
    with open_run_store(speech_service.store) as store, closing(session):
        folder = RunFolder(store, RUN_ID, source)
        folder.write(REQUEST, request)
        service = replace(
            speech_service,
            store=store,
            open_engine=session.open,
            new_processes=lambda: context.processes,
        )
        speech = StorySpeech(service, store, splits_batches=False)
        try:
            run_steps(folder, speech.steps, context)
        finally:
            settle_budget(load_snapshot(folder), speech_service.budget)
        return Synthesis(
            narration=load_narration(folder),
            plan=folder.read(PLAN, PlanSummary),
            cost_usd=load_snapshot(folder).progress.paid_usd,
            cache_hits=sum(map(bool, folder.recordings.values())),
        )
