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

from mixer.jobs.mixing import Desk, music_found
from mixer.jobs.remembering import Memory
from mixer.jobs.spending import Spending, utc_now
from mixer.jobs.story.folder import PREFIX, REQUEST, RESULT, SOUNDS, TEXT, StoryFolder
from mixer.jobs.story.handing_out import handed_out
from mixer.jobs.story.labels import put_cover
from mixer.jobs.story.mix import StoryMix
from mixer.jobs.story.music import content_digest
from mixer.jobs.story.progress import Watching
from mixer.jobs.story.publishing import StoryPublisher, rendered_timeline
from mixer.jobs.story.running import Run
from mixer.jobs.story.speech import StorySpeech
from mixer.jobs.story.takes import Told, told
from mixer.jobs.story.tasks import Answer, Event, Task
from mixer.jobs.story.values import Kind, KnownSounds, StoryRequest, StoryResult
from mixer.jobs.synthesis import Synthesizer, always
from mixer.publish.pictures import Picture
from mixer.requests import Options
from mixer.sound.cues import Music
from mixer.sound.shelf import Shelf
from mixer.sound.timeline import Timeline
from mixer.speech.engine import SpeechEngine
from mixer.store.folder import FolderStore

OWN = "narrate-"
"""How the names of such folders begin; no id of a story does, so no server takes them up."""

LEFT_BEHIND = timedelta(days=1)
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
class Telling:
    """A story told.

    Attributes:
        said: what was to be said, and how it was.
        timeline: of the mix.
        result: what came of it.
        outputs: the files that were made, the audio first, the report last.
    """

    said: Told
    timeline: Timeline
    result: StoryResult
    outputs: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells stories on one machine.

    Attributes:
        store: keeps the chunks and the segments.
        speech: speaks, into that store.
        desk: times and tells what is done; stopping its job ends the work at once.
    """

    store: FolderStore
    speech: Synthesizer
    desk: Desk

    @classmethod
    def of(cls, store: FolderStore, engine: SpeechEngine, desk: Desk) -> "Teller":
        """A teller that may spend what the options of a story allow, and say as much as it likes.

        Args:
            store: keeps the chunks and the segments.
            engine: says them all, and is closed by whoever has opened it.
            desk: times and tells what is done.
        """
        speech = Synthesizer(
            open_engine=always(engine),
            store=store,
            bucket="",
            spending=Spending(store, math.inf),
            max_request_usd=math.inf,
            max_text_chars=sys.maxsize,
            refresh_after=NEVER,
            job=lambda: desk.children,
        )
        return cls(store, speech, desk)

    def tell(
        self,
        text: bytes,
        asked: Options,
        *,
        music: Path | None,
        sounds: Mapping[str, Path] = NO_SOUNDS,
        cover: Picture | None = None,
        out: Path,
        report: Path | None = None,
    ) -> Telling:
        """Narrate, mix and publish a story; files take the name of `out` with their own endings.

        Args:
            text: as somebody would upload it: in UTF-8, or a book.
            asked: how it shall be told.
            music: a sound file to lie under it, checked before anything is said.
            sounds: the files that the text names, by their names in it; likewise.
            cover: a picture; None for the story's own.
            out: the finished file.
            report: where the report goes; beside it when None.

        Raises:
            TooExpensive: what is not in the store yet costs more than was allowed.
        """
        bed = music_found(self.desk, music)
        memory = Memory(Shelf(self.store), str(out.resolve()))
        with (
            _lent(bed, sounds) as (library, known),
            self._folder() as folder,
            closing(Watching(self.desk.stages.tell)) as watching,
        ):
            self._keep(folder, text, asked, known)
            if cover is not None:
                put_cover(folder, cover)
            tasks = self._tasks(library, memory, watching)

            def invoke(event: Event) -> Answer:
                return tasks[event["task"]](folder.story_id, ATTEMPT, event, None)

            Run(invoke, folder.story_id, ATTEMPT, watch=watching).steps(Kind.STORY)
            result = folder.read(RESULT, StoryResult)
            stages_s = self.desk.stages.seconds
            outputs = handed_out(self.store, result, stages_s, out=out, report=report)
            return Telling(told(folder), rendered_timeline(folder), result, outputs)

    def _tasks(
        self, library: FolderStore, memory: Memory, watching: Watching
    ) -> Mapping[str, Task]:
        mix = StoryMix(
            self.store,
            library,
            WORKERS,
            job=lambda: self.desk.children,
            tell_share=watching.inside,
            memory=memory,
        )
        publisher = StoryPublisher(self.store, self.speech.spending, job=lambda: self.desk.children)
        speech = StorySpeech(self.speech, library, tell_batch=watching.inside_batch)
        return {**speech.tasks, **mix.tasks, **publisher.tasks}

    @contextmanager
    def _folder(self) -> Iterator[StoryFolder]:
        """A folder for this run alone; what killed runs have left goes as well."""
        self._sweep()
        folder = StoryFolder(self.store, f"{OWN}{token_hex(8)}")
        try:
            yield folder
        except BaseException:
            self.desk.children.stop()
            raise
        finally:
            self.store.remove(f"{PREFIX}{folder.story_id}")

    def _sweep(self) -> None:
        youngest: dict[str, datetime] = {}
        for each in self.store.list(f"{PREFIX}{OWN}"):
            name = each.key.removeprefix(PREFIX).partition("/")[0]
            youngest[name] = max(each.modified, youngest.get(name, each.modified))
        for name, modified in youngest.items():
            if datetime.now(UTC) - modified > LEFT_BEHIND:
                self.store.remove(f"{PREFIX}{name}")

    def _keep(self, folder: StoryFolder, text: bytes, asked: Options, music: Music | None) -> None:
        """Write down what is asked for."""
        self.store.put(folder.key(TEXT), text)
        if music is not None:
            folder.write(SOUNDS, KnownSounds((music,)))
        request = StoryRequest(
            kind=Kind.STORY,
            caller="",
            fingerprint="",
            created_s=utc_now().timestamp(),
            options=asked.model_dump(exclude_unset=True),
            text_key=folder.key(TEXT),
            music=music.source if music else "",
        )
        folder.write(REQUEST, request)


@contextmanager
def _lent(
    bed: tuple[Path, Music] | None, sounds: Mapping[str, Path]
) -> Iterator[tuple[FolderStore, Music | None]]:
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
            known = Music(key, music.measured, content_digest(path))
        yield library, known
