"""The last step of a successful story: captions, chapters, picture, report, result.

Each file is independent: one that cannot be made becomes a warning, and the others are published.
"""

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from mixer.errors import MixerError, OutOfTime, StoryCancelled
from mixer.parallel import usable_cores
from mixer.publish import PODCAST_TYPE, FinishedFile
from mixer.publish.timing import chapter_starts
from mixer.requests import Options, OutputName
from mixer.sound import ProcessGroup
from mixer.sound.analysis import Verification
from mixer.sound.formats import COVER_TYPE, AudioTags
from mixer.sound.render import RenderPool
from mixer.store import ObjectStore
from mixer.stories.budget import DailyBudget, utc_now
from mixer.stories.cancellation import raise_if_cancelled, stop_at_deadline
from mixer.stories.folder import COVER, MIX, StoryFolder
from mixer.stories.inputs import (
    SoundLibrary,
    StoryNarration,
    load_narration,
    load_tags,
    load_timeline,
    read_sounds,
)
from mixer.stories.mix_options import select_encoding
from mixer.stories.model import JoinedMix, StoredRequest, StoryKind, StoryResult, StoryState
from mixer.stories.outputs import (
    Mix,
    OutputMaker,
    StemMaker,
    StoredAudio,
    build_captions,
    build_chapters,
    build_outline,
    build_report,
    draw_picture,
)
from mixer.stories.request_files import RequestFolder, open_request_folder
from mixer.stories.status import load_snapshot, settle_budget, write_result
from mixer.stories.tasks import Step, StepCall, StepFunction, StepResult
from mixer.stories.word_times import (
    AlignerOpener,
    build_word_files,
    find_word_times,
    needs_words,
    open_no_aligner,
)

logger = logging.getLogger(__name__)

MAX_ARCHIVE_BYTES = 80 << 30
"""More than the chapters of a thousand hours."""

FILES = {
    "captions_vtt": ("story.vtt", "text/vtt; charset=utf-8"),
    "captions_srt": ("story.srt", "application/x-subrip; charset=utf-8"),
    "chapters": ("chapters.json", "application/json"),
    "chapters_json": ("podcast-chapters.json", PODCAST_TYPE),
    "chapters_vtt": ("chapters.vtt", "text/vtt; charset=utf-8"),
    "picture": ("story.png", "image/png"),
    "report": ("report.json", "application/json"),
    "waveform": ("waveform.json", "application/json"),
    "cover": (COVER, COVER_TYPE),
    "chapter_files": ("chapters.zip", "application/zip"),
    "read_aloud": ("story.epub", "application/epub+zip"),
    "stems": ("stems.zip", "application/zip"),
    "words_json": ("words.json", "application/json"),
    "words_vtt": ("words.vtt", "text/vtt; charset=utf-8"),
    "karaoke_ass": ("story.ass", "text/x-ssa; charset=utf-8"),
}
"""Files that accompany the audio, by their names in the status: name and content type."""


