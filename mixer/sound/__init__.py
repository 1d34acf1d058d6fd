"""Recordings in, audio file out.

A Timeline says what plays when (`arrange` decides it); `render` makes a file of it, in one of the
`formats`; `analysis` measures what goes in and what comes out. The arithmetic of loudness is here
for all.
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
