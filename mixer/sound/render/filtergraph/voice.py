"""Builds the voice of a window: its clips laid end to end."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mixer.sound.render.filtergraph.graph import (
    RESTART,
    FilterGraph,
    concatenate,
    fade_filters,
    length_filters,
    limiter_filters,
    mix_samples,
    upmix_filters,
)
from mixer.sound.render.segments import Segment
from mixer.sound.timeline import MIX_RATE_HZ, Clip, Timeline, Treatment

DE_ESS_FROM, DE_ESS_REACH = 0.2, 0.2
"""FFmpeg's intensity: no effect below the first; at the end it lisps (measured on sibilance of 5 to
9 kHz at the level of the voice: 5 dB in the middle, 15 dB at the end).
"""

MONO_FILTERS = "aresample={rate_hz}:ochl=mono:rematrix_maxval=1,aformat=sample_fmts=fltp"
"""Mono at a rate; channels are averaged, which changes no level."""


def add_voice(
    graph: FilterGraph, timeline: Timeline, segment: Segment, sources: Mapping[str, Path]
) -> str:
    """Add the voice of a window, in the channels and at the rate of the mix."""
    begin, end = segment.window_start, segment.window_end
    clips = [clip for clip in timeline.clips if clip.start < end and clip.end > begin]
    if clips:
        stem = concatenate(graph, list(_add_clips(graph, timeline, segment, clips, sources)))
    else:
        stem = graph.add_source(
            [f"anullsrc=r={timeline.rate_hz}:cl=mono", f"atrim=end_sample={end - begin}"]
        )
    length = mix_samples(timeline, end) - mix_samples(timeline, begin)
    resampled = [f"aresample={MIX_RATE_HZ}", *length_filters(length)]
    return graph.chain(
        stem, [*limiter_filters(timeline.mastering.limit_db), *resampled, *upmix_filters(timeline)]
    )


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
        filters = [
            MONO_FILTERS.format(rate_hz=timeline.rate_hz),
            *_treatment_filters(timeline.treatment, clip),
            *_clip_filters(clip),
        ]
        if clip.start < begin:
            filters += [f"atrim=start_sample={begin - clip.start}", RESTART]
        filters.append(f"volume={clip.gain_db + timeline.mastering.gain_db:.4f}dB")
        if clip is clips[0] and clip.start > begin:
            filters.append(f"adelay=delays={clip.start - begin}S:all=1")
        from_here = begin if clip is clips[0] else clip.start
        filters += length_filters(following - from_here)
        yield graph.chain(graph.add_recording(sources[clip.source]), filters)


def _treatment_filters(treatment: Treatment, clip: Clip) -> list[str]:
    """Filters for a recording from its beginning on, so that it is the same in any segment.

    The de-esser depends on level, so it gets every recording at the same level.
    """
    high_pass = [f"highpass=f={treatment.high_pass_hz}"] if treatment.high_pass_hz else []
    if not treatment.de_ess:
        return high_pass
    levelled, back = (f"volume={gain_db:.4f}dB" for gain_db in (clip.gain_db, -clip.gain_db))
    intensity = DE_ESS_FROM + DE_ESS_REACH * treatment.de_ess
    return [*high_pass, levelled, f"deesser=i={intensity:g}", back]


def _clip_filters(clip: Clip) -> list[str]:
    return [
        f"atrim=start_sample={clip.skip}:end_sample={clip.skip + clip.length}",
        RESTART,
        f"apad=whole_len={clip.length}",
        *fade_filters("in", 0, clip.fade, "tri"),
        *fade_filters("out", clip.length - clip.fade, clip.fade, "tri"),
    ]
