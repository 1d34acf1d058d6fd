"""Amazon Polly: its engines and voices, its refusals, and the quota that all calls keep."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.speech.polly.client import EngineQuotas, create_polly_client
    from mixer.speech.polly.engine import PollyEngine
    from mixer.speech.polly.retry import Retry
    from mixer.speech.polly.speech_marks import sample_count
    from mixer.speech.polly.voices import ENGINES_BEST_FIRST, VoiceCatalogue

__getattr__ = export_lazily(__name__)
