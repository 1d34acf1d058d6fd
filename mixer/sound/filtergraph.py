"""A segment of a Timeline as one FFmpeg command: its inputs, its filters, its output. Pure.

Voice and music stay apart until the last moment. Each clip is decoded once, trimmed, faded and
levelled, padded with the silence that follows it, and laid end to end with the others: mono, at
the timeline's rate. Each cue reads its stretch of a prepared bed, piece by piece where its level
changes. Only then does the voice become stereo and meet the music.

Everything a sample goes through depends on its place on the timeline alone, never on where the
segment begins; that is why segments join without a trace.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mixer.sound import ffmpeg, room_tone
from mixer.sound.bed import CHANNELS as BED_CHANNELS
from mixer.sound.bed import FRAME_BYTES, Bed
from mixer.sound.loudness import STEP_S, amplitude
from mixer.sound.segments import Segment
from mixer.sound.timeline import MIX_RATE_HZ, Clip, Cue, Timeline, Treatment, at_rate

LIMITER = "alimiter=level=0:attack=5:release=50:latency=1:limit="
"""Automatic level off, or it would lift the whole to the limit; its delay compensated."""

DE_ESS_FROM, DE_ESS_REACH = 0.2, 0.2
"""Of FFmpeg's intensity: below it takes nothing, above it makes a speaker lisp (measured on hissing
of 5 to 9 kHz at the level of the voice: 5 dB in the middle, 15 dB at the end)."""

MONO_AT = "aresample={rate_hz}:ochl=mono:rematrix_maxval=1,aformat=sample_fmts=fltp"
"""Any recording as mono at a rate; channels are averaged, which changes no level."""

LOUDNESS = "ebur128=metadata=1:framelog=quiet,ametadata=print:key=lavfi.r128.M:file=-"

LOUDNESS_STEP = round(STEP_S * MIX_RATE_HZ)
"""Loudness windows begin at multiples of it, counted from the start of the whole."""

RESTART = "asetpts=round(N/SR/TB)"
"""Time begins anew, told by samples alone: a recording's own times may jump where it is damaged."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run. It prints the momentary loudness of the mix on standard output.

    Attributes:
        arguments: of FFmpeg, all but the output's codec and name.
        files: recordings to hand in open, in the order in which `arguments` refer to them.
        unmeasured: samples of the mix before the first loudness window begins.
    """

    arguments: tuple[str, ...]
    files: tuple[Path, ...]
    unmeasured: int


def segment_command(
    timeline: Timeline,
    segment: Segment,
    sources: Mapping[str, Path],
    beds: Mapping[tuple[str, bool], Bed],
    frame_samples: int = 1,
    *,
    is_anywhere: bool = False,
) -> Command:
    """The command that makes a segment's window of the mix.

    Args:
        timeline: the mix.
        segment: what to render of it.
        sources: the clips' recordings as local files.
        beds: the cues' music and sounds, prepared, by what is played.
        frame_samples: of the encoder; its first frame begins on a multiple of so many samples of
            the whole mix, as it would in a serial render.
        is_anywhere: to be compared, not run: the same wherever the segment lies in the whole, but
            for where the encoder's frames begin. Loudness windows shape no sample.
    """
    graph = _Graph()
    stems = [_voice(graph, timeline, segment, sources)]
    stems += [
        _music(graph, timeline, segment, cue, beds[cue.played])
        for cue in timeline.cues
        if cue.start < segment.window_end and cue.end > segment.window_start
    ]
    stems += _room_tone(graph, timeline, segment)
    mixed = graph.join(stems, f"amix=inputs={len(stems)}:normalize=0:duration=first")
    if limiter := _limiter(timeline.mastering.sum_limit_db):
        mixed = graph.chain(mixed, limiter)
    begin = _mix_frames(timeline, segment.window_start)
    unmeasured = 0 if is_anywhere else -begin % LOUDNESS_STEP
    heard, measured = graph.split(mixed, "asplit", 2)
    heard = graph.chain(heard, _without(-begin % frame_samples))
    graph.end(measured, [*_without(unmeasured), LOUDNESS])
    arguments = (*graph.inputs, "-filter_complex", graph.text, "-map", f"[{heard}]")
    return Command(arguments, tuple(graph.files), unmeasured)


def _without(samples: int) -> list[str]:
    """A stream without its first samples."""
    return [f"atrim=start_sample={samples}", RESTART] if samples else ["anull"]


class _Graph:
    """A filter graph as it grows, with the inputs that it reads."""

    def __init__(self) -> None:
        self.inputs: list[str] = []
        self.files: list[Path] = []
        self._chains: list[str] = []
        self._input_count = 0

    @property
    def text(self) -> str:
        """The graph as FFmpeg reads it."""
        return ";".join(self._chains)

    def recording(self, path: Path) -> str:
        """A file from outside as an input."""
        self.inputs += ffmpeg.confined_input(len(self.files))
        self.files.append(path)
        return self._next_input()

    def samples(self, bed: Bed, begin: int, end: int) -> str:
        """A stretch of a bed's frames as an input."""
        stretch = f"subfile,,start,{begin * FRAME_BYTES},end,{end * FRAME_BYTES},,:{bed.path}"
        raw = ["-f", "s16le", "-ar", str(MIX_RATE_HZ), "-ac", str(BED_CHANNELS)]
        self.inputs += [*raw, "-i", stretch]
        return self._next_input()

    def chain(self, label: str, filters: Sequence[str]) -> str:
        """A row of filters behind a label; the label of its end."""
        return self._add(f"[{label}]{','.join(filters)}")

    def end(self, label: str, filters: Sequence[str]) -> None:
        """A row of filters behind a label that ends in the graph; an output would cost a thread."""
        self._chains.append(f"[{label}]{','.join(filters)},anullsink")

    def source(self, filters: Sequence[str]) -> str:
        """A row of filters that begins with a generator."""
        return self._add(",".join(filters))

    def join(self, labels: Sequence[str], joining: str) -> str:
        """Several streams through one filter; a single one is left alone."""
        if len(labels) == 1:
            return labels[0]
        return self._add("".join(f"[{label}]" for label in labels) + joining)

    def split(self, label: str, splitting: str, count: int) -> list[str]:
        """One stream through a filter with several ends."""
        labels = [f"s{len(self._chains)}_{index}" for index in range(count)]
        self._chains.append(f"[{label}]{splitting}" + "".join(f"[{each}]" for each in labels))
        return labels

    def _add(self, chain: str) -> str:
        label = f"n{len(self._chains)}"
        self._chains.append(f"{chain}[{label}]")
        return label

    def _next_input(self) -> str:
        self._input_count += 1
        return f"{self._input_count - 1}:a:0"


