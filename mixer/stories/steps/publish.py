"""The last step of a successful story: captions, chapters, picture, report, result.

Each file is independent: one that cannot be made becomes a warning, and the others are published.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from mixer.errors import MixerError
from mixer.feeds import FeedService
from mixer.output_options import TEXT_OUTPUTS
from mixer.parallel import usable_cores
from mixer.publish.provenance import SignerOpener, open_no_signer
from mixer.sound import ProcessGroup
from mixer.sound.render import RenderPool
from mixer.store import ObjectStore
from mixer.stories.budget import DailyBudget, utc_now
from mixer.stories.folder import LOST_COVER
from mixer.stories.inputs import (
    SoundLibrary,
    StoryNarration,
    load_narration,
)
from mixer.stories.model import StoryKind, StoryResult, StoryState
from mixer.stories.outputs import (
    Mix,
    OutputMaker,
    StemMaker,
    build_captions,
    build_chapters,
    build_outline,
    build_report,
    draw_picture,
)
from mixer.stories.request_files import open_request_folder
from mixer.stories.signers import StorySigner, open_narration_signer
from mixer.stories.source_text import load_book
from mixer.stories.status import load_snapshot, settle_budget, write_result
from mixer.stories.steps.finished_story import (
    FILES,
    EpisodeMaker,
    FinishedStory,
    PublishedFiles,
    publish_episodes,
)
from mixer.stories.tasks import (
    Step,
    StepCall,
    StepFunction,
    StepResult,
    raise_if_cancelled,
    stop_at_deadline,
)
from mixer.stories.word_times import (
    AlignerOpener,
    build_word_files,
    find_word_times,
    needs_words,
    open_no_aligner,
)
from mixer.targets import load_targets

LOST_COVER_WARNING = (
    "The cover was damaged in the store and could not be made again: upload it again and send it "
    "as cover."
)


@dataclass(frozen=True, slots=True)
class StoryPublisher:
    """Publishes stories; `open_aligner` opens what finds words in recordings."""

    store: ObjectStore
    music: ObjectStore
    budget: DailyBudget
    now: Callable[[], datetime] = field(default=utc_now)
    new_processes: Callable[[], ProcessGroup] = ProcessGroup
    open_aligner: AlignerOpener = open_no_aligner
    feeds: FeedService | None = None
    open_signer: SignerOpener = open_no_signer

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
                finished = FinishedStory.load(folder, snapshot.request)
                finished, warnings = self._time_words(finished, call.deadline_s)
                finished, signer_warnings = self._open_signer(finished)
                pool = RenderPool(processes, usable_cores(), call.deadline_s)
                library = SoundLibrary(self.music, self.store)
                published = _publish_files(finished, library, pool)
                published.warnings[:0] = (*warnings, *signer_warnings)
                finished = _sign_files(finished, published)
                self._publish_episodes(finished, published, pool)
            result = _build_mix_result(finished, published, call.attempt)
        write_result(folder, snapshot, result, self.now())
        settle_budget(snapshot, self.budget)
        return {}

    def _time_words(
        self, story: FinishedStory, deadline_s: float | None
    ) -> tuple[FinishedStory, tuple[str, ...]]:
        """Find the words of a story whose outputs need them; returns warnings, too."""
        if story.narration is None or not needs_words(story.options):
            return story, ()
        timed = find_word_times(story.narration, self.open_aligner, deadline_s)
        return replace(story, narration=timed.narration), timed.warnings

    def _open_signer(self, story: FinishedStory) -> tuple[FinishedStory, tuple[str, ...]]:
        """Open the signer of a story, if it is to be signed; returns warnings, too."""
        narration, folder = story.narration, story.folder
        if narration is None or story.options.provenance != "signed":
            return story, ()
        try:
            signer = open_narration_signer(self.open_signer, folder, narration)
        except MixerError as error:
            return story, (f"The files carry tags only, because they cannot be signed: {error}",)
        return replace(story, signer=StorySigner(folder, signer) if signer else None), ()

    def _publish_episodes(
        self, story: FinishedStory, published: PublishedFiles, pool: RenderPool
    ) -> None:
        texts = story.texts
        if texts is None:
            return
        with open_request_folder() as scratch:
            maker = EpisodeMaker(story, texts, published, pool.processes)
            publish_episodes(maker, story.open_file(scratch), self.feeds)


def _publish_files(story: FinishedStory, library: SoundLibrary, pool: RenderPool) -> PublishedFiles:
    published, mix, narration = PublishedFiles(story.folder), story.mix, story.narration
    if story.tags.cover:
        published.names.append("cover")
    elif story.folder.has(LOST_COVER):
        published.warnings.append(LOST_COVER_WARNING)
    if narration is not None and story.options.outputs:
        _publish_outputs(published, story, library, pool)
        _publish_texts(published, story)
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
        check = narration.check_speech(mix.timeline)
        published.store("report", lambda: {"report": build_report(narration, mix, names, check)})
        published.warnings.extend(check.describe() if check else ())
    return published


def _sign_files(story: FinishedStory, published: PublishedFiles) -> FinishedStory:
    """Sign what was made, after all that is cut out of it; the report says so."""
    signer, joined = story.signer, story.joined
    if signer is None:
        return story
    with published.warn_of("signature"):
        content_type = story.mix.encoding.kind.content_type
        size_bytes, has_sidecar = signer.sign_stored(joined.name, content_type)
        published.names.extend(["credentials"] if has_sidecar else [])
        if "read_aloud" in published.names:
            signer.sign_stored(*FILES["read_aloud"])
        joined = replace(joined, size_bytes=size_bytes)
    published.warnings.extend(signer.failures)
    if "report" in published.names:
        report = json.loads(story.folder.store.get(published.links["report"]))
        report["provenance"] = signer.describe()
        content = f"{json.dumps(report, ensure_ascii=False, indent=2)}\n".encode()
        published.store("report", lambda: {"report": content})
    return replace(story, joined=joined)


def _publish_outputs(
    published: PublishedFiles,
    story: FinishedStory,
    library: SoundLibrary,
    pool: RenderPool,
) -> None:
    if story.narration is None:
        return
    stems = StemMaker(story.folder.store, library, story.mix, story.narration, pool)
    with open_request_folder() as scratch:
        finished = story.open_file(scratch)
        book = partial(load_book, story.folder, story.request, story.options, pool.deadline_s)
        maker = OutputMaker(finished, stems, story.request.created_s, scratch, book, story.options)
        for output in dict.fromkeys(story.options.outputs):
            if output == "words":
                timed = partial(build_word_files, story.narration, story.mix.timeline)
                published.store("word times", timed)
            elif output not in TEXT_OUTPUTS:
                published.store_extra(output, maker)


def _publish_texts(published: PublishedFiles, story: FinishedStory) -> None:
    if (texts := story.texts) is not None:
        if "notes" in story.options.outputs:
            published.store("notes", texts.build_notes)
        if "transcript" in story.options.outputs:
            published.store("transcript", texts.build_transcript)


def _build_captions(narration: StoryNarration, mix: Mix) -> dict[str, bytes]:
    script, chunks = narration.stored.script, narration.recorded_chunks
    vtt, srt = build_captions(script, chunks, mix.timeline)
    return {"captions_vtt": vtt, "captions_srt": srt}


def _build_mix_result(story: FinishedStory, published: PublishedFiles, attempt: int) -> StoryResult:
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
        warnings=(*warnings, *published.warnings, *_list_broken_rules(story)),
    )


def _list_broken_rules(story: FinishedStory) -> Iterator[str]:
    measured = story.joined.measurements
    rules = {"the preset": measured.rules if measured else ()}
    if target := load_targets().get(story.options.target or ""):
        rules[target.title] = tuple(story.full_tags.check_target(target))
    for owner, checked in rules.items():
        broken = (each for each in checked if not each.passed)
        yield from (f"A rule of {owner} is broken. {each.sentence}" for each in broken)


def _build_speech_result(narration: StoryNarration, attempt: int) -> StoryResult:
    recordings = [each for each in narration.recordings if each]
    check = narration.check_speech()
    return StoryResult(
        state=StoryState.DONE,
        attempt=attempt,
        ended_s=0.0,
        duration_s=round(sum(each.measured.duration_s for each in recordings), 3),
        chunk_keys=tuple(each.key for each in recordings),
        warnings=(*_warnings(narration), *(check.describe() if check else ())),
    )


def _warnings(narration: StoryNarration) -> tuple[str, ...]:
    return (
        *narration.stored.warnings,
        *(f"Not spoken: {passage}" for passage in narration.unspoken),
    )