@dataclass(frozen=True, slots=True)
class _FinishedStory:
    """A story whose audio is finished; `narration` is None for a mix of given chunks."""

    folder: StoryFolder
    request: StoredRequest
    options: Options
    joined: JoinedMix
    mix: Mix
    tags: AudioTags
    narration: StoryNarration | None

    @classmethod
    def load(cls, folder: StoryFolder, request: StoredRequest) -> "_FinishedStory":
        """Load a story of which all steps but this one are done."""
        narration = None if request.kind is StoryKind.MIX else load_narration(folder)
        options = Options.model_validate(request.options)
        joined = folder.read(MIX, JoinedMix)
        peak_dbtp = math.nan if joined.true_peak_dbtp is None else joined.true_peak_dbtp
        mix = Mix(
            timeline=load_timeline(folder),
            verification=Verification(joined.integrated_loudness_lufs, peak_dbtp, (), joined.peaks),
            sounds=read_sounds(folder),
            preset=options.preset,
            encoding=select_encoding(options),
            flaws=_flaws(narration) if narration else {},
            measurements=joined.measurements,
        )
        tags = load_tags(folder, options, narration.stored.script if narration else None)
        return cls(folder, request, options, joined, mix, tags, narration)

    def open_maker(self, stems: StemMaker, scratch: RequestFolder) -> OutputMaker:
        """Open the maker of extra outputs."""
        timeline, folder = self.mix.timeline, self.folder
        whole = StoredAudio(folder.store, folder.key(self.joined.name), scratch.path)
        tags = self.tags.with_chapters(chapter_starts(timeline), timeline.duration_s)
        encoding, preset = self.mix.encoding, self.options.preset
        finished = FinishedFile(whole, timeline, encoding, preset, tags)
        by_word = self.options.read_aloud_by == "word"
        return OutputMaker(finished, stems, self.request.created_s, scratch, by_word)


@dataclass(frozen=True, slots=True)
class _PublishedFiles:
    """Stores files by their names in the status, and collects what could not be made."""

    folder: StoryFolder
    names: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def store(self, what: str, build: Callable[[], Mapping[str, bytes]]) -> None:
        """Build and store some files; an error that concerns only them becomes a warning."""
        with self._warn_of(what):
            for name, content in build().items():
                path, content_type = FILES[name]
                self.folder.store.put(self.folder.key(path), content, content_type=content_type)
                self.names.append(name)

    def store_extra(self, output: OutputName, maker: OutputMaker) -> None:
        """Make an extra output as a stream."""
        path, content_type = FILES[output]
        with self._warn_of(output.replace("_", " ")):
            with self.folder.store.open_writer(
                self.folder.key(path), MAX_ARCHIVE_BYTES, content_type
            ) as file:
                maker.write(output, file)
            self.names.append(output)

    @contextmanager
    def _warn_of(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OutOfTime, StoryCancelled):
            raise
        except MixerError as error:
            self.warnings.append(f"The {what} could not be made: {error}")
        except Exception:
            logger.exception("story %s: %s", self.folder.story_id, what)
            self.warnings.append(
                f"The {what} could not be made, for a reason that is in the log of story "
                f"{self.folder.story_id}."
            )

    @property
    def links(self) -> dict[str, str]:
        """Object keys by name, in the order of `FILES`."""
        return {name: self.folder.key(FILES[name][0]) for name in FILES if name in self.names}


@dataclass(frozen=True, slots=True)
class StoryPublisher:
    """Publishes stories; `open_aligner` opens what finds words in recordings."""

    store: ObjectStore
    music: ObjectStore
    budget: DailyBudget
    now: Callable[[], datetime] = field(default=utc_now)
    new_processes: Callable[[], ProcessGroup] = ProcessGroup
    open_aligner: AlignerOpener = open_no_aligner

    @property
    def steps(self) -> dict[Step, StepFunction]:
        """The step of this class."""
        return {Step.PUBLISH: self.publish}

    def publish(self, call: StepCall) -> StepResult:
        """Store the files that accompany the audio, and the result; may raise OutOfTime."""
        folder = call.folder
        raise_if_cancelled(folder, call.attempt)
        snapshot = load_snapshot(folder)
        if snapshot.request.kind is StoryKind.SPEECH:
            result = _build_speech_result(load_narration(folder), call.attempt)
        else:
            with stop_at_deadline(processes := self.new_processes(), call.deadline_s):
                finished = _FinishedStory.load(folder, snapshot.request)
                finished, warnings = self._time_words(finished, call.deadline_s)
                pool = RenderPool(processes, usable_cores(), call.deadline_s)
                library = SoundLibrary(self.music, self.store)
                published = _publish_files(finished, library, pool)
                published.warnings[:0] = warnings
            result = _build_mix_result(finished, published, call.attempt)
        write_result(folder, snapshot, result, self.now())
        settle_budget(snapshot, self.budget)
        return {}

    def _time_words(
        self, story: _FinishedStory, deadline_s: float | None
    ) -> tuple[_FinishedStory, tuple[str, ...]]:
        """Find the words of a story whose outputs need them; returns warnings, too."""
        if story.narration is None or not needs_words(story.options):
            return story, ()
        timed = find_word_times(story.narration, self.open_aligner, deadline_s)
        return replace(story, narration=timed.narration), timed.warnings