def _in_a_row(graph: _Graph, labels: Sequence[str]) -> str:
    return graph.join(labels, f"concat=n={len(labels)}:v=0:a=1")


def _voice(graph: _Graph, timeline: Timeline, segment: Segment, sources: Mapping[str, Path]) -> str:
    """The voice of a window in the channels and at the rate of the mix, exactly as long."""
    begin, end = segment.window_start, segment.window_end
    clips = [clip for clip in timeline.clips if clip.start < end and clip.end > begin]
    if clips:
        stem = _in_a_row(graph, list(_clips(graph, timeline, segment, clips, sources)))
    else:
        stem = graph.source(
            [f"anullsrc=r={timeline.rate_hz}:cl=mono", f"atrim=end_sample={end - begin}"]
        )
    length = _mix_frames(timeline, end) - _mix_frames(timeline, begin)
    resampled = [f"aresample={MIX_RATE_HZ}", *_exactly(length)]
    return graph.chain(
        stem, [*_limiter(timeline.mastering.limit_db), *resampled, *_in_channels(timeline)]
    )


def _room_tone(graph: _Graph, timeline: Timeline, segment: Segment) -> Iterator[str]:
    """The tone under a window, where the mix has one: its loop from the right place on."""
    if timeline.room_tone_dbfs is None:
        return
    noise = graph.source(room_tone.noise(timeline.room_tone_dbfs))
    begun, ending, body = graph.split(noise, "asplit=3", 3)
    head = graph.chain(begun, room_tone.HEAD)
    tail = graph.chain(ending, room_tone.TAIL)
    rest = graph.chain(body, room_tone.BODY)
    loop = _in_a_row(graph, [graph.join([tail, head], room_tone.SEAM), rest])
    begin = _mix_frames(timeline, segment.window_start)
    place = begin % room_tone.LOOP_SAMPLES
    length = _mix_frames(timeline, segment.window_end) - begin
    tone = [room_tone.AGAIN, *room_tone.stretch(place, place + length)]
    yield graph.chain(loop, [*tone, *_in_channels(timeline)])


