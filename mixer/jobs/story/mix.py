"""The steps that mix: lay out, render a group of segments, join them.

The layout is decided once and written down. The segments of a group are rendered on all cores of
whoever renders it, and kept in the store under addresses of their contents, so whatever an earlier
attempt, or an earlier story, has rendered is not rendered again. Joining pours them into one file,
hears it as a listener's player would, and keeps it; an MP3 too large for the disk is joined inside
the store, unheard.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from mixer.errors import OutOfTime, StoryCancelled
from mixer.files import most_local_bytes
from mixer.jobs.fetching import stopping
from mixer.jobs.mixing import encoding_of, mix_style
from mixer.jobs.remembering import Memory
from mixer.jobs.story.folder import (
    MIX,
    REQUEST,
    SEGMENTS,
    TIMELINE,
    StoryFolder,
)
from mixer.jobs.story.labels import keep_cover
from mixer.jobs.story.music import Library, sounds_of
from mixer.jobs.story.names import rendered_name, rendered_prefix
from mixer.jobs.story.reading import listed_in
from mixer.jobs.story.rendering import (
    Rendering,
    TellShare,
    is_shared_out,
    story_reels,
    unheard,
)
from mixer.jobs.story.sharing import costs, shared_out
from mixer.jobs.story.takes import takes_of
from mixer.jobs.story.tasks import Task
from mixer.jobs.story.values import Kind, Layout, StoryRequest
from mixer.jobs.story.watching import refuse_if_cancelled, stopped_when_cancelled
from mixer.parallel import usable_cores
from mixer.requests import Options
from mixer.sound.encoders import Encoding
from mixer.sound.ffmpeg import Children
from mixer.sound.layout import lay_out
from mixer.sound.reels import Crew
from mixer.sound.timeline import Timeline
from mixer.store.objects import ObjectStore

MOST_REELS = 100
"""Of a group: some minutes on one core, well below what Lambda allows a call. (The longer reels of
a file that is joined inside the store are fewer than that for each of sixty workers.)"""


@dataclass(frozen=True, slots=True)
class StoryMix:
    """Mixes stories. Safe for many threads.

    Attributes:
        store: where stories, chunks and segments are kept.
        music: where music is found.
        workers: for how many calls the segments are shared out.
        job: begins the job of a step; a server that ends may stop them all.
        tell_share: told the share of the step at work that is done.
        memory: of earlier versions of the same mix; None to remember nothing.
        most_local_bytes: of a finished file that is joined on the disk of a step; a larger MP3 is
            joined inside the store.
    """

    store: ObjectStore
    music: ObjectStore
    workers: int = 60
    job: Callable[[], Children] = Children
    tell_share: TellShare = unheard
    memory: Memory | None = None
    most_local_bytes: int = field(default_factory=most_local_bytes)

    @property
    def tasks(self) -> dict[str, Task]:
        """What events may ask for."""
        return {
            "lay_out": lambda story, attempt, *_: {"groups": self.lay_out(story, attempt)},
            "render": lambda story, attempt, event, until_s: {
                "segments": self.render(story, attempt, int(event["group"]), until_s)
            },
            "join": lambda story, attempt, _, until_s: self.join(story, attempt, until_s),
        }

    def lay_out(self, story: str, attempt: int) -> list[int]:
        """Decide the mix, and who renders what of it.

        Returns:
            The groups of segments that are still to be rendered.

        Raises:
            NothingSpoken: the voice can read nothing of this text.
            BadInput: there is nothing to hear.
        """
        folder = StoryFolder(self.store, story)
        refuse_if_cancelled(folder, attempt)
        layout = folder.find(SEGMENTS, Layout)
        if layout is None:
            timeline, encoding = self._first_laid_out(folder)
            folder.write(TIMELINE, timeline)
            layout = self._shared_out(timeline, encoding)
            folder.write(SEGMENTS, layout)
        seen = listed_in(folder)
        return [group for group in range(len(layout.groups)) if group not in seen.groups]

    def render(self, story: str, attempt: int, group: int, deadline_s: float | None = None) -> int:
        """Have every segment of a group in the store.

        Returns:
            How many it has.

        Raises:
            OutOfTime: they cannot be done in time; those that are done are kept.
            StoryCancelled: somebody has cancelled the story.
        """
        folder = StoryFolder(self.store, story)
        refuse_if_cancelled(folder, attempt)
        first, end = folder.read(SEGMENTS, Layout).groups[group]
        if not any(True for _ in folder.names(rendered_prefix(group))):
            with self._at_work(folder, attempt, deadline_s) as work:
                keys = work.rendered(work.reels[first:end])
            folder.write(rendered_name(group, end - first), {"keys": keys})
        return end - first

    def join(self, story: str, attempt: int, deadline_s: float | None = None) -> dict[str, object]:
        """Have the finished audio in the store, checked.

        Raises:
            OutOfTime: it cannot be done in time.
            StoryCancelled: somebody has cancelled the story.
        """
        folder = StoryFolder(self.store, story)
        refuse_if_cancelled(folder, attempt)
        if folder.has(MIX):
            return {}
        with self._at_work(folder, attempt, deadline_s) as work:
            joined = work.joined(folder)
        folder.write(MIX, joined)
        return {}

    def _first_laid_out(self, folder: StoryFolder) -> tuple[Timeline, Encoding]:
        """The mix as it is rendered first; with a memory, as near as may be to what it was."""
        if self.memory is None:
            return self._laid_out(folder)
        timeline, encoding = self._laid_out(folder, self.memory.off_by_lu())
        return self.memory.remastered(timeline), encoding

    def _laid_out(self, folder: StoryFolder, off_by_lu: float = 0.0) -> tuple[Timeline, Encoding]:
        request = folder.read(REQUEST, StoryRequest)
        asked = Options.model_validate(request.options)
        if request.kind is Kind.MIX:  # there was no plan
            keep_cover(folder, asked)
        takes = takes_of(folder, request, self.job, asked)
        sounds = sounds_of(folder, request, self._library, self.job())
        style = replace(mix_style(asked), off_by_lu=off_by_lu)
        return lay_out(takes, sounds.get(request.music), style, sounds), encoding_of(asked)

    def _shared_out(self, timeline: Timeline, encoding: Encoding) -> Layout:
        """Reels in groups, for as many workers, or more where groups would grow long."""
        reels = (
            story_reels(timeline, encoding, self.most_local_bytes)
            if is_shared_out(encoding)
            else ()
        )
        groups = shared_out(costs(reels, timeline.rate_hz), self.workers, MOST_REELS)
        return Layout(segments=len(reels), groups=groups, duration_s=timeline.duration_s)

    @property
    def _library(self) -> Library:
        return Library(self.music, self.store)

    @contextmanager
    def _at_work(
        self, folder: StoryFolder, attempt: int, deadline_s: float | None
    ) -> Iterator["Rendering"]:
        """What a step renders with, until the deadline or until the story is cancelled."""
        job, request = self.job(), folder.read(REQUEST, StoryRequest)
        timeline = folder.read(TIMELINE, Timeline)
        with (
            TemporaryDirectory(prefix="mixstory-") as scratch,
            stopping(job, deadline_s),
            stopped_when_cancelled(folder, attempt, job) as cancelled,
        ):
            work = Rendering(
                store=self.store,
                library=self._library,
                sounds=sounds_of(folder, request, self._library, job),
                timeline=timeline,
                laid_out=lambda off_by_lu: self._laid_out(folder, off_by_lu)[0],
                asked=Options.model_validate(request.options),
                crew=Crew(job, usable_cores(), deadline_s),
                scratch=Path(scratch),
                tell_share=self.tell_share,
                memory=self.memory,
                most_local_bytes=self.most_local_bytes,
            )
            try:
                yield work
            except OutOfTime as error:
                if cancelled.is_set():
                    raise StoryCancelled("The story was cancelled.") from error
                raise
