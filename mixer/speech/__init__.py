"""Script to recordings: the engine protocol, the narrator that drives an engine, and costs.

The engines themselves are in `polly` and `embedded`. The names are loaded when they are first used:
a plan needs none that handles sound.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixer.speech.charges import Charges, costs_usd
    from mixer.speech.engine import SampleSpan, SpeechEngine, Voice, VoiceSettings
    from mixer.speech.engine_group import EngineGroup
    from mixer.speech.narrator import Narrator, NarratorResult
    from mixer.speech.recordings import Recording
    from mixer.speech.results import unreadable_error
    from mixer.speech.voice_selection import EMBEDDED, apply_narrator, charge_factor, select_voice

_HOMES = {
    "Charges": "charges",
    "EMBEDDED": "voice_selection",
    "EngineGroup": "engine_group",
    "Narrator": "narrator",
    "NarratorResult": "narrator",
    "Recording": "recordings",
    "SampleSpan": "engine",
    "SpeechEngine": "engine",
    "Voice": "engine",
    "VoiceSettings": "engine",
    "apply_narrator": "voice_selection",
    "charge_factor": "voice_selection",
    "costs_usd": "charges",
    "select_voice": "voice_selection",
    "unreadable_error": "results",
}

__all__ = [
    "EMBEDDED",
    "Charges",
    "EngineGroup",
    "Narrator",
    "NarratorResult",
    "Recording",
    "SampleSpan",
    "SpeechEngine",
    "Voice",
    "VoiceSettings",
    "apply_narrator",
    "charge_factor",
    "costs_usd",
    "select_voice",
    "unreadable_error",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"mixer.speech.{_HOMES[name]}"), name)
