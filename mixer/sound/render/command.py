"""Builds the FFmpeg command of a segment: inputs, filters, output. Pure.

Each clip is trimmed, faded and levelled, and all are laid end to end in mono; each cue is read from
its bed, in pieces where the level changes. Processing depends on a sample's place on the timeline,
never on the segment's start, so segments join without a trace.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mixer.sound import room_tone
from mixer.sound.formats import StreamFormat
from mixer.sound.loudness import amplitude
from mixer.sound.render.bed import Bed
from mixer.sound.render.graph import (
    RESTART,
    FilterGraph,
    concatenate,
    fade_filters,
    length_filters,
    limiter_filters,
    mix_samples,
    skip_filters,
    upmix_filters,
)
from mixer.sound.render.segments import Segment
from mixer.sound.timeline import MIX_RATE_HZ, Clip, Cue, Timeline

DE_ESS_FROM, DE_ESS_REACH = 0.2, 0.2
"""FFmpeg's intensity: no effect below the first; at the end it lisps (measured on sibilance of 5 to
9 kHz at the level of the voice: 5 dB in the middle, 15 dB at the end).
"""

MONO_FILTERS = "aresample=ochl=mono:rematrix_maxval=1:osf=dblp"
"""Channels are averaged, which changes no level; the voice stays in doubles up to its limiter."""

VOICE_FILTERS = f"{MONO_FILTERS}:osr={{}}"
"""To the rate of the timeline, in the same pass."""

RUMBLE_FILTERS = "highpass=f={}:a=tdii"
"""In single precision the silence after speech becomes denormal numbers, with which processors
compute twenty times as slowly; doubles need seconds for that. Of FFmpeg's forms this one does not
depend on the size of frames.
"""

FLOATS = "aformat=sample_fmts=fltp"
"""What LAME takes, so that nothing is converted in stereo but the music, once."""


def add_voice(
    graph: FilterGraph, timeline: Timeline, segment: Segment, sources: Mapping[str, Path]
) -> str:
    """Add the voice of a window, in the channels and at the rate of the mix."""
    begin, end = segment.window_start, segment.window_end
    clips = timeline.find_clips(begin, end)
    if clips:
        stem = concatenate(graph, list(_add_clips(graph, timeline, segment, clips, sources)))
    else:
        stem = graph.add_source(
            [f"anullsrc=r={timeline.rate_hz}:cl=mono", f"atrim=end_sample={end - begin}"]
        )
    length = mix_samples(timeline, end) - mix_samples(timeline, begin)
    finished = [*_master_filters(timeline), *length_filters(length), *upmix_filters(timeline)]
    return graph.chain(stem, finished)


def _master_filters(timeline: Timeline) -> list[str]:
    """Limit the voice at the rate of the mix."""
    limited = [*limiter_filters(timeline.mastering.limit_db), FLOATS]
    is_converted = timeline.rate_hz == MIX_RATE_HZ
    return limited if is_converted else [f"aresample={MIX_RATE_HZ}", *limited]


def _add_clips(
    graph: FilterGraph,
    timeline: Timeline,
    segment: Segment,
    clips: Sequence[Clip],
    sources: Mapping[str, Path],
) -> Iterator[str]:
    begin, end = segment.window_start, segment.window_end
    next_starts = [*(clip.start for clip in clips[1:]), end]
    for clip, following in zip(clips, next_starts, strict=True):
        filters = [*_treatment_filters(timeline, clip), *_clip_filters(clip)]
        if clip.start < begin:
            filters += [f"atrim=start_sample={begin - clip.start}", RESTART]
        filters.append(_amplify(clip.gain_db + timeline.mastering.gain_db))
        if clip is clips[0] and clip.start > begin:
            filters.append(f"adelay=delays={clip.start - begin}S:all=1")
        from_here = begin if clip is clips[0] else clip.start
        filters += length_filters(following - from_here)
        yield graph.chain(graph.add_recording(sources[clip.source]), filters)


def _treatment_filters(timeline: Timeline, clip: Clip) -> list[str]:
    """Filters for a recording from its beginning on, so that it is the same in any segment.

    The de-esser depends on level and rate: it gets every recording at the same level, and before
    its rate is converted.
    """
    treatment, converted = timeline.treatment, VOICE_FILTERS.format(timeline.rate_hz)
    high_pass = [RUMBLE_FILTERS.format(treatment.high_pass_hz)] if treatment.high_pass_hz else []
    if not treatment.de_ess:
        return [converted, *high_pass]
    levelled, back = (_amplify(gain_db) for gain_db in (clip.gain_db, -clip.gain_db))
    intensity = DE_ESS_FROM + DE_ESS_REACH * treatment.de_ess
    return [MONO_FILTERS, *high_pass, levelled, f"deesser=i={intensity:g}", back, converted]


def _amplify(gain_db: float) -> str:
    return f"volume={gain_db:.4f}dB:precision=double"


def _clip_filters(clip: Clip) -> list[str]:
    return [
        f"atrim=start_sample={clip.skip}:end_sample={clip.skip + clip.length}",
        RESTART,
        f"apad=whole_len={clip.length}",
        *fade_filters("in", 0, clip.fade, "tri"),
        *fade_filters("out", clip.length - clip.fade, clip.fade, "tri"),
    ]


@dataclass(frozen=True, slots=True)
class _Level:
    start: int
    end: int
    from_db: float
    to_db: float


def add_music(graph: FilterGraph, timeline: Timeline, segment: Segment, cue: Cue, bed: Bed) -> str:
    """Add a cue's part of a window, padded to the full window.

    If the window begins inside a fade or a ramp, the stream begins with that and is cut afterwards,
    since a fade can only start at its beginning.
    """
    window = mix_samples(timeline, segment.window_start), mix_samples(timeline, segment.window_end)
    cue_start, cue_end = mix_samples(timeline, cue.start), mix_samples(timeline, cue.end)
    fade_in, fade_out = mix_samples(timeline, cue.fade_in), mix_samples(timeline, cue.fade_out)
    levels = list(_cue_levels(timeline, cue))
    begin, end = max(window[0], cue_start), min(window[1], cue_end)
    moving = [(level.start, level.end) for level in levels if level.from_db != level.to_db]
    moving += [(cue_start, cue_start + fade_in), (cue_end - fade_out, cue_end)]
    first = _find_steady_frame(begin, moving)
    played_at = first - cue_start + mix_samples(timeline, cue.skip)
    stream = _play_bed(graph, bed, played_at, end - first)
    active = [level for level in levels if level.start < end and level.end > first]
    levelled = _apply_levels(graph, stream, active, first, cue.gain_db + timeline.mastering.gain_db)
    fades = fade_filters("in", 0, fade_in, "qsin") if first == cue_start else []
    if end > cue_end - fade_out:
        fades += fade_filters("out", max(0, cue_end - fade_out - first), fade_out, "qsin")
    placing = [f"adelay=delays={begin - window[0]}S:all=1"] if begin > window[0] else []
    cutting = [f"atrim=start_sample={begin - first}", RESTART] if begin > first else []
    filling = length_filters(window[1] - window[0])
    return graph.chain(levelled, [*fades, *cutting, *placing, *filling])


def _play_bed(graph: FilterGraph, bed: Bed, start: int, length: int) -> str:
    pieces = bed.pieces(start, length)
    played = concatenate(graph, [graph.add_bed(bed, *piece) for piece in pieces])
    return graph.chain(played, [FLOATS])


def _find_steady_frame(frame: int, moving: Sequence[tuple[int, int]]) -> int:
    around = [start for start, end in moving if start < frame < end]
    return _find_steady_frame(min(around), moving) if around else frame


def _cue_levels(timeline: Timeline, cue: Cue) -> Iterator[_Level]:
    at, level_db = mix_samples(timeline, cue.start), 0.0
    for ramp in cue.ramps:
        start = mix_samples(timeline, ramp.start)
        end = mix_samples(timeline, ramp.start + ramp.length)
        if start > at:
            yield _Level(at, start, level_db, level_db)
        if end > start:
            yield _Level(start, end, level_db, ramp.to_db)
        at, level_db = end, ramp.to_db
    cue_end = mix_samples(timeline, cue.end)
    if cue_end > at:
        yield _Level(at, cue_end, level_db, level_db)


def _apply_levels(
    graph: FilterGraph, stream: str, levels: Sequence[_Level], first: int, gain_db: float
) -> str:
    if len(levels) == 1:
        return graph.chain(stream, _gain_filters(levels[0], first, gain_db))
    cuts = "|".join(str(level.start - first) for level in levels[1:])
    parts = graph.split(stream, f"asegment=samples={cuts}", len(levels))
    chains = [
        graph.chain(part, [RESTART, *_gain_filters(level, max(first, level.start), gain_db)])
        for part, level in zip(parts, levels, strict=True)
    ]
    return concatenate(graph, chains)


def _gain_filters(level: _Level, start: int, gain_db: float) -> list[str]:
    loudest_db = max(level.from_db, level.to_db)
    gain = [f"volume={gain_db + loudest_db:.4f}dB"]
    if level.from_db == level.to_db:
        return gain
    direction = "in" if level.to_db > level.from_db else "out"
    quietest = amplitude(min(level.from_db, level.to_db) - loudest_db)
    length = level.end - level.start
    fade = f"afade=t={direction}:ss={level.start - start}:ns={length}:silence={quietest:.6f}"
    return [*gain, fade]


ANY_STREAM = StreamFormat("", frame_samples=1, arguments=())
"""For an encoder that takes any sample."""


@dataclass(frozen=True, slots=True)
class Command:
    """An FFmpeg command, without the output's codec and name."""

    graph: FilterGraph
    output: str

    @property
    def files(self) -> tuple[Path, ...]:
        """The recordings, in the order of `arguments`."""
        return tuple(self.graph.files)

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments, with recordings and beds as inputs."""
        text = self.graph.text
        return (*self.graph.inputs, "-filter_complex", text, "-map", f"[{self.output}]")

    def decode_inside(self) -> tuple[tuple[str, ...], list[Path]]:
        """The arguments without inputs, and the files that the graph opens; it does the same.

        Without inputs, some filters pass frames without a time, which the output then sets.
        """
        text, files = self.graph.decode_inside()
        timed = f"{text};[{self.output}]{RESTART}[timed]"
        return ("-filter_complex", timed, "-map", "[timed]"), files


def build_segment_command(
    timeline: Timeline,
    segment: Segment,
    sources: Mapping[str, Path],
    beds: Mapping[tuple[str, bool], Bed],
    stream: StreamFormat = ANY_STREAM,
) -> Command:
    """Build the command for a segment's window, with frames aligned as in a serial render.

    It is the same for a segment that moved by whole frames.
    """
    graph = FilterGraph()
    stems = [add_voice(graph, timeline, segment, sources)]
    stems += [
        add_music(graph, timeline, segment, cue, beds[cue.sound_key])
        for cue in timeline.cues
        if cue.start < segment.window_end and cue.end > segment.window_start
    ]
    mixed = _mix_stems(graph, timeline, [*stems, *_add_room_tone(graph, timeline, segment)])
    begin = mix_samples(timeline, segment.window_start)
    rounded = [f"aformat=sample_fmts={stream.sample_format}"] if stream.sample_format else []
    output = graph.chain(mixed, [*skip_filters(-begin % stream.frame_samples), *rounded])
    return Command(graph, output)


def _mix_stems(graph: FilterGraph, timeline: Timeline, stems: Sequence[str]) -> str:
    mixed = graph.join(stems, f"amix=inputs={len(stems)}:normalize=0:duration=first")
    limiting = limiter_filters(timeline.mastering.sum_limit_db)
    return graph.chain(mixed, limiting) if limiting else mixed


def _add_room_tone(graph: FilterGraph, timeline: Timeline, segment: Segment) -> Iterator[str]:
    if timeline.room_tone_dbfs is None:
        return
    sections = [mix_samples(timeline, section.start) for section in timeline.sections]
    window = mix_samples(timeline, segment.window_start), mix_samples(timeline, segment.window_end)
    parts = []
    for place, length in room_tone.find_spans(sections, *window):
        loop = _add_tone_loop(graph, timeline.room_tone_dbfs)
        cut = [room_tone.LOOP_FILTER, *room_tone.trim_filters(place, place + length)]
        parts.append(graph.chain(loop, cut))
    yield graph.chain(concatenate(graph, parts), upmix_filters(timeline) or ["anull"])


def _add_tone_loop(graph: FilterGraph, level_dbfs: float) -> str:
    noise = graph.add_source(room_tone.noise_filters(level_dbfs))
    begun, ending, body = graph.split(noise, "asplit=3", 3)
    head = graph.chain(begun, room_tone.LOOP_START)
    tail = graph.chain(ending, room_tone.LOOP_TAIL)
    rest = graph.chain(body, room_tone.LOOP_BODY)
    return concatenate(graph, [graph.join([tail, head], room_tone.SEAM_FILTER), rest])
