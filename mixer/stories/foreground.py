"""A story told at once, in the foreground of one process: what `mixer narrate` does.

The tasks are those of every story, and `running` calls them in their order. The story's folder is
this run's own and goes with it: all that is worth keeping, spoken chunks and rendered segments,
lies in the store under addresses of its contents, where the next run finds it, whatever ended this
one and whatever was edited meanwhile.

The price: what lies between two steps is written down and read again (measured on the sample
story: see docs/decisions.md).
"""

import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from types import MappingProxyType

from mixer.publish.cover import Picture
from mixer.requests import Options
from mixer.sound.arrange.cues import SoundFile
from mixer.sound.render.render_history import RenderHistory
from mixer.sound.render.segment_cache import SegmentCache
from mixer.sound.timeline import Timeline
from mixer.speech.engine import SpeechEngine
from mixer.store.folder import FolderStore
from mixer.stories.budget import DailyBudget, utc_now
from mixer.stories.export import export_files
from mixer.stories.folder import PREFIX, REQUEST, RESULT, SOUNDS, TEXT, StoryFolder
from mixer.stories.mix_pipeline import JobContext, measure_music
from mixer.stories.model import KnownSounds, StoredRequest, StoryKind, StoryResult
from mixer.stories.progress import StageReporter
from mixer.stories.sounds import hash_file
from mixer.stories.speech_service import SpeechService, reuse_engine
from mixer.stories.steps.mix import StoryMix
from mixer.stories.steps.publish import StoryPublisher, load_timeline
from mixer.stories.steps.speech import StorySpeech
from mixer.stories.tags import put_cover
from mixer.stories.takes import StoryNarration, load_narration
from mixer.stories.tasks import Answer, Event, Task
from mixer.stories.workflow import Workflow

FOLDER_PREFIX = "narrate-"
"""How the names of such folders begin; no id of a story does, so no server takes them up."""

STALE_AFTER = timedelta(days=1)
"""Longer than any telling takes: what is older was left by a process that was killed."""

NEVER = timedelta(days=36_500)
"""Chunks of a folder are not made young: nobody deletes them by their age."""

WORKERS = 1
"""One process renders; a long story has more groups than that (`mix.MOST_REELS`)."""

ATTEMPT = 1

MUSIC_FOLDER = "--music"
"""Of the library: apart from the files that a text names."""

