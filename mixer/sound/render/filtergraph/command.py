"""Builds the command that renders a segment: voice, music and room tone, limited and measured."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mixer.sound import room_tone
from mixer.sound.analysis.loudness import STEP_S
from mixer.sound.formats import StreamFormat
from mixer.sound.render.bed import Bed
from mixer.sound.render.filtergraph.graph import (
    FilterGraph,
    concatenate,
    limiter_filters,
    mix_samples,
    skip_filters,
    upmix_filters,
)
from mixer.sound.render.filtergraph.music import add_music
from mixer.sound.render.filtergraph.voice import add_voice
from mixer.sound.render.segments import Segment
from mixer.sound.timeline import MIX_RATE_HZ, Timeline

LOUDNESS = "ebur128=metadata=1:framelog=quiet,ametadata=print:key=lavfi.r128.M:file=-"

ANY_STREAM = StreamFormat("", frame_samples=1, arguments=())
"""For an encoder that takes any sample."""

LOUDNESS_STEP = round(STEP_S * MIX_RATE_HZ)
"""Loudness windows begin at its multiples, counted from the start of the mix."""


@dataclass(frozen=True, slots=True)
class Command:
    """An FFmpeg command, without the output's codec and name, that prints the momentary loudness.

    `files` are in the order of `arguments`; `unmeasured_samples` precede the first loudness window.
    """

    arguments: tuple[str, ...]
    files: tuple[Path, ...]
    unmeasured_samples: int


def build_segment_command(
    timeline: Timeline,
    segment: Segment,
    sources: Mapping[str, Path],
    beds: Mapping[tuple[str, bool], Bed],
    stream: StreamFormat = ANY_STREAM,
    *,
    is_position_independent: bool = False,
) -> Command:
    """Build the command for a segment's window, with frames aligned as in a serial render.

    If `is_position_independent`, it is only for comparison: the same for a segment that moved by
    whole frames. Loudness windows do not change samples.
    """
    graph = FilterGraph()
    stems = [add_voice(graph, timeline, segment, sources)]
    stems += [
        add_music(graph, timeline, segment, cue, beds[cue.sound_key])
        for cue in timeline.cues
        if cue.start < segment.window_end and cue.end > segment.window_start
    ]
    stems += _add_room_tone(graph, timeline, segment)
    mixed = graph.join(stems, f"amix=inputs={len(stems)}:normalize=0:duration=first")
    if limiting := limiter_filters(timeline.mastering.sum_limit_db):
        mixed = graph.chain(mixed, limiting)
    begin = mix_samples(timeline, segment.window_start)
    unmeasured = 0 if is_position_independent else -begin % LOUDNESS_STEP
    output, measured = graph.split(mixed, "asplit", 2)
    rounded = [f"aformat=sample_fmts={stream.sample_format}"] if stream.sample_format else []
    output = graph.chain(output, [*skip_filters(-begin % stream.frame_samples), *rounded])
    graph.add_sink(measured, [*skip_filters(unmeasured), LOUDNESS])
    arguments = (*graph.inputs, "-filter_complex", graph.text, "-map", f"[{output}]")
    return Command(arguments, tuple(graph.files), unmeasured)


def _add_room_tone(graph: FilterGraph, timeline: Timeline, segment: Segment) -> Iterator[str]:
    if timeline.room_tone_dbfs is None:
        return
    noise = graph.add_source(room_tone.noise_filters(timeline.room_tone_dbfs))
    begun, ending, body = graph.split(noise, "asplit=3", 3)
    head = graph.chain(begun, room_tone.LOOP_START)
    tail = graph.chain(ending, room_tone.LOOP_TAIL)
    rest = graph.chain(body, room_tone.LOOP_BODY)
    loop = concatenate(graph, [graph.join([tail, head], room_tone.SEAM_FILTER), rest])
    begin = mix_samples(timeline, segment.window_start)
    place = begin % room_tone.LOOP_SAMPLES
    length = mix_samples(timeline, segment.window_end) - begin
    tone = [room_tone.LOOP_FILTER, *room_tone.trim_filters(place, place + length)]
    yield graph.chain(loop, [*tone, *upmix_filters(timeline)])
