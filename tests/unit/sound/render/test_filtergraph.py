"""Commands for segments: whatever is drawn, FFmpeg is told nothing that it would refuse."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mixer.sound.render.bed import Bed
from mixer.sound.render.command import build_segment_command
from mixer.sound.render.segments import cut_timeline
from mixer.sound.timeline import MIX_RATE_HZ, Timeline
from tests.timelines import timelines

beds = st.builds(Bed, st.just(Path("bed.s16")), st.integers(60, 90).map(lambda s: s * MIX_RATE_HZ),
                 st.sampled_from([0, 44_100]))  # fmt: skip


def graphs(timeline: Timeline, bed: Bed, grids: int | None) -> list[str]:
    sources = {clip.source: Path(clip.source) for clip in timeline.clips}
    commands = [
        build_segment_command(
            timeline, segment, sources, {cue.sound_key: bed for cue in timeline.cues}
        )
        for segment in cut_timeline(timeline, grids)
    ]
    return [each.arguments[each.arguments.index("-filter_complex") + 1] for each in commands]


@given(timelines(), beds, st.sampled_from([None, 1, 3]))
def test_no_place_lies_before_the_beginning_and_no_stretch_is_empty(
    timeline: Timeline, bed: Bed, grids: int | None
):
    for graph in graphs(timeline, bed, grids):
        numbers = re.findall(r"(?:ss|ns|start_sample|end_sample|whole_len|delays)=(-?\d+)", graph)
        assert all(int(number) >= 0 for number in numbers)
        assert "ns=0:" not in graph
        for cuts in re.findall(r"asegment=samples=([\d|-]+)", graph):
            places = [int(place) for place in cuts.split("|")]
            assert places == sorted(set(places))
            assert places[0] > 0


@given(timelines(), beds)
def test_every_label_is_made_once_and_used_once(timeline: Timeline, bed: Bed):
    for graph in graphs(timeline, bed, 2):
        labels = re.findall(r"\[([ns][\d_]+)\]", graph)
        ends = {label for label in labels if labels.count(label) == 1}
        assert len(ends) == 1
        assert all(labels.count(label) == 2 for label in set(labels) - ends)