NO_SOUNDS: Mapping[str, Path] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StoryRun:
    """A story told.

    Attributes:
        narration: what was to be said, and how it was.
        timeline: of the mix.
        result: what came of it.
        outputs: the files that were made, the audio first, the report last.
    """

    narration: StoryNarration
    timeline: Timeline
    result: StoryResult
    outputs: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class StoryRunner:
    """Tells stories on one machine.

    Attributes:
        store: keeps the chunks and the segments.
        speech_service: speaks, into that store.
        context: times and tells what is done; stopping its job ends the work at once.
    """

    store: FolderStore
    speech_service: SpeechService
    context: JobContext

    @classmethod
    def of(cls, store: FolderStore, engine: SpeechEngine, context: JobContext) -> "StoryRunner":
        """A teller that may spend what the options of a story allow, and say as much as it likes.

        Args:
            store: keeps the chunks and the segments.
            engine: says them all, and is closed by whoever has opened it.
            context: times and tells what is done.
        """
        speech = SpeechService(
            open_engine=reuse_engine(engine),
            store=store,
            bucket="",
            budget=DailyBudget(store, math.inf),
            max_request_usd=math.inf,
            max_text_chars=sys.maxsize,
            touch_after=NEVER,
            new_processes=lambda: context.processes,
        )
        return cls(store, speech, context)

    def run_story(
        self,
        text: bytes,
        options: Options,
        *,
        music: Path | None,
        sounds: Mapping[str, Path] = NO_SOUNDS,
        cover: Picture | None = None,
        out: Path,
        report: Path | None = None,
    ) -> StoryRun:
        """Narrate, mix and publish a story; files take the name of `out` with their own endings.

        Args:
            text: as somebody would upload it: in UTF-8, or a book.
            options: how it shall be told.
            music: a sound file to lie under it, checked before anything is said.
            sounds: the files that the text names, by their names in it; likewise.
            cover: a picture; None for the story's own.
            out: the finished file.
            report: where the report goes; beside it when None.

        Raises:
            TooExpensive: what is not in the store yet costs more than was allowed.
        """
        bed = measure_music(self.context, music)
        memory = RenderHistory(SegmentCache(self.store), str(out.resolve()))
        with (
            _open_library(bed, sounds) as (library, known),
            self._open_folder() as folder,
            closing(StageReporter(self.context.timer.report_progress)) as watching,
        ):
            self._write_request(folder, text, options, known)
            if cover is not None:
                put_cover(folder, cover)
            tasks = self._build_tasks(library, memory, watching)

            def invoke(event: Event) -> Answer:
                return tasks[event["task"]](folder.story_id, ATTEMPT, event, None)

            Workflow(invoke, folder.story_id, ATTEMPT, progress=watching).run_steps(StoryKind.STORY)
            result = folder.read(RESULT, StoryResult)
            stages_s = self.context.timer.seconds
            outputs = export_files(self.store, result, stages_s, out=out, report=report)
            return StoryRun(load_narration(folder), load_timeline(folder), result, outputs)

    def _build_tasks(
        self, library: FolderStore, history: RenderHistory, reporter: StageReporter
    ) -> Mapping[str, Task]:
        mix = StoryMix(
            self.store,
            library,
            WORKERS,
            new_processes=lambda: self.context.processes,
            progress=reporter.report_share,
            history=history,
        )
        publisher = StoryPublisher(
            self.store, self.speech_service.budget, new_processes=lambda: self.context.processes
        )
        speech = StorySpeech(
            self.speech_service, library, batch_progress=reporter.report_batch_share
        )
        return {**speech.tasks, **mix.tasks, **publisher.tasks}

    @contextmanager
    def _open_folder(self) -> Iterator[StoryFolder]:
        """A folder for this run alone; what killed runs have left goes as well."""
        self._delete_stale_folders()
        folder = StoryFolder(self.store, f"{FOLDER_PREFIX}{token_hex(8)}")
        try:
            yield folder
        except BaseException:
            self.context.processes.stop()
            raise
        finally:
            self.store.delete_folder(f"{PREFIX}{folder.story_id}")

    def _delete_stale_folders(self) -> None:
        youngest: dict[str, datetime] = {}
        for each in self.store.list(f"{PREFIX}{FOLDER_PREFIX}"):
            name = each.key.removeprefix(PREFIX).partition("/")[0]
            youngest[name] = max(each.modified, youngest.get(name, each.modified))
        for name, modified in youngest.items():
            if datetime.now(UTC) - modified > STALE_AFTER:
                self.store.delete_folder(f"{PREFIX}{name}")

    def _write_request(
        self, folder: StoryFolder, text: bytes, options: Options, music: SoundFile | None
    ) -> None:
        """Write down what is asked for."""
        self.store.put(folder.key(TEXT), text)
        if music is not None:
            folder.write(SOUNDS, KnownSounds((music,)))
        request = StoredRequest(
            kind=StoryKind.STORY,
            caller="",
            fingerprint="",
            created_s=utc_now().timestamp(),
            options=options.model_dump(exclude_unset=True),
            text_key=folder.key(TEXT),
            music=music.source if music else "",
        )
        folder.write(REQUEST, request)


@contextmanager
def _open_library(
    bed: tuple[Path, SoundFile] | None, sounds: Mapping[str, Path]
) -> Iterator[tuple[FolderStore, SoundFile | None]]:
    """A library of what this story plays, and its music as it is known there.

    Sounds are there under the names that the text gives them.
    """
    with TemporaryDirectory(prefix="mixstory-") as folder:
        library, known = FolderStore(Path(folder)), None
        for name, path in sounds.items():
            library.put(name, path)
        if bed is not None:
            path, music = bed
            key = f"{MUSIC_FOLDER}/{path.name.lstrip('.') or 'music'}"
            library.put(key, path)
            known = SoundFile(key, music.measured, hash_file(path))
        yield library, known
