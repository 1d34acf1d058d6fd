"""Failed calls of Amazon Polly: which ones may pass, and what the others mean for a caller."""

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from mixer.errors import BadOption, MixerError, SpeechFailed, UnknownVoice
from mixer.speech.engine import VoiceSettings

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

VOICE_CODES = frozenset({"EngineNotSupportedException", "ValidationException"})
"""How Polly refuses an engine that the voice lacks, or an unknown voice."""

THROTTLING_CODES = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "LimitExceededException",
        "SlowDown",
    }
)
"""Those of botocore's standard retry mode that Polly can answer."""

TRANSIENT_CODES = frozenset({"RequestTimeout", "RequestTimeoutException"})
"""Answers below 500 that may pass on a retry."""

SERVER_FAULT = 500
"""HTTP statuses from here on are the service's own fault."""


class FaultKind(Enum):
    """What a failed call predicts for the next one."""

    THROTTLED = "throttled"
    TRANSIENT = "passing"
    LOST = "lost"
    PERMANENT = "final"


def classify_fault(error: Exception) -> FaultKind:
    """Classify an error by whether another try can succeed.

    Throttling, statuses of 500 and more, timeouts and cut connections may pass; missing
    credentials, refusals and malformed requests do not. LOST may pass too, but the service may
    have received this try and charge for it: its answer did not arrive.
    """
    from botocore import exceptions as botocore

    if isinstance(error, botocore.ClientError):
        return _classify_response(error.response)
    unsent = (botocore.ConnectTimeoutError, botocore.EndpointConnectionError, botocore.SSLError)
    if isinstance(error, (*unsent, botocore.ProxyConnectionError)):
        return FaultKind.TRANSIENT
    interrupted = (botocore.IncompleteReadError, botocore.ResponseStreamingError, OSError)
    lost = (botocore.HTTPClientError, botocore.ConnectionError, *interrupted)
    return FaultKind.LOST if isinstance(error, lost) else FaultKind.PERMANENT


def _classify_response(response: object) -> FaultKind:
    answer = response if isinstance(response, dict) else {}
    code = answer.get("Error", {}).get("Code", "")
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in THROTTLING_CODES:
        return FaultKind.THROTTLED
    if status >= SERVER_FAULT or code in TRANSIENT_CODES:
        return FaultKind.TRANSIENT
    return FaultKind.PERMANENT


def _error_code(error: Exception) -> str:
    """The service's code; the exception's name where the service did not answer."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return code or type(error).__name__


def translate_error(
    error: "ClientError | Exception",
    voice_settings: VoiceSettings,
    passage: str,
    find_mismatch: Callable[[], UnknownVoice | None],
) -> MixerError:
    """The error to raise for a refusal that no retry can cure.

    `passage` is the beginning of the text; `find_mismatch` calls the service to look up whether
    voice and engine exist.
    """
    code = _error_code(error)
    if code == "LexiconNotFoundException":
        names = ", ".join(voice_settings.lexicons)
        return BadOption(
            f"Amazon Polly lacks at least one of these lexicons: {names}.",
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
        f"Amazon Polly refused “{passage}”: {error}. Trying again would not help.",
        [passage],
    )
