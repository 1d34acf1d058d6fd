"""Recordings in, audio file out.

`arrange` lays out a Timeline, `render` makes a file of it in one of the `formats`, and `analysis`
measures recordings and files. The names are loaded when they are first used.
"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.sound.ffmpeg import ProcessGroup
    from mixer.sound.loudness import BIN_LU, SILENCE_DBFS, STEP_S, Histogram
    from mixer.sound.presets import PRESETS, DuckingEnvelope
    from mixer.sound.timeline import (
        GRID_S,
        MIX_RATE_HZ,
        Clip,
        Cue,
        Mastering,
        Timeline,
        divide_gap,
        rescale_samples,
    )

__getattr__ = export_lazily(__name__)
