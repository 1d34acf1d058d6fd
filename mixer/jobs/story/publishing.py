"""The last step of a story that went well: captions, chapters, picture, report, result."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from mixer.files import most_local_bytes
from mixer.jobs.fetching import stopping
from mixer.jobs.mixing import Mix, encoding_of
from mixer.jobs.publishing import captions_of, chapters_of, outline_of, picture_of, report_of
from mixer.jobs.spending import Spending, utc_now
from mixer.jobs.story.besides import made_besides
from mixer.jobs.story.folder import COVER, MIX, TIMELINE, StoryFolder
from mixer.jobs.story.labels import label_of
from mixer.jobs.story.music import kept_sounds
from mixer.jobs.story.reading import close, seen_in, settle
from mixer.jobs.story.takes import Told, told
from mixer.jobs.story.tasks import Task
from mixer.jobs.story.values import JoinedMix, Kind, State, StoryRequest, StoryResult
from mixer.jobs.story.watching import refuse_if_cancelled
from mixer.publish.chapters import PODCAST_TYPE
from mixer.publish.pictures import MEDIA_TYPE
from mixer.publish.tags import Label
from mixer.requests import Options
from mixer.sound.check import Check
from mixer.sound.ffmpeg import Children
from mixer.sound.timeline import Timeline
from mixer.store.objects import ObjectStore

FILES = {
    "captions_vtt": ("story.vtt", "text/vtt; charset=utf-8"),
    "captions_srt": ("story.srt", "application/x-subrip; charset=utf-8"),
    "chapters": ("chapters.json", "application/json"),
    "chapters_json": ("podcast-chapters.json", PODCAST_TYPE),
    "chapters_vtt": ("chapters.vtt", "text/vtt; charset=utf-8"),
    "picture": ("story.png", "image/png"),
    "report": ("report.json", "application/json"),
    "waveform": ("waveform.json", "application/json"),
    "cover": (COVER, MEDIA_TYPE),
    "chapter_files": ("chapters.zip", "application/zip"),
    "read_aloud": ("story.epub", "application/epub+zip"),
}
"""What goes with the audio, by what GET calls it: its name and how it is served."""


@dataclass(frozen=True, slots=True)
class StoryPublisher:
    """Ends stories that went well.

    Attributes:
        store: where stories are kept.
        spending: where callers' entries are settled.
        now: the moment, in UTC.
        job: begins the job of a step; a server that ends may stop them all.
        most_local_bytes: of a finished file of which something is made besides.
    """

    store: ObjectStore
    spending: Spending
    now: Callable[[], datetime] = field(default=utc_now)
    job: Callable[[], Children] = Children
    most_local_bytes: int = field(default_factory=most_local_bytes)

    @property
    def tasks(self) -> dict[str, Task]:
        """What events may ask for."""
        return {"publish": lambda story, attempt, _, until_s: self.publish(story, attempt, until_s)}

    def publish(
        self, story: str, attempt: int, deadline_s: float | None = None
    ) -> dict[str, object]:
        """Keep what goes with the audio, and write down that the story is done.

        Raises:
            OutOfTime: it cannot be done in time.
        """
        folder = StoryFolder(self.store, story)
        refuse_if_cancelled(folder, attempt)
        seen = seen_in(folder)
        kind = seen.request.kind
        if kind is Kind.SPEECH:
            result = _spoken_result(told(folder), attempt)
        else:
            said = None if kind is Kind.MIX else told(folder)
            with stopping(job := self.job(), deadline_s):
                result = self._mixed_result(folder, attempt, seen.request, said, job)
        close(folder, seen, result, self.now())
        settle(seen, self.spending)
        return {}

    def _mixed_result(
        self,
        folder: StoryFolder,
        attempt: int,
        request: StoryRequest,
        said: Told | None,
        job: Children,
    ) -> StoryResult:
        asked = Options.model_validate(request.options)
        timeline, joined = rendered_timeline(folder), folder.read(MIX, JoinedMix)
        peak_dbtp = math.nan if joined.true_peak_dbtp is None else joined.true_peak_dbtp
        mix = Mix(
            timeline=timeline,
            checked=Check(joined.integrated_loudness_lufs, peak_dbtp, (), joined.peaks),
            sounds=kept_sounds(folder),
            preset=asked.preset,
            encoding=encoding_of(asked),
            flaws=_flaws(said) if said else {},
            heard=joined.heard,
        )
        label = label_of(folder, asked, said.stored.script if said else None)
        title = label.fields["title"]
        made: list[str] = ["cover"] if label.cover else []
        warnings = _warnings(said) if said else ()
        if asked.outputs and joined.size_bytes > self.most_local_bytes:
            warnings += (f"Too large a file to make of it: {', '.join(asked.outputs)}.",)
        elif said is not None:
            made += made_besides(
                folder,
                request,
                said,
                timeline=timeline,
                audio=joined.name,
                places=FILES,
                job=job,
            )
        files = _files(label, mix, said, (joined.name, *(FILES[name][0] for name in made)))
        for name, content in files.items():
            path, content_type = FILES[name]
            folder.store.put(folder.key(path), content, content_type=content_type)
        links = {name: folder.key(FILES[name][0]) for name in FILES if name in {*files, *made}}
        return StoryResult(
            state=State.DONE,
            attempt=attempt,
            ended_s=0.0,
            title=title,
            duration_s=round(timeline.duration_s, 3),
            integrated_loudness_lufs=joined.integrated_loudness_lufs,
            true_peak_dbtp=joined.true_peak_dbtp,
            links={"audio": folder.key(joined.name), **links},
            warnings=warnings,
        )


def _spoken_result(said: Told, attempt: int) -> StoryResult:
    heard = [each for each in said.recordings if each]
    return StoryResult(
        state=State.DONE,
        attempt=attempt,
        ended_s=0.0,
        duration_s=round(sum(each.measured.duration_s for each in heard), 3),
        chunk_keys=tuple(each.key for each in heard),
        warnings=_warnings(said),
    )


def rendered_timeline(folder: StoryFolder) -> Timeline:
    """The mix as it was rendered in the end."""
    joined, laid = folder.read(MIX, JoinedMix), folder.read(TIMELINE, Timeline)
    return replace(laid, mastering=joined.mastering or laid.mastering)


def _files(label: Label, mix: Mix, said: Told | None, made: tuple[str, ...]) -> Mapping[str, bytes]:
    """Contents by name; captions and report where it is known what is said."""
    files = chapters_of(mix.timeline, label.fields)
    if mix.checked.peaks:
        picture = picture_of(label.fields["title"], mix)
        files |= {"picture": picture, "waveform": outline_of(mix)}
    if said is None:
        return files
    script = said.stored.script
    files["captions_vtt"], files["captions_srt"] = captions_of(script, said.spoken, mix.timeline)
    files["report"] = report_of(
        script,
        said.stored.delivery,
        mix,
        billed_chars=said.billed_chars,
        unspoken=said.unspoken,
        stages_s={},
        outputs=(*made, *(FILES[name][0] for name in FILES if name in {*files, "report"})),
    )
    return files


def _flaws(said: Told) -> dict[str, Sequence[str]]:
    return {each.key: each.measured.profile.flaws for each in said.recordings if each}


def _warnings(said: Told) -> tuple[str, ...]:
    return (*said.stored.warnings, *(f"Not spoken: {passage}" for passage in said.unspoken))
