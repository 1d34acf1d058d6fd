"""How long to try: throttling is waited out, and a deadline is kept.

Waits grow at random up to a ceiling ("full jitter"), so that many callers do not come back at the
same moment. The clock, the sleeping and the dice are parameters.
"""

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from mixer.errors import OutOfTime

Answer = TypeVar("Answer")

RESERVE_S = 30.0
"""Kept back for the call under way (its time-out is 20 s) and for the report."""

FIRST_WAIT_S = 0.5
MAX_WAIT_S = 20.0
MAX_TRIES = 12
"""With these, a service may refuse for about two minutes before an item counts as failed."""

TRANSIENT_CODES = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "LimitExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServerException",
        "ServiceException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Error codes of S3, ECR and Lambda that go away by themselves."""

SERVER_ERROR = 500
TOO_MANY_REQUESTS = 429


def is_transient(error: Exception) -> bool:
    """Whether trying again later may help."""
    if not isinstance(error, ClientError):
        return isinstance(error, HTTPClientError)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = error.response.get("Error", {}).get("Code", "")
    return code in TRANSIENT_CODES or status == TOO_MANY_REQUESTS or status >= SERVER_ERROR


def describe_error(error: ClientError | BotoCoreError) -> str:
    """What a service answered, as `Code: sentence`."""
    if isinstance(error, ClientError):
        answer = error.response.get("Error", {})
        return f"{answer.get('Code', 'Error')}: {answer.get('Message', '')}"
    return f"{type(error).__name__}: {error}"


def error_code(error: ClientError) -> str:
    """The word for programs in a service's refusal."""
    return error.response.get("Error", {}).get("Code", "")


@dataclass(frozen=True, slots=True)
class Retrier:
    """Patience with the services, bounded by a deadline.

    Attributes:
        remaining_s: how long this run may still take.
        sleep: waits, seconds.
        jitter: a number from 0 to 1.
    """

    remaining_s: Callable[[], float] = lambda: math.inf
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    @property
    def has_time(self) -> bool:
        """Whether another call can be begun."""
        return self.remaining_s() > RESERVE_S

    def check_time(self) -> None:
        """Raise OutOfTime when no other call should be begun."""
        if not self.has_time:
            raise OutOfTime("the deadline is near; the next run goes on")

    def wait(self, tries: int) -> None:
        """Wait before another try; OutOfTime when the deadline would come first.

        Args:
            tries: how many there were, 1 or more.
        """
        wait_s = self.jitter() * min(MAX_WAIT_S, FIRST_WAIT_S * 2 ** (tries - 1))
        if self.remaining_s() - wait_s <= RESERVE_S:
            raise OutOfTime("the service asks to wait longer than this run may take")
        self.sleep(wait_s)

    def call(self, request: Callable[[], Answer]) -> Answer:
        """Make a call, again and again while the service only asks for patience.

        Raises:
            OutOfTime: before the deadline is missed.
            ClientError, BotoCoreError: a refusal, or patience has run out.
        """
        for tries in range(1, MAX_TRIES):
            self.check_time()
            try:
                return request()
            except (ClientError, BotoCoreError) as error:
                if not is_transient(error):
                    raise
                self.wait(tries)
        self.check_time()
        return request()