def _in_channels(timeline: Timeline) -> list[str]:
    """A mono stream in the channels of the mix, as loud in each."""
    return ["pan=stereo|c0=c0|c1=c0"] if timeline.channels > 1 else []


def _limiter(limit_db: float | None) -> list[str]:
    return [] if limit_db is None else [f"{LIMITER}{amplitude(limit_db):.6f}"]


def _exactly(length: int) -> list[str]:
    return [f"apad=whole_len={length}", f"atrim=end_sample={length}"]


def _clips(
    graph: _Graph,
    timeline: Timeline,
    segment: Segment,
    clips: Sequence[Clip],
    sources: Mapping[str, Path],
) -> Iterator[str]:
    """Each clip's part of the window, with the silence before the first and behind each."""
    begin, end = segment.window_start, segment.window_end
    nexts = [*(clip.start for clip in clips[1:]), end]
    for clip, following in zip(clips, nexts, strict=True):
        filters = [
            MONO_AT.format(rate_hz=timeline.rate_hz),
            *_treated(timeline.treatment, clip),
            *_cut_to_clip(clip),
        ]
        if clip.start < begin:
            filters += [f"atrim=start_sample={begin - clip.start}", RESTART]
        filters.append(f"volume={clip.gain_db + timeline.mastering.gain_db:.4f}dB")
        if clip is clips[0] and clip.start > begin:
            filters.append(f"adelay=delays={clip.start - begin}S:all=1")
        from_here = begin if clip is clips[0] else clip.start
        filters += _exactly(following - from_here)
        yield graph.chain(graph.recording(sources[clip.source]), filters)


def _treated(treatment: Treatment, clip: Clip) -> list[str]:
    """What is done to a recording from its beginning on, so that it is the same in any segment.

    The de-esser goes by level, so it hears a recording at the level of all others.
    """
    high_pass = [f"highpass=f={treatment.high_pass_hz}"] if treatment.high_pass_hz else []
    if not treatment.de_ess:
        return high_pass
    levelled, back = (f"volume={gain_db:.4f}dB" for gain_db in (clip.gain_db, -clip.gain_db))
    intensity = DE_ESS_FROM + DE_ESS_REACH * treatment.de_ess
    return [*high_pass, levelled, f"deesser=i={intensity:g}", back]


def _cut_to_clip(clip: Clip) -> list[str]:
    """A recording cut to what plays of it, its edges faded."""
    return [
        f"atrim=start_sample={clip.skip}:end_sample={clip.skip + clip.length}",
        RESTART,
        f"apad=whole_len={clip.length}",
        *_fade("in", 0, clip.fade, "tri"),
        *_fade("out", clip.length - clip.fade, clip.fade, "tri"),
    ]


def _fade(direction: str, start: int, length: int, curve: str) -> list[str]:
    if length <= 0:
        return []
    return [f"afade=t={direction}:ss={start}:ns={length}:curve={curve}"]


def _mix_frames(timeline: Timeline, samples: int) -> int:
    """A place on the timeline in samples of the mix."""
    return at_rate(samples, timeline.rate_hz, MIX_RATE_HZ)


@dataclass(frozen=True, slots=True)
class _Level:
    """A stretch of a cue, in mix frames, over which its level is held or moves evenly."""

    start: int
    end: int
    from_db: float
    to_db: float


