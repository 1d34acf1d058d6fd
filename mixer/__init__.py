"""Text in, finished audio out: narrated, mixed with music, mastered, captioned.

    from mixer import narrate
    narration = narrate("The lamp went out at nine.", out="story.mp3")

What is listed in `__all__` is the public API; it is loaded when it is first used. Everything else
may change.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixer.errors import MixerError, MixerWarning
    from mixer.narration import (
        Cancellation,
        MixedAudio,
        Narration,
        Output,
        Plan,
        inspect,
        mix,
        narrate,
        plan,
        stream,
    )
    from mixer.narration.book_cast import cast
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

_HOMES = {
    "CastBook": "mixer.services.book_cast",
    "cast": "mixer.narration.book_cast",
    "Inspection": "mixer.services.inspect",
    "MixerError": "mixer.errors",
    "MixerWarning": "mixer.errors",
    "Options": "mixer.requests",
    "Progress": "mixer.progress",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "mixer.narration")), name)
