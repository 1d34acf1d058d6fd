"""Room tone: a quiet noise under everything, so that no silence switches on and off. Pure.

An audiobook shop wants the sound of a quiet room before the first word and after the last, not
digital silence; and where a listener turns the volume up, a gap of nothing between two sentences
is noticed as a hole. The noise is one short loop that FFmpeg makes from a fixed seed; a place in it
follows from the place on the timeline alone, so segments join without a trace.
"""

from mixer.sound.timeline import GRID_S, MIX_RATE_HZ

LOOP_SAMPLES = int(GRID_S * MIX_RATE_HZ)
"""As long as a step of the grid, so that a segment that an edit has moved is rendered the same."""

SEAM_SAMPLES = MIX_RATE_HZ // 4
"""Its end crossfades into its beginning, as with music."""

SETTLING_SAMPLES = MIX_RATE_HZ
"""Until noise and filters have forgotten that they began."""

COLOUR = "color=brown:seed=1852"
"""Most of it low, as in a room; any seed does, as long as it stays."""

LOWEST_HZ = 80
"""Below is rumble, which takes level and is inaudible."""

NOISE_LEVEL_DBFS = -15.68
"""What the noise measures at full amplitude behind its filter (measured over the whole loop)."""


def noise_filters(level_dbfs: float) -> list[str]:
    """Filters that make the loop and what its seam takes."""
    length = SETTLING_SAMPLES + LOOP_SAMPLES + SEAM_SAMPLES
    return [
        f"anoisesrc=r={MIX_RATE_HZ}:a=1:{COLOUR}:d={length / MIX_RATE_HZ:.6f}",
        "aformat=sample_fmts=fltp",
        f"highpass=f={LOWEST_HZ}",
        f"volume={10 ** ((level_dbfs - NOISE_LEVEL_DBFS) / 20):.8f}",
        *trim_filters(SETTLING_SAMPLES, length),
    ]


def trim_filters(begin: int, end: int) -> list[str]:
    """Some samples of a stream, counted from its beginning."""
    return [f"atrim=start_sample={begin}:end_sample={end}", "asetpts=round(N/SR/TB)"]


LOOP_START = trim_filters(0, SEAM_SAMPLES)
LOOP_BODY = trim_filters(SEAM_SAMPLES, LOOP_SAMPLES)
LOOP_TAIL = trim_filters(LOOP_SAMPLES, LOOP_SAMPLES + SEAM_SAMPLES)
"""Parts of the noise; the loop is the tail crossfaded into the head, then the body."""

SEAM_FILTER = f"acrossfade=ns={SEAM_SAMPLES}:c1=qsin:c2=qsin"
LOOP_FILTER = f"aloop=loop=-1:size={LOOP_SAMPLES},asetnsamples=4096:p=0"
"""In large frames: those that come out of the loop are small, and cost as much again (measured)."""
