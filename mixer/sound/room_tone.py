"""Room tone: a quiet noise under everything, so that silence does not switch on and off. Pure.

An audiobook shop requires it at both ends, and digital silence between sentences is audible at high
volume. The noise is a short loop from a fixed seed, which begins again with each section: so
segments join without a trace, and a section keeps its tone when it moves.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from mixer.sound.timeline import GRID_S, MIX_RATE_HZ

LOOP_SAMPLES = int(GRID_S * MIX_RATE_HZ)

SEAM_SAMPLES = MIX_RATE_HZ // 4
"""Crossfade from its end to its beginning, as with music."""

SETTLING_SAMPLES = MIX_RATE_HZ
"""Until noise and filters have settled."""

COLOUR = "color=brown:seed=1852"
"""Mostly low frequencies, as in a room; the seed must never change."""

LOWEST_HZ = 80
"""Below is rumble, which takes level and is inaudible."""

NOISE_LEVEL_DBFS = -15.68
"""Level of the filtered noise at full amplitude (measured over the whole loop)."""


def noise_filters(level_dbfs: float) -> list[str]:
    """Build filters that make the loop and its seam."""
    length = SETTLING_SAMPLES + LOOP_SAMPLES + SEAM_SAMPLES
    return [
        f"anoisesrc=r={MIX_RATE_HZ}:a=1:{COLOUR}:d={length / MIX_RATE_HZ:.6f}",
        "aformat=sample_fmts=fltp",
        f"highpass=f={LOWEST_HZ}",
        f"volume={10 ** ((level_dbfs - NOISE_LEVEL_DBFS) / 20):.8f}",
        *trim_filters(SETTLING_SAMPLES, length),
    ]


def find_spans(sections: Sequence[int], begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Where each part of a window begins in the loop, and its length, in samples of the mix.

    `sections` are the places where sections begin.
    """
    first, behind = bisect_right(sections, begin), bisect_left(sections, end)
    edges = [begin, *sections[first:behind], end]
    for number, (start, stop) in enumerate(pairwise(edges), start=first - 1):
        yield (start - sections[number]) % LOOP_SAMPLES, stop - start


def trim_filters(begin: int, end: int) -> list[str]:
    """Select samples of a stream, counted from its beginning."""
    return [f"atrim=start_sample={begin}:end_sample={end}", "asetpts=round(N/SR/TB)"]


LOOP_START = trim_filters(0, SEAM_SAMPLES)
LOOP_BODY = trim_filters(SEAM_SAMPLES, LOOP_SAMPLES)
LOOP_TAIL = trim_filters(LOOP_SAMPLES, LOOP_SAMPLES + SEAM_SAMPLES)
"""Parts of the noise; the loop is the tail crossfaded into the head, then the body."""

SEAM_FILTER = f"acrossfade=ns={SEAM_SAMPLES}:c1=qsin:c2=qsin"
LOOP_FILTER = f"aloop=loop=-1:size={LOOP_SAMPLES},asetnsamples=4096:p=0"
"""Large frames: the small ones from the loop would double the cost (measured)."""
