"""What Amazon Polly's refusals mean for a caller."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mixer.errors import BadOption, MixerError, SpeechFailed, UnknownVoice
from mixer.speech.engine import VoiceSettings

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

VOICE_CODES = frozenset({"EngineNotSupportedException", "ValidationException"})
"""How Polly refuses an engine that the voice lacks, or a voice that it does not know."""


def error_code(error: Exception) -> str:
    """The service's word for a refusal; the exception's name where the service did not answer."""
    response = getattr(error, "response", None)
    answered = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return answered or type(error).__name__


def translate_error(
    error: "ClientError | Exception",
    voice_settings: VoiceSettings,
    passage: str,
    find_mismatch: Callable[[], UnknownVoice | None],
) -> MixerError:
    """The error to raise for a refusal that no retry mends.

    Args:
        error: as boto3 raised it.
        voice_settings: what was asked for.
        passage: the beginning of what was to be said.
        find_mismatch: finds out whether voice and engine exist; asks the service.
    """
    code = error_code(error)
    if code == "LexiconNotFoundException":
        names = ", ".join(voice_settings.lexicons)
        return BadOption(
            f"Amazon Polly lacks one of the lexicons: {names}.",
            lexicons=list(voice_settings.lexicons),
        )
    if code == "LanguageNotSupportedException":
        return BadOption(
            f"{voice_settings.voice} does not speak the language “{voice_settings.language}”.",
            field="language",
            language=voice_settings.language,
        )
    unknown = find_mismatch() if code in VOICE_CODES else None
    return unknown or SpeechFailed(
        f"Amazon Polly refused to say “{passage}”: {error}. Saying it again would not help.",
        [passage],
    )
