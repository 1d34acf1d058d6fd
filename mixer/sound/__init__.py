"""Recordings in, audio file out.

`arrange` lays out a Timeline, `render` makes a file of it in one of the `formats`, and `analysis`
measures recordings and files.
"""

from mixer.sound.analysis.loudness import STEP_S, WINDOW_S, amplitude, histogram, integrated_lufs
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.presets import PRESETS, DuckingEnvelope
from mixer.sound.timeline import MIX_RATE_HZ, Clip, Cue, Mastering, Timeline, rescale_samples

__all__ = [
    "MIX_RATE_HZ",
    "PRESETS",
    "STEP_S",
    "WINDOW_S",
    "Clip",
    "Cue",
    "DuckingEnvelope",
    "Mastering",
    "ProcessGroup",
    "Timeline",
    "amplitude",
    "histogram",
    "integrated_lufs",
    "rescale_samples",
]
