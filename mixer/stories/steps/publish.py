"""The last step of a successful story: captions, chapters, picture, report, result."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mixer.publish import PODCAST_TYPE
from mixer.requests import Options
from mixer.sound import ProcessGroup
from mixer.sound.analysis import Verification
from mixer.sound.formats import COVER_TYPE, AudioTags
from mixer.store import ObjectStore
from mixer.stories.budget import DailyBudget, utc_now
from mixer.stories.cancellation import raise_if_cancelled
from mixer.stories.extra_outputs import make_extra_outputs
from mixer.stories.folder import COVER, MIX, StoryFolder
from mixer.stories.mix_pipeline import Mix, select_encoding
from mixer.stories.model import JoinedMix, StoredRequest, StoryKind, StoryResult, StoryState
from mixer.stories.sidecars import (
    build_captions,
    build_chapters,
    build_outline,
    build_report,
    draw_picture,
)
from mixer.stories.snapshot import load_snapshot, settle_budget, write_result
from mixer.stories.sounds import read_sounds
from mixer.stories.tags import load_tags
from mixer.stories.takes import StoryNarration, load_narration, load_timeline
from mixer.stories.tasks import Step, StepCall, StepFunction, StepResult
from mixer.stories.workspace import stop_at_deadline

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
}
"""Files that accompany the audio, by their names in the status: name and content type."""


@dataclass(frozen=True, slots=True)
class StoryPublisher:
    """Publishes stories."""

    store: ObjectStore
    budget: DailyBudget
    now: Callable[[], datetime] = field(default=utc_now)
    new_processes: Callable[[], ProcessGroup] = ProcessGroup

    @property
    def steps(self) -> dict[Step, StepFunction]:
        """The step of this class."""
        return {Step.PUBLISH: self.publish}

    def publish(self, call: StepCall) -> StepResult:
        """Store the files that accompany the audio, and the result; may raise OutOfTime."""
        folder = call.folder
        raise_if_cancelled(folder, call.attempt)
        snapshot = load_snapshot(folder)
        kind = snapshot.request.kind
        if kind is StoryKind.SPEECH:
            result = _build_speech_result(load_narration(folder), call.attempt)
        else:
            narration = None if kind is StoryKind.MIX else load_narration(folder)
            with stop_at_deadline(processes := self.new_processes(), call.deadline_s):
                result = self._build_mix_result(
                    folder, call.attempt, snapshot.request, narration, processes
                )
        write_result(folder, snapshot, result, self.now())
        settle_budget(snapshot, self.budget)
        return {}

    def _build_mix_result(
        self,
        folder: StoryFolder,
        attempt: int,
        request: StoredRequest,
        narration: StoryNarration | None,
        processes: ProcessGroup,
    ) -> StoryResult:
        options = Options.model_validate(request.options)
        timeline, joined = load_timeline(folder), folder.read(MIX, JoinedMix)
        peak_dbtp = math.nan if joined.true_peak_dbtp is None else joined.true_peak_dbtp
        mix = Mix(
            timeline=timeline,
            verification=Verification(joined.integrated_loudness_lufs, peak_dbtp, (), joined.peaks),
            sounds=read_sounds(folder),
            preset=options.preset,
            encoding=select_encoding(options),
            flaws=_flaws(narration) if narration else {},
            measurements=joined.measurements,
        )
        label = load_tags(folder, options, narration.stored.script if narration else None)
        title = label.fields["title"]
        made: list[str] = ["cover"] if label.cover else []
        warnings = _warnings(narration) if narration else ()
        if narration is not None:
            made += make_extra_outputs(
                folder,
                request,
                narration,
                timeline=timeline,
                audio_name=joined.name,
                output_files=FILES,
                processes=processes,
            )
        files = _build_files(
            label, mix, narration, (joined.name, *(FILES[name][0] for name in made))
        )
        for name, content in files.items():
            path, content_type = FILES[name]
            folder.store.put(folder.key(path), content, content_type=content_type)
        links = {name: folder.key(FILES[name][0]) for name in FILES if name in {*files, *made}}
        return StoryResult(
            state=StoryState.DONE,
            attempt=attempt,
            ended_s=0.0,
            title=title,
            duration_s=round(timeline.duration_s, 3),
            integrated_loudness_lufs=joined.integrated_loudness_lufs,
            true_peak_dbtp=joined.true_peak_dbtp,
            links={"audio": folder.key(joined.name), **links},
            warnings=warnings,
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


def _build_files(
    tags: AudioTags, mix: Mix, narration: StoryNarration | None, output_names: tuple[str, ...]
) -> Mapping[str, bytes]:
    files = build_chapters(mix.timeline, tags.fields)
    if mix.verification.peaks:
        picture = draw_picture(tags.fields["title"], mix)
        files |= {"picture": picture, "waveform": build_outline(mix)}
    if narration is None:
        return files
    script = narration.stored.script
    files["captions_vtt"], files["captions_srt"] = build_captions(
        script, narration.recorded_chunks, mix.timeline
    )
    files["report"] = build_report(
        script,
        narration.stored.delivery,
        mix,
        billed_chars=narration.billed_chars,
        unspoken=narration.unspoken,
        stages_s={},
        outputs=(*output_names, *(FILES[name][0] for name in FILES if name in {*files, "report"})),
    )
    return files


def _flaws(narration: StoryNarration) -> dict[str, Sequence[str]]:
    return {each.key: each.measured.profile.flaws for each in narration.recordings if each}


def _warnings(narration: StoryNarration) -> tuple[str, ...]:
    return (
        *narration.stored.warnings,
        *(f"Not spoken: {passage}" for passage in narration.unspoken),
    )
