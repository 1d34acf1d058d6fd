"""Script to recordings: the engine protocol, the narrator that drives an engine, and costs.

The engines themselves are in `polly` and `embedded`. The names are loaded when they are first used:
a plan needs none that handles sound.
"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.speech.charges import Charges, costs_usd
    from mixer.speech.engine import SampleSpan, Speech, SpeechEngine, Voice, VoiceSettings
    from mixer.speech.narrator import Narrator, NarratorResult
    from mixer.speech.recordings import Recording
    from mixer.speech.results import unreadable_error
    from mixer.speech.voice_selection import EMBEDDED, apply_narrator, charge_factor, select_voice

__getattr__ = export_lazily(__name__)
