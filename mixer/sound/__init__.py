"""Recordings in, audio file out.

`arrange` lays out a Timeline, `render` makes a file of it in one of the `formats`, and `analysis`
measures recordings and files.
"""

from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.loudness import BIN_LU, STEP_S, Histogram
from mixer.sound.presets import PRESETS, DuckingEnvelope
from mixer.sound.timeline import (
    GRID_S,
    MIX_RATE_HZ,
    Clip,
    Cue,
    Mastering,
    Timeline,
    rescale_samples,
)

__all__ = [
    "BIN_LU",
    "GRID_S",
    "MIX_RATE_HZ",
    "PRESETS",
    "STEP_S",
    "Clip",
    "Cue",
    "DuckingEnvelope",
    "Histogram",
    "Mastering",
    "ProcessGroup",
    "Timeline",
    "rescale_samples",
]
