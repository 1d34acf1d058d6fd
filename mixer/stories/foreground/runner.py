"""Narrates whole stories on one machine."""

import math
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path

from mixer.feeds import FeedFolder, FolderEpisode
from mixer.files import open_atomic, resolve_path
from mixer.publish import Picture
from mixer.publish.feed import StoryEpisodes
from mixer.publish.provenance import FileSigner, SignerOpener, open_no_signer
from mixer.requests import Options
from mixer.script import Document
from mixer.sound import Timeline
from mixer.sound.arrange import SoundFile
from mixer.sound.render import RenderHistory, SegmentCache
from mixer.speech import SpeechEngine
from mixer.speech.verification import VerifierOpener, refuse_verifier
from mixer.store import FolderStore, ObjectStore
from mixer.stories.budget import DailyBudget
from mixer.stories.folder import COVER, EPISODES, REQUEST, RESULT, SOUNDS
from mixer.stories.foreground.context import GROUPS, JobContext, run_steps
from mixer.stories.foreground.known_music import measure_known_music
from mixer.stories.foreground.run_folder import (
    RUN_ID,
    FilesOpener,
    RunFolder,
    RunStore,
    open_run_store,
)
from mixer.stories.inputs import (
    SoundLibrary,
    StoryNarration,
    load_narration,
    load_timeline,
    put_cover,
)
from mixer.stories.model import KnownSounds, SourceText, StoryKind, StoryResult
from mixer.stories.outputs import AudioSigner, export_files
from mixer.stories.renditions import Rendition
from mixer.stories.request import StoryRequest
from mixer.stories.signers import open_narration_signer
from mixer.stories.speech_planner import SpeechPlan, SpeechPlanner
from mixer.stories.steps import StoryMix, StoryPublisher, StorySpeech
from mixer.stories.tasks import Step, StepFunction
from mixer.stories.word_times import AlignerOpener, open_no_aligner

NEVER = timedelta(days=36_500)
"""Chunks of a folder are not touched: nothing deletes them by their age."""

MUSIC_FOLDER = "--music"
"""Prefix of the music's key, distinct from files that a text names."""


@dataclass(frozen=True, slots=True)
class StoryInput:
    """The inputs of a story on this machine; `sounds` are by their names in the text.

    `feed` is the folder of a podcast feed in which it is published, `book` the EPUB that the
    document was read from.
    """

    document: Document
    music: Path | None = None
    sounds: Mapping[str, Path] = field(default_factory=dict)
    cover: Picture | None = None
    feed: FeedFolder | None = None
    book: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class StoryRun:
    """A finished story; of its outputs the audio comes first and the report last.

    `is_complete` unless a file could not be written or signed. `audio_sha256` is that of the audio,
    empty where it was not signed.
    """

    narration: StoryNarration
    timeline: Timeline
    result: StoryResult
    outputs: tuple[Path, ...]
    is_complete: bool = False
    audio_sha256: str = ""


VerifierSelector = Callable[[ObjectStore], VerifierOpener]


def refuse_for_store(_store: ObjectStore) -> VerifierOpener:
    """Refuse to listen in a process that cannot."""
    return refuse_verifier


