"""Makes the boto3 client that PollyEngine speaks through, and shares the account's quotas.

The price: a share is fixed until it is resized, so a process that runs alone leaves the others'
shares unused, and a share is never less than one call in flight: more processes than the quota has
places will be throttled and must retry.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from mixer.errors import MixerError
from mixer.lazy import require_extra
from mixer.speech.polly.limiter import Quota, QuotaLimiter, Wait

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from mypy_boto3_polly import PollyClient


DESCRIBE_VOICES = "describe-voices"
"""A key among the engines: listing voices has a quota of its own."""

POLLY_QUOTAS: Mapping[str, Quota] = {
    "generative": Quota(calls_per_s=8, burst=8, in_flight=26),
    "long-form": Quota(calls_per_s=8, burst=10, in_flight=26),
    "neural": Quota(calls_per_s=8, burst=10, in_flight=18),
    "standard": Quota(calls_per_s=80, burst=100, in_flight=80),
    DESCRIBE_VOICES: Quota(calls_per_s=80, burst=100, in_flight=80),
}
"""An account's default, by engine. Source: the limits page of Polly's developer guide. Adjustable
per account. Where the page names no burst, the rate is used; listing voices has no limit in flight
and borrows that of the standard engine."""


class EngineQuotas:
    """One limiter for each engine; keep it for the life of the process, for no second burst.

    The account's quota is divided into `parts`, of which this process has one.
    """

    def __init__(
        self,
        parts: float = 1,
        *,
        quotas: Mapping[str, Quota] = POLLY_QUOTAS,
        now: Callable[[], float] = time.monotonic,
        wait: Wait = threading.Condition.wait,
    ) -> None:
        self._limiters = {
            name: QuotaLimiter(quota.share(parts), now=now, wait=wait)
            for name, quota in quotas.items()
        }
        self._account_quotas, self._parts = quotas, parts

    def limiter(self, engine: str) -> QuotaLimiter:
        """The limiter of an engine, or of DESCRIBE_VOICES; KeyError for any other."""
        return self._limiters[engine]

    def resize(self, engine: str, parts: float) -> None:
        """Divide this process's share of an engine into `parts` more, without a burst.

        Bursts of many workers would come together in one second.
        """
        share = self._account_quotas[engine].share(self._parts * parts)
        self._limiters[engine].resize(replace(share, burst=1.0))

    def wake_waiters(self) -> None:
        """Let all waiting callers check whether they were stopped."""
        for limiter in self._limiters.values():
            limiter.wake_waiters()


CONNECT_TIMEOUT_S = 3.0
"""Within a region a connection takes milliseconds; a slower one is retried."""

READ_TIMEOUT_S = 30.0
"""Between two parts of an answer. The longest call, 3,000 characters, begins to answer well
before that; more would let a dead connection use up the time for a retry."""

MAX_CONNECTIONS = max(quota.in_flight for quota in POLLY_QUOTAS.values())
"""The most that any engine keeps in flight; they are opened on demand."""


def create_polly_client(
    *,
    endpoint_url: str | None = None,
    connections: int = MAX_CONNECTIONS,
    read_timeout_s: float = READ_TIMEOUT_S,
    session: "boto3.Session | None" = None,
) -> "PollyClient":
    """Create a client without retries of its own; the caller closes it.

    Args:
        endpoint_url: of another server that speaks Polly's protocol; None for the real one.
        connections: kept open at most; the parallelism of the engine.
        session: with credentials and region; None for boto3's default.

    Raises:
        MixerError: the extra `aws` is not installed, no region is configured, or the profile does
            not exist.
    """
    require_extra("aws", "boto3", "Amazon Polly")
    import boto3
    from botocore.exceptions import BotoCoreError

    config = _build_client_config(connections, read_timeout_s)
    try:
        source = session or boto3.Session()
        return source.client("polly", endpoint_url=endpoint_url, config=config)
    except BotoCoreError as error:
        raise MixerError(
            f"Amazon Polly cannot be reached: {str(error).rstrip('.')}; set region and credentials "
            "with `aws configure`, or with AWS_DEFAULT_REGION and AWS_PROFILE."
        ) from error


def _build_client_config(connections: int, read_timeout_s: float) -> "Config":
    from botocore.config import Config

    return Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=read_timeout_s,
        max_pool_connections=connections,
        tcp_keepalive=True,
    )
