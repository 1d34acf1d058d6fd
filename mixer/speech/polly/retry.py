"""Repeats a call to a speech service when that can help, and only then.

boto3's own retries are off: they know neither the quota of the account nor the deadline of the
request. Here every try passes the limiter, waits in between are drawn at random from a growing
range ("full jitter", which spreads callers that failed together), and no try begins that could
not end before the deadline. Throttling passes with time, so it is retried until `max_throttled_s`;
any other fault may be caused by the passage itself, so it gets only a few tries, and an answer that
is not speech, which is charged for, only two. The price: a passage that always fails costs those
few tries.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from mixer.errors import (
    BadOption,
    MixerError,
    OutOfTime,
    SpeechFailed,
    SpeechUnavailable,
    UnknownVoice,
)
from mixer.speech.engine import VoiceSettings
from mixer.speech.polly.limiter import QuotaLimiter

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
        "429",
    }
)
"""Those of botocore's standard retry mode that Polly can answer, and the status for all of them."""

TRANSIENT_CODES = frozenset({"RequestTimeout", "RequestTimeoutException", "408"})
"""Answers below 500 that may pass on a retry; a status is the code of an answer without one."""

SERVER_FAULT = 500
"""HTTP statuses from here on are the service's own fault."""


class FaultKind(Enum):
    """What a failed call predicts for the next one."""

    THROTTLED = "throttled"
    TRANSIENT = "passing"
    LOST = "lost"
    DAMAGED = "damaged"
    PERMANENT = "final"


class DamagedAnswer(Exception):
    """An answer that cannot be parsed or is not what was requested, such as a proxy's page."""


@contextmanager
def parse_strictly() -> Iterator[None]:
    """Raise DamagedAnswer for what botocore and our parsers raise for answers of another shape."""
    from botocore.parsers import ResponseParserError

    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, ResponseParserError) as error:
        raise DamagedAnswer(f"its answer cannot be read ({type(error).__name__})") from error


def classify_fault(error: Exception) -> FaultKind:
    """Classify an error by whether another try can succeed.

    Throttling, statuses of 500 and more, timeouts and cut connections may pass; missing
    credentials, refusals and malformed requests do not. LOST and DAMAGED may pass too, but the
    service may have received this try and charge for it: its answer did not arrive whole.
    """
    from botocore import exceptions as botocore

    if isinstance(error, DamagedAnswer):
        return FaultKind.DAMAGED
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


Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class SpeechRetryPolicy:
    """How often and how long to retry.

    Attributes:
        first_delay_s: upper end of the random wait after the first failure; doubles each time.
        max_delay_s: where the doubling ends.
        max_tries: for faults other than throttling, the first included.
        max_damaged_tries: for answers that are not speech; each is charged for.
        max_throttled_s: no try follows a throttled one after this.
        min_call_s: with less than this before the deadline no call begins, since it would be
            charged for. A call of 3,000 characters takes a few seconds.
    """

    first_delay_s: float = 0.2
    max_delay_s: float = 5.0
    max_tries: int = 6
    max_damaged_tries: int = 2
    max_throttled_s: float = 120.0
    min_call_s: float = 3.0


@dataclass(frozen=True)
class Retry:
    """Makes calls through a limiter until one succeeds or no further try can help.

    Attributes:
        deadline_s: on the clock `now`; None for none.
        now: a monotonic clock in seconds; the limiter's own.
        sleep: waits a number of seconds; None for a wait that `stop` ends.
        random_fraction: a random number from 0 to 1.
        stop: once set, nothing more is tried.
    """

    policy: SpeechRetryPolicy = field(default_factory=SpeechRetryPolicy)
    deadline_s: float | None = None
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] | None = None
    random_fraction: Callable[[], float] = random.random
    stop: threading.Event = field(default_factory=threading.Event)

    def call(
        self,
        limiter: QuotaLimiter,
        request: Callable[[], Answer],
        passage: str,
        report_loss: Callable[[], object] = int,
    ) -> Answer:
        """Make a call, and repeat it while that can help.

        Args:
            request: must have read the whole answer when it returns.
            report_loss: called after each try whose answer was lost on the way.

        Raises:
            OutOfTime: another try could not end before the deadline, or `stop` was set.
            SpeechUnavailable: the fault did not pass; names the passage.
            SpeechFailed: the answers were damaged; names the passage.
            Exception: a permanent fault, as the call raised it.
        """
        started_s, tries, failures = self.now(), 0, 0
        while True:
            try:
                return self._try_once(limiter, request)
            except _service_errors() as error:
                fault = classify_fault(error)
                if fault is FaultKind.PERMANENT:
                    raise
                tries += 1
                failures += fault is not FaultKind.THROTTLED
                if fault in {FaultKind.LOST, FaultKind.DAMAGED}:
                    report_loss()
                if self._is_exhausted(fault, failures, started_s):
                    raise _build_last_error(error, tries, passage) from error
            self._wait_backoff(tries)

    def _try_once(self, limiter: QuotaLimiter, request: Callable[[], Answer]) -> Answer:
        with limiter.permit(self._last_start_s(), self.stop) as permit:
            try:
                result = request()
            except _service_errors() as error:
                if classify_fault(error) is FaultKind.THROTTLED:
                    limiter.record_throttle(permit)
                raise
        limiter.record_success()
        return result

    def _last_start_s(self) -> float | None:
        return None if self.deadline_s is None else self.deadline_s - self.policy.min_call_s

    def _is_exhausted(self, fault: FaultKind, failures: int, started_s: float) -> bool:
        if fault is FaultKind.THROTTLED:
            return self.now() - started_s > self.policy.max_throttled_s
        is_damaged = fault is FaultKind.DAMAGED
        return failures >= (self.policy.max_damaged_tries if is_damaged else self.policy.max_tries)

    def _wait_backoff(self, tries: int) -> None:
        """Wait a random time; raises OutOfTime instead of waiting past the last start."""
        longest_s = self.policy.first_delay_s * 2.0 ** min(tries - 1, 30)
        delay_s = self.random_fraction() * min(self.policy.max_delay_s, longest_s)
        last_start_s = self._last_start_s()
        if last_start_s is not None and self.now() + delay_s > last_start_s:
            raise OutOfTime("Time ran out before the speech service could be called again.")
        (self.sleep or self.stop.wait)(delay_s)


def _service_errors() -> tuple[type[Exception], ...]:
    """What a call can raise; imported late, so that the embedded voice never loads botocore."""
    from botocore.exceptions import BotoCoreError, ClientError

    return (BotoCoreError, ClientError, OSError, DamagedAnswer)


def _build_last_error(error: Exception, tries: int, passage: str) -> SpeechFailed:
    """Damaged answers are not tried by anyone else: each is charged for."""
    error_type = SpeechFailed if isinstance(error, DamagedAnswer) else SpeechUnavailable
    return error_type(
        f"The speech service failed at “{passage}”: {error} (tried {tries} times). "
        "Finished speech is kept; try again later.",
        [passage],
    )