def _music(graph: _Graph, timeline: Timeline, segment: Segment, cue: Cue, bed: Bed) -> str:
    """A cue's part of a window, padded to the whole of it.

    Where the window begins inside a fade or a ramp, the stream begins with that fade or ramp and
    is cut afterwards: a fade can only begin at its beginning.
    """
    window = _mix_frames(timeline, segment.window_start), _mix_frames(timeline, segment.window_end)
    cue_start, cue_end = _mix_frames(timeline, cue.start), _mix_frames(timeline, cue.end)
    fade_in, fade_out = _mix_frames(timeline, cue.fade_in), _mix_frames(timeline, cue.fade_out)
    levels = list(_levels(timeline, cue))
    begin, end = max(window[0], cue_start), min(window[1], cue_end)
    moving = [(level.start, level.end) for level in levels if level.from_db != level.to_db]
    moving += [(cue_start, cue_start + fade_in), (cue_end - fade_out, cue_end)]
    first = _before_what_moves(begin, moving)
    pieces = bed.pieces(first - cue_start, end - first)
    stream = _in_a_row(graph, [graph.samples(bed, *piece) for piece in pieces])
    heard = [level for level in levels if level.start < end and level.end > first]
    levelled = _levelled(graph, stream, heard, first, cue.gain_db + timeline.mastering.gain_db)
    fades = _fade("in", 0, fade_in, "qsin") if first == cue_start else []
    fades += _fade("out", max(0, cue_end - fade_out - first), fade_out, "qsin")
    placing = [f"adelay=delays={begin - window[0]}S:all=1"] if begin > window[0] else []
    cutting = [f"atrim=start_sample={begin - first}", RESTART] if begin > first else []
    return graph.chain(levelled, [*fades, *cutting, *placing, *_exactly(window[1] - window[0])])


def _before_what_moves(frame: int, moving: Sequence[tuple[int, int]]) -> int:
    """A frame, or the nearest one before it that lies inside nothing that moves."""
    around = [start for start, end in moving if start < frame < end]
    return _before_what_moves(min(around), moving) if around else frame


def _levels(timeline: Timeline, cue: Cue) -> Iterator[_Level]:
    """A cue's levels from its start to its end."""
    at, level_db = _mix_frames(timeline, cue.start), 0.0
    for ramp in cue.ramps:
        start = _mix_frames(timeline, ramp.start)
        end = _mix_frames(timeline, ramp.start + ramp.length)
        if start > at:
            yield _Level(at, start, level_db, level_db)
        if end > start:
            yield _Level(start, end, level_db, ramp.to_db)
        at, level_db = end, ramp.to_db
    cue_end = _mix_frames(timeline, cue.end)
    if cue_end > at:
        yield _Level(at, cue_end, level_db, level_db)


def _levelled(
    graph: _Graph, stream: str, levels: Sequence[_Level], first: int, gain_db: float
) -> str:
    """A stream that begins at frame `first`, parted where its level changes, and put together."""
    if len(levels) == 1:
        return graph.chain(stream, _gains(levels[0], first, gain_db))
    cuts = "|".join(str(level.start - first) for level in levels[1:])
    parts = graph.split(stream, f"asegment=samples={cuts}", len(levels))
    chains = [
        graph.chain(part, [RESTART, *_gains(level, max(first, level.start), gain_db)])
        for part, level in zip(parts, levels, strict=True)
    ]
    return _in_a_row(graph, chains)


def _gains(level: _Level, start: int, gain_db: float) -> list[str]:
    """The filters of one level: a plain gain, and a fade between two levels where it moves."""
    loudest_db = max(level.from_db, level.to_db)
    gain = [f"volume={gain_db + loudest_db:.4f}dB"]
    if level.from_db == level.to_db:
        return gain
    direction = "in" if level.to_db > level.from_db else "out"
    quietest = amplitude(min(level.from_db, level.to_db) - loudest_db)
    length = level.end - level.start
    fade = f"afade=t={direction}:ss={level.start - start}:ns={length}:silence={quietest:.6f}"
    return [*gain, fade]
