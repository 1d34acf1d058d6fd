"""The steps that mix: lay out, render groups of segments, join.

The layout is decided once. Segments are stored under keys of their contents, so earlier attempts
and stories save work. The joined file is decoded and verified as a player would.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from mixer.errors import OutOfTime, StoryCancelled
from mixer.parallel import usable_cores
from mixer.requests import Options
from mixer.sound import ProcessGroup, Timeline
from mixer.sound.arrange import build_timeline
from mixer.sound.formats import Encoding
from mixer.sound.render import RenderHistory, RenderPool, cut_timeline
from mixer.store import ObjectStore
from mixer.stories.cancellation import raise_if_cancelled, stop_when_cancelled
from mixer.stories.folder import MIX, REQUEST, SEGMENTS, TIMELINE, StoryFolder
from mixer.stories.input_checks import InputLimits
from mixer.stories.keys import rendered_name, rendered_prefix
from mixer.stories.mix_pipeline import mix_style, select_encoding
from mixer.stories.model import StoredLayout, StoredRequest, StoryKind
from mixer.stories.partition import partition_by_cost, render_costs_s
from mixer.stories.snapshot import load_progress
from mixer.stories.sounds import SoundLibrary, load_sounds
from mixer.stories.steps.render import StoryRenderer
from mixer.stories.tags import store_cover
from mixer.stories.takes import TakeLoader, load_takes
from mixer.stories.tasks import Step, StepCall, StepFunction, StepResult
from mixer.stories.workspace import stop_at_deadline

MAX_GROUP_SIZE = 100
"""Segments: some minutes on one core, well below Lambda's limit."""


@dataclass(frozen=True, slots=True)
class StoryMix:
    """Mixes stories. Safe for many threads.

    Attributes:
        workers: calls that share the segments.
        new_processes: creates the process group of a step.
        limits: of chunks that a caller names; None for none.
        history: of earlier versions of the mix; None to keep none.
    """

    store: ObjectStore
    music: ObjectStore
    workers: int = 60
    new_processes: Callable[[], ProcessGroup] = ProcessGroup
    history: RenderHistory | None = None
    limits: InputLimits | None = None

    @property
    def steps(self) -> dict[Step, StepFunction]:
        """The steps of this class."""
        return {Step.LAY_OUT: self.lay_out, Step.RENDER: self.render, Step.JOIN: self.join}

    def lay_out(self, call: StepCall) -> StepResult:
        """Lay out the mix, and return the groups of segments still to render.

        Raises NothingSpoken if the voice cannot read any of the text, BadInput for silence.
        """
        folder = call.folder
        raise_if_cancelled(folder, call.attempt)
        layout = folder.find(SEGMENTS, StoredLayout)
        if layout is None:
            timeline, encoding = self._lay_out_first(folder, call.deadline_s)
            folder.write(TIMELINE, timeline)
            layout = self._partition_segments(timeline, encoding)
            folder.write(SEGMENTS, layout)
        rendered = load_progress(folder).groups
        return {"groups": [group for group in range(len(layout.groups)) if group not in rendered]}

    def render(self, call: StepCall) -> StepResult:
        """Render a group's missing segments, and return how many it has.

        Raises OutOfTime or StoryCancelled; finished segments are kept.
        """
        folder, group = call.folder, call.item
        raise_if_cancelled(folder, call.attempt)
        first, end = folder.read(SEGMENTS, StoredLayout).groups[group]
        if not any(True for _ in folder.list_entries(rendered_prefix(group))):
            with self._open_renderer(call, Step.RENDER) as renderer:
                keys = renderer.render_group(first, end)
            folder.write(rendered_name(group, end - first), {"keys": keys})
        return {"segments": end - first}

    def join(self, call: StepCall) -> StepResult:
        """Store and verify the finished audio; raises OutOfTime or StoryCancelled."""
        raise_if_cancelled(call.folder, call.attempt)
        if not call.folder.has(MIX):
            with self._open_renderer(call, Step.JOIN) as renderer:
                joined = renderer.join_mix(call.folder)
            call.folder.write(MIX, joined)
        return {}

    def _lay_out_first(
        self, folder: StoryFolder, deadline_s: float | None
    ) -> tuple[Timeline, Encoding]:
        """Lay out the first version, as close as possible to the history."""
        if self.history is None:
            return self._lay_out_mix(folder, deadline_s=deadline_s)
        timeline, encoding = self._lay_out_mix(folder, self.history.prediction_error_lu())
        return self.history.restore_mastering(timeline), encoding

    def _lay_out_mix(
        self,
        folder: StoryFolder,
        prediction_error_lu: float = 0.0,
        deadline_s: float | None = None,
    ) -> tuple[Timeline, Encoding]:
        request = folder.read(REQUEST, StoredRequest)
        options = Options.model_validate(request.options)
        if request.kind is StoryKind.MIX:  # without a plan
            store_cover(folder, options)
        takes = load_takes(
            folder, request, TakeLoader(self.new_processes, self.music, self.limits, deadline_s)
        )
        sounds = load_sounds(folder, request, self._library, self.new_processes())
        style = replace(mix_style(options), prediction_error_lu=prediction_error_lu)
        return build_timeline(takes, sounds.get(request.music), style, sounds), select_encoding(
            options
        )

    def _partition_segments(self, timeline: Timeline, encoding: Encoding) -> StoredLayout:
        segments = cut_timeline(timeline) if encoding.kind.is_distributed else ()
        groups = partition_by_cost(
            render_costs_s(segments, timeline.rate_hz), self.workers, MAX_GROUP_SIZE
        )
        return StoredLayout(segments=len(segments), groups=groups, duration_s=timeline.duration_s)

    @property
    def _library(self) -> SoundLibrary:
        return SoundLibrary(self.music, self.store)

    @contextmanager
    def _open_renderer(self, call: StepCall, step: Step) -> Iterator["StoryRenderer"]:
        folder, deadline_s = call.folder, call.deadline_s
        job, request = self.new_processes(), folder.read(REQUEST, StoredRequest)
        timeline = folder.read(TIMELINE, Timeline)
        with (
            TemporaryDirectory(prefix="mixstory-") as scratch,
            stop_at_deadline(job, deadline_s),
            stop_when_cancelled(folder, call.attempt, job) as cancelled,
        ):
            work = StoryRenderer(
                store=self.store,
                library=self._library,
                sounds=load_sounds(folder, request, self._library, job),
                timeline=timeline,
                lay_out=lambda off_by_lu: self._lay_out_mix(folder, off_by_lu)[0],
                options=Options.model_validate(request.options),
                pool=RenderPool(job, usable_cores(), deadline_s),
                scratch=Path(scratch),
                progress=lambda share: call.progress(step, share),
                history=self.history,
            )
            try:
                yield work
            except OutOfTime as error:
                if cancelled.is_set():
                    raise StoryCancelled("The story was cancelled.") from error
                raise
