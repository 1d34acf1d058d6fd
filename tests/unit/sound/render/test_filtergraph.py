"""Commands for segments: whatever is drawn, FFmpeg is told nothing that it would refuse."""

import re
from collections import Counter
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


@given(timelines(), beds, st.sampled_from([None, 1, 2, 3]))
def test_no_place_lies_before_the_beginning_no_stretch_is_empty_and_labels_are_used_once(
    timeline: Timeline, bed: Bed, grids: int | None
):
    for graph in graphs(timeline, bed, grids):
        check_labels(graph)
        numbers = re.findall(r"(?:ss|ns|start_sample|end_sample|whole_len|delays)=(-?\d+)", graph)
        assert all(int(number) >= 0 for number in numbers)
        assert "ns=0:" not in graph
        for cuts in re.findall(r"asegment=samples=([\d|-]+)", graph):
            places = [int(place) for place in cuts.split("|")]
            assert places == sorted(set(places))
            assert places[0] > 0


def check_labels(graph: str) -> None:
    """Every label is made once and used once, but for the end."""
    counts = Counter(re.findall(r"\[([ns][\d_]+)\]", graph))
    assert sorted(counts.values()) == [1] + [2] * (len(counts) - 1)
