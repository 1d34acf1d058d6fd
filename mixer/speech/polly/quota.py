"""The account's quotas of Amazon Polly, and the share of one process.

The price: a share is fixed until it is resized, so a process that runs alone leaves the others'
shares unused, and a share is never less than one call in flight: more processes than the quota has
places will be throttled and must retry.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from mixer.speech.polly.limiter import Quota, QuotaLimiter, Wait

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
