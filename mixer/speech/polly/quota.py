"""Keeps the calls of one process within its share of the account's quota.

Amazon Polly allows so many calls a second, with a burst, and so many in flight, for each engine.
A call that would go over is refused; the refusal costs a round trip and, when many processes push
at once, everybody's time. So every call passes a limiter first, retries and speech marks included:

1. callers queue, first come, first served;
2. the head of the queue waits for a free place in flight and for a token of the bucket;
3. an answer of "throttled" holds the bucket for a moment, longer when it keeps coming.

The price: a share is fixed until somebody resizes it, so that a process that runs alone leaves the
others' shares unused, and a share can never be less than one call in flight: more processes than
the quota has places will be throttled and must retry.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf

from mixer.errors import OutOfTime
from mixer.speech.polly.token_bucket import TokenBucket

Wait = Callable[[threading.Condition, float | None], object]
"""Waits for a condition, whose lock is held, at most so many seconds (None: until notified)."""


EPSILON = 1e-9
"""Of a place in flight that the rounding of a division may take away."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What a service allows.

    Attributes:
        calls_per_s: sustained.
        burst: calls that may come at once after a rest.
        in_flight: calls that may be under way at the same time.
    """

    calls_per_s: float
    burst: float
    in_flight: int

    def share(self, parts: float) -> "Quota":
        """One of so many equal parts; never less than one call at a time."""
        return Quota(
            calls_per_s=self.calls_per_s / parts,
            burst=max(1.0, self.burst / parts),
            in_flight=max(1, int(self.in_flight / parts + EPSILON)),
        )


DESCRIBE_VOICES = "describe-voices"
"""Stands in the table beside the engines: listing voices has a quota of its own."""

POLLY_QUOTAS: Mapping[str, Quota] = {
    "generative": Quota(calls_per_s=8, burst=8, in_flight=26),
    "long-form": Quota(calls_per_s=8, burst=10, in_flight=26),
    "neural": Quota(calls_per_s=8, burst=10, in_flight=18),
    "standard": Quota(calls_per_s=80, burst=100, in_flight=80),
    DESCRIBE_VOICES: Quota(calls_per_s=80, burst=100, in_flight=80),
}
"""An account's default, by engine: the limits page of Polly's developer guide. Adjustable per
account. Where the page names no burst, the rate stands for it; listing voices has no limit in
flight, and borrows that of the standard engine."""

BURST_MARGIN = 1.0
"""Calls by which the burst stays under the quota: calls released evenly arrive unevenly. One call
forgives 125 ms of unevenness at 8 calls a second."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call.

    Attributes:
        started_s: when it was given, on the limiter's clock.
    """

    started_s: float


STORM_REFUSALS = 3
"""So many refusals with no answer between them mean that the quota itself is used up by others;
fewer are accidents that a short pause covers without losing throughput."""

MAX_PAUSE_S = 2.0


class QuotaLimiter:
    """Lets callers through one after the other, within a quota. Safe for many threads.

    Args:
        quota: this process's share.
        now: a clock in seconds that never runs backwards.
        wait: how to wait for a condition; tests move a clock of their own instead.
    """

    def __init__(
        self,
        quota: Quota,
        *,
        now: Callable[[], float] = time.monotonic,
        wait: Wait = threading.Condition.wait,
    ) -> None:
        self.quota = quota
        self._now = now
        self._wait = wait
        self._lock = threading.RLock()
        self._queue: deque[threading.Condition] = deque()
        self._in_flight = 0
        self._refusals = 0
        self._last_throttle_s = -inf
        self._bucket = TokenBucket(quota.calls_per_s, _bucket_capacity(quota), now())

    @property
    def queued(self) -> int:
        """How many callers wait."""
        with self._lock:
            return len(self._queue)

    @property
    def in_flight(self) -> int:
        """How many calls are under way."""
        with self._lock:
            return self._in_flight

    @contextmanager
    def permit(
        self, deadline_s: float | None = None, stop: threading.Event | None = None
    ) -> Iterator[Permit]:
        """Wait for one's turn, and hold a place in flight for the length of the block.

        Args:
            deadline_s: on the limiter's clock; None waits as long as it takes.
            stop: ends the waiting once it is set; whoever sets it calls `nudge`.

        Raises:
            OutOfTime: the turn would come after the deadline, or the waiting was stopped.
        """
        permit = self.acquire(deadline_s, stop)
        try:
            yield permit
        finally:
            self.release()

    def acquire(
        self, deadline_s: float | None = None, stop: threading.Event | None = None
    ) -> Permit:
        """Wait for one's turn; see `permit`. Whoever enters must leave."""
        with self._lock:
            turn = threading.Condition(self._lock)
            self._queue.append(turn)
            try:
                while (wait_s := self._wait_s(turn)) > 0:
                    self._require_time(deadline_s, stop)
                    self._wait_in_queue(turn, wait_s, deadline_s)
                self._require_time(deadline_s, stop)
                return self._grant_permit()
            finally:
                self._queue.remove(turn)
                self._wake_first()

    def release(self) -> None:
        """Give back the place in flight."""
        with self._lock:
            self._in_flight -= 1
            self._wake_first()

    def resize(self, quota: Quota) -> None:
        """Keep to another share from now on; calls under way are not called back."""
        with self._lock:
            self.quota = quota
            self._bucket.resize(quota.calls_per_s, _bucket_capacity(quota), self._now())
            self._wake_first()

    def wake_waiters(self) -> None:
        """Let all who wait look again whether they were stopped."""
        with self._lock:
            for turn in self._queue:
                turn.notify()

    def record_success(self) -> None:
        """The service served a call: whatever it refused before was an accident."""
        with self._lock:
            self._refusals = 0

    def record_throttle(self, permit: Permit) -> None:
        """The service refused a call for coming too fast: hold the next ones for a moment.

        The first refusals pause the calls for one interval each, and the calls missed are made up
        for; a storm doubles the pause each time and goes on with one call at a time. Refusals of
        calls that started before the last pause belong to the same event and change nothing.
        """
        with self._lock:
            now_s = self._now()
            if permit.started_s < self._last_throttle_s:
                return
            self._last_throttle_s = now_s
            self._refusals += 1
            self._pause_calls(now_s)

    def _pause_calls(self, now_s: float) -> None:
        doublings = max(0, self._refusals - STORM_REFUSALS + 1)
        until_s = now_s + min(MAX_PAUSE_S, 2.0**doublings / self.quota.calls_per_s)
        if doublings:
            self._bucket.restart(until_s)
        else:
            self._bucket.hold(until_s)

    def _wait_s(self, waiter: threading.Condition) -> float:
        """0: it may go; infinite: until it is woken; else: look again after so long."""
        if self._queue[0] is not waiter or self._in_flight >= self.quota.in_flight:
            return inf
        return self._bucket.wait_s(self._now())

    def _require_time(self, deadline_s: float | None, stop: threading.Event | None) -> None:
        if stop is not None and stop.is_set():
            raise OutOfTime("The work was stopped before it was this call's turn.")
        if deadline_s is not None and self._now() > deadline_s:
            raise _timeout_error()

    def _wait_in_queue(
        self, waiter: threading.Condition, wait_s: float, deadline_s: float | None
    ) -> None:
        left_s = inf if deadline_s is None else deadline_s - self._now()
        if left_s <= 0 or left_s < wait_s < inf:
            raise _timeout_error()
        timeout_s = min(wait_s, left_s)
        self._wait(waiter, None if timeout_s == inf else timeout_s)

    def _grant_permit(self) -> Permit:
        now_s = self._now()
        self._bucket.take_token(now_s)
        self._in_flight += 1
        return Permit(now_s)

    def _wake_first(self) -> None:
        if self._queue:
            self._queue[0].notify()


def _bucket_capacity(quota: Quota) -> float:
    return max(1.0, quota.burst - BURST_MARGIN)


def _timeout_error() -> OutOfTime:
    return OutOfTime("The time ran out before the speech service's quota gave a turn.")


class EngineQuotas:
    """One limiter for each engine.

    Keep it as long as the process lives, so that no burst is granted twice.

    Args:
        parts: into how many the account's quota is divided; this process has one of them.
        quotas: the account's, by engine.
        now: see QuotaLimiter.
        wait: see QuotaLimiter.
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
        """The limiter of an engine, or of DESCRIBE_VOICES.

        Raises:
            KeyError: the table has no such engine.
        """
        return self._limiters[engine]

    def resize(self, engine: str, parts: float) -> None:
        """Divide this process's share of an engine once more, into so many parts, without a burst.

        Bursts of many workers would come together in one second.

        Raises:
            KeyError: the table has no such engine.
        """
        share = self._account_quotas[engine].share(self._parts * parts)
        self._limiters[engine].resize(replace(share, burst=1.0))

    def wake_waiters(self) -> None:
        """Let all who wait at any engine look again whether they were stopped."""
        for limiter in self._limiters.values():
            limiter.wake_waiters()
