"""The steps that mix: lay out, render groups of segments, join.

The layout is decided once. Segments are stored under keys of their contents, so earlier attempts
and stories save work. They are decoded and verified, as a player would, before they are joined.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from mixer.parallel import usable_cores
from mixer.requests import Options
from mixer.sound import ProcessGroup, Timeline
from mixer.sound.arrange import build_timeline
from mixer.sound.formats import Encoding
from mixer.sound.render import RenderHistory, RenderPool, Segment, cut_timeline
from mixer.store import ObjectStore
from mixer.stories.folder import MIX, REQUEST, SEGMENTS, TIMELINE, StoryFolder
from mixer.stories.inputs import (
    InputLimits,
    SoundLibrary,
    TakeLoader,
    store_cover,
)
from mixer.stories.keys import group_result_name, group_result_prefix
from mixer.stories.mix_options import mix_style, select_encoding
from mixer.stories.model import JoinedMix, StoredLayout, StoredRequest, StoryKind
from mixer.stories.renderer import FinishedFileCheck, StoryRenderer, expect_no_file
from mixer.stories.request_files import RequestFolder, open_request_folder
from mixer.stories.status import load_progress
from mixer.stories.tasks import (
    Step,
    StepCall,
    StepFunction,
    StepResult,
    raise_if_cancelled,
    stop_at_deadline,
    stop_when_cancelled,
)

MAX_GROUP_SIZE = 100
"""Segments: some minutes on one core, well below Lambda's limit."""

GROUP_OVERHEAD_S = 4.0
"""What a segment costs on top of its length, in seconds of audio: starting FFmpeg, the rolls before
and after it (measured by `python -m bench story_mix`)."""


@dataclass(frozen=True, slots=True)
class StoryMix:
    """Mixes stories. Safe for many threads.

    Attributes:
        workers: calls that share the segments.
        new_processes: creates the process group of a step.
        limits: of chunks that a caller names; None for none.
        history: of earlier versions of the mix; None to keep none.
        is_finished: whether a mix, by its identity, is already where it will be exported to.
    """

    store: ObjectStore
    music: ObjectStore
    workers: int = 60
    new_processes: Callable[[], ProcessGroup] = ProcessGroup
    history: RenderHistory | None = None
    limits: InputLimits | None = None
    is_finished: FinishedFileCheck = expect_no_file

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
        if layout is None or folder.find(TIMELINE, Timeline) is None:
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
        if not any(True for _ in folder.list_entries(group_result_prefix(group))):
            with self._open_renderer(call, Step.RENDER) as renderer:
                keys = renderer.render_group(first, end)
            folder.write(group_result_name(group, end - first), {"keys": keys})
        return {"segments": end - first}

    def join(self, call: StepCall) -> StepResult:
        """Store and verify the finished audio; raises OutOfTime or StoryCancelled."""
        raise_if_cancelled(call.folder, call.attempt)
        if call.folder.find(MIX, JoinedMix) is None:
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
        return folder.derive(
            f"layout for {prediction_error_lu} LU",
            lambda: self._build_layout(folder, prediction_error_lu, deadline_s),
        )

    def _build_layout(
        self, folder: StoryFolder, prediction_error_lu: float, deadline_s: float | None
    ) -> tuple[Timeline, Encoding]:
        request = folder.read(REQUEST, StoredRequest)
        options = Options.model_validate(request.options)
        if request.kind is StoryKind.MIX:  # without a plan
            store_cover(folder, options)
        loader = TakeLoader(self.new_processes, self.music, self.limits, deadline_s)
        takes = loader.load(folder, request)
        sounds = self._library.load(folder, request, self.new_processes())
        style = replace(mix_style(options), prediction_error_lu=prediction_error_lu)
        if self.history is not None:
            style = self.history.restore_style(style)
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
    def _open_renderer(self, call: StepCall, step: Step) -> Iterator[StoryRenderer]:
        processes = self.new_processes()
        with (
            open_request_folder() as scratch,
            stop_at_deadline(processes, call.deadline_s),
            stop_when_cancelled(call.folder, call.attempt, processes),
        ):
            yield self._build_renderer(call, step, processes, scratch)

    def _build_renderer(
        self, call: StepCall, step: Step, processes: ProcessGroup, scratch: RequestFolder
    ) -> StoryRenderer:
        folder = call.folder
        request = folder.read(REQUEST, StoredRequest)
        return StoryRenderer(
            store=self.store,
            library=self._library,
            sounds=self._library.load(folder, request, processes),
            timeline=folder.read(TIMELINE, Timeline),
            lay_out=lambda error_lu: self._lay_out_mix(folder, error_lu)[0],
            options=Options.model_validate(request.options),
            pool=RenderPool(processes, usable_cores(), call.deadline_s),
            scratch=scratch,
            progress=lambda share: call.progress(step, share),
            history=self.history,
            is_finished=self.is_finished,
        )


def render_costs_s(segments: Sequence[Segment], rate_hz: int) -> list[float]:
    """Estimate the cost of rendering each segment, in seconds of audio."""
    return [GROUP_OVERHEAD_S + (each.end - each.start) / rate_hz for each in segments]


def partition_by_cost(
    costs: Sequence[float], groups: int, max_items: int
) -> tuple[tuple[int, int], ...]:
    """Group neighbours at about equal cost; each group is its first item and one past its last.

    There are at most `groups`, unless `max_items` requires more.
    """
    groups = max(groups, -(-len(costs) // max_items))
    low, high = max(costs, default=0.0), sum(costs)
    while high - low > high / 1_000:
        middle = (low + high) / 2
        if len(list(_fill_groups(costs, middle, max_items))) <= groups:
            high = middle
        else:
            low = middle
    return tuple(_fill_groups(costs, high, max_items))


def _fill_groups(
    costs: Sequence[float], max_cost: float, max_items: int
) -> Iterator[tuple[int, int]]:
    first, filled = 0, 0.0
    for item, cost in enumerate(costs):
        if item > first and (filled + cost > max_cost or item - first == max_items):
            yield first, item
            first, filled = item, 0.0
        filled += cost
    if costs:
        yield first, len(costs)