def _publish_files(
    story: _FinishedStory, library: SoundLibrary, pool: RenderPool
) -> _PublishedFiles:
    published, mix, narration = _PublishedFiles(story.folder), story.mix, story.narration
    if story.tags.cover:
        published.names.append("cover")
    if narration is not None and story.options.outputs:
        _publish_outputs(published, story, library, pool)
    extra = tuple(published.names)
    published.store("chapter lists", lambda: build_chapters(mix.timeline, story.tags.fields))
    if mix.verification.peaks:
        title = story.tags.fields["title"]
        published.store("picture", lambda: {"picture": draw_picture(title, mix)})
        published.store("waveform", lambda: {"waveform": build_outline(mix)})
    if narration is not None:
        published.store("captions", partial(_build_captions, narration, mix))
        sidecars = [name for name in FILES if name in {*published.names, "report"} - {*extra}]
        names = (story.joined.name, *(FILES[name][0] for name in (*extra, *sidecars)))
        published.store("report", lambda: {"report": build_report(narration, mix, names)})
    return published


def _publish_outputs(
    published: _PublishedFiles,
    story: _FinishedStory,
    library: SoundLibrary,
    pool: RenderPool,
) -> None:
    if story.narration is None:
        return
    stems = StemMaker(story.folder.store, library, story.mix, story.narration, pool)
    with open_request_folder() as scratch:
        maker = story.open_maker(stems, scratch)
        for output in dict.fromkeys(story.options.outputs):
            if output == "words":
                timed = partial(build_word_files, story.narration, story.mix.timeline)
                published.store("word times", timed)
            else:
                published.store_extra(output, maker)


def _build_captions(narration: StoryNarration, mix: Mix) -> dict[str, bytes]:
    script, chunks = narration.stored.script, narration.recorded_chunks
    vtt, srt = build_captions(script, chunks, mix.timeline)
    return {"captions_vtt": vtt, "captions_srt": srt}


def _build_mix_result(
    story: _FinishedStory, published: _PublishedFiles, attempt: int
) -> StoryResult:
    warnings = _warnings(story.narration) if story.narration else ()
    return StoryResult(
        state=StoryState.DONE,
        attempt=attempt,
        ended_s=0.0,
        title=story.tags.fields["title"],
        duration_s=round(story.mix.timeline.duration_s, 3),
        integrated_loudness_lufs=story.joined.integrated_loudness_lufs,
        true_peak_dbtp=story.joined.true_peak_dbtp,
        links={"audio": story.folder.key(story.joined.name), **published.links},
        warnings=(*warnings, *published.warnings),
    )


def _build_speech_result(narration: StoryNarration, attempt: int) -> StoryResult:
    recordings = [each for each in narration.recordings if each]
    return StoryResult(
        state=StoryState.DONE,
        attempt=attempt,
        ended_s=0.0,
        duration_s=round(sum(each.measured.duration_s for each in recordings), 3),
        chunk_keys=tuple(each.key for each in recordings),
        warnings=_warnings(narration),
    )


def _flaws(narration: StoryNarration) -> dict[str, Sequence[str]]:
    return {each.key: each.measured.profile.flaws for each in narration.recordings if each}


def _warnings(narration: StoryNarration) -> tuple[str, ...]:
    return (
        *narration.stored.warnings,
        *(f"Not spoken: {passage}" for passage in narration.unspoken),
    )
