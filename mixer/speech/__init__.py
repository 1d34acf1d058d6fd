"""Script to recordings: the engine protocol, the narrator that drives an engine, and costs.

The engines themselves are in `polly` and `embedded`.
"""

from mixer.speech.charges import Charges, cost_usd, costs_usd
from mixer.speech.engine import SampleSpan, SpeechEngine, Voice, VoiceSettings
from mixer.speech.narrator import Narrator, NarratorResult
from mixer.speech.recordings import Recording
from mixer.speech.results import unreadable_error
from mixer.speech.voice_selection import EMBEDDED, apply_narrator, charge_factor, select_voice

__all__ = [
    "EMBEDDED",
    "Charges",
    "Narrator",
    "NarratorResult",
    "Recording",
    "SampleSpan",
    "SpeechEngine",
    "Voice",
    "VoiceSettings",
    "apply_narrator",
    "charge_factor",
    "cost_usd",
    "costs_usd",
    "select_voice",
    "unreadable_error",
]