@dataclass(frozen=True, slots=True)
class StoryRunner:
    """Narrates stories on one machine; the caller closes the engine."""

    store: FolderStore
    engine: SpeechEngine
    context: JobContext
    open_files: FilesOpener
    open_aligner: AlignerOpener = open_no_aligner
    open_signer: SignerOpener = open_no_signer
    select_verifier: VerifierSelector = refuse_for_store

    def plan(self, document: Document, options: Options) -> SpeechPlan:
        """Plan the speech of a story; spends nothing."""
        return self._build_planner(self.store).plan_source(SourceText(document), options)

    def run_story(
        self, story: StoryInput, options: Options, out: Path, report: Path | None = None
    ) -> StoryRun:
        """Narrate, mix and publish a story; files take the name of `out` with their own suffixes.

        Raises TooExpensive if the new chunks cost more than the limit, Misconfigured if the key of
        signatures cannot be used.
        """
        if options.provenance == "signed":  # a key that cannot be used is reported before anything
            self.open_signer("", (), ())
        with self._open_run(story, options) as (store, folder):
            history = RenderHistory(SegmentCache(self.store), str(resolve_path(out)))
            open_signer = cache(lambda: self._open_audio_signer(folder, options, out))

            def is_finished(identity: str) -> bool:
                return _identify_audio(open_signer(), identity) and not options.needs_cuts

            steps = self._build_steps(store, history, is_finished)
            run_steps(folder, steps, self.context, publishes=True)
            result = folder.read(RESULT, StoryResult)
            stages, signer = self.context.timer.seconds, open_signer()
            files = export_files(store.files, result, stages, out=out, report=report, signer=signer)
            warnings = (*result.warnings, *files.warnings)
            if story.feed is not None:
                signed = signer.files if signer else None
                copier = FeedCopier(folder, result.links["audio"], out, signed)
                warnings = (*warnings, *publish_in_folder(copier, story.feed, options))
            result = replace(result, warnings=warnings)
            run = StoryRun(load_narration(folder), load_timeline(folder), result, files.paths)
            return replace(run, is_complete=not files.warnings, audio_sha256=files.audio_sha256)

    def _open_audio_signer(
        self, folder: RunFolder, options: Options, out: Path
    ) -> AudioSigner | None:
        if options.provenance != "signed":
            return None
        files = open_narration_signer(self.open_signer, folder, load_narration(folder))
        return AudioSigner(files, self.store, out) if files else None

    def stream_story(self, story: StoryInput, options: Options) -> Iterator[bytes]:
        """Narrate a story as MP3 frames that can be played at once, in pieces of a few seconds.

        Raises TooExpensive as `run_story`; after any failure, what is spoken is played first.
        """
        with (
            self._open_run(story, options) as (store, folder),
            ThreadPoolExecutor(1, thread_name_prefix="speech") as pool,
        ):
            steps = self._build_speech_steps(store)
            speech = pool.submit(run_steps, folder, steps, self.context, kind=StoryKind.SPEECH)
            rendition = Rendition(
                folder,
                SoundLibrary(store, store),
                lambda: self.context.processes,
                has_ended=speech.done,
            )
            try:
                yield from rendition.stream(lambda: self.context.processes.is_stopped)
            except BaseException:
                self.context.processes.stop()
                raise
            speech.result()

    @contextmanager
    def _open_run(
        self, story: StoryInput, options: Options
    ) -> Iterator[tuple[RunStore, RunFolder]]:
        """Open the folder of a run, with the request and the music in it."""
        music = self._measure_music(story.music) if story.music else None
        inputs = dict(story.sounds)
        if story.music and music:
            inputs[music.source] = story.music
        given = options.model_dump(exclude_unset=True)
        request = StoryRequest(StoryKind.STORY, "", given, music=music.source if music else "")
        with open_run_store(self.open_files, self.store, inputs=inputs) as store:
            folder = RunFolder(store, RUN_ID, SourceText(story.document, book=story.book))
            if story.cover is not None:
                put_cover(folder, story.cover)
            if music is not None:
                folder.write(SOUNDS, KnownSounds((music,)))
            folder.write(REQUEST, request.to_stored(time.time()))
            yield store, folder

    def _measure_music(self, music: Path) -> SoundFile:
        key = f"{MUSIC_FOLDER}/{music.name.lstrip('.') or 'music'}"
        known = measure_known_music(music, self.store, self.context.processes)
        return replace(known, source=key)

    def _build_steps(
        self, store: RunStore, history: RenderHistory, is_finished: Callable[[str], bool]
    ) -> Mapping[Step, StepFunction]:
        planner = self._build_planner(store)
        processes = planner.new_processes
        mix = StoryMix(store, store, GROUPS, processes, history, is_finished=is_finished)
        publisher = StoryPublisher(
            store,
            store,
            planner.budget,
            new_processes=processes,
            open_aligner=self.open_aligner,
        )
        return {**self._build_speech_steps(store), **mix.steps, **publisher.steps}

    def _build_speech_steps(self, store: RunStore) -> Mapping[Step, StepFunction]:
        return StorySpeech(self._build_planner(store), store, splits_batches=False).steps

    def _lend_engine(
        self,
        name: str,  # noqa: ARG002 - there is only one
        deadline_s: float | None,  # noqa: ARG002 - it cannot be faster
        *,
        speech_marks: bool = False,  # noqa: ARG002 - decided when it was opened
    ) -> AbstractContextManager[SpeechEngine]:
        return nullcontext(self.engine)

    def _build_planner(self, store: ObjectStore) -> SpeechPlanner:
        return SpeechPlanner(
            open_engine=self._lend_engine,
            store=store,
            budget=DailyBudget(store, math.inf),
            max_request_usd=math.inf,
            max_text_chars=sys.maxsize,
            touch_after=NEVER,
            new_processes=lambda: self.context.processes,
            open_verifier=self.select_verifier(store),
        )


@dataclass(frozen=True, slots=True)
class FeedCopier:
    """Copies the files of a finished story to the folder of a feed, signed like those of a run."""

    folder: RunFolder
    audio_key: str
    out: Path
    signer: FileSigner | None

    def copy(self, name: str, path: Path) -> None:
        """Copy a file by its name in the story's folder; the audio is the file of the run."""
        key = self.folder.key(name)
        if key == self.audio_key:
            with open_atomic(path, is_durable=False) as file, self.out.open("rb") as source:
                shutil.copyfileobj(source, file)
            return
        self.folder.store.fetch(key, path)
        if self.signer is not None and path.suffix == self.out.suffix:
            self.signer.sign(path)


def publish_in_folder(copier: FeedCopier, feed: FeedFolder, options: Options) -> tuple[str, ...]:
    """Publish a finished story in the feed of a folder; returns warnings."""
    folder = copier.folder
    content = folder.find(EPISODES, StoryEpisodes)
    if content is None:
        return ("The story could not be published in its feed, because its episode is missing.",)
    story = FolderEpisode(
        content,
        copier.copy,
        options.feed or load_narration(folder).stored.script.metadata.feed,
        folder.store.get(folder.key(COVER)) if folder.has(COVER) else b"",
    )
    return feed.publish(story, time.time(), options.feed_episodes)


def _identify_audio(signer: AudioSigner | None, identity: str) -> bool:
    return signer is not None and signer.identify_audio(identity)
