"""Text in, finished audio out: narrated, mixed with music, mastered, captioned.

    from mixer import narrate
    narration = narrate("The lamp went out at nine.", out="story.mp3")

What is listed in `__all__` is the public API; it is loaded when it is first used. Everything else
may change.
"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.errors import MixerError, MixerWarning
    from mixer.narration import (
        Cancellation,
        MixedAudio,
        Narration,
        Output,
        Plan,
        cast,
        inspect,
        mix,
        narrate,
        plan,
        stream,
    )
    from mixer.progress import Progress
    from mixer.requests import Options
    from mixer.services import CastBook, Inspection

__version__ = "0.1.0"

__all__ = [
    "Cancellation",
    "CastBook",
    "Inspection",
    "MixedAudio",
    "MixerError",
    "MixerWarning",
    "Narration",
    "Options",
    "Output",
    "Plan",
    "Progress",
    "cast",
    "inspect",
    "mix",
    "narrate",
    "plan",
    "stream",
]

__getattr__ = export_lazily(__name__)
