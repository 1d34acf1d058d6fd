"""Keeps the calls of one process within its share of the account's quota.

Amazon Polly limits, for each engine, the calls per second, their burst, and the calls in flight.
A call beyond that is refused; the refusal costs a round trip and, when many processes push at once,
everyone's time. So every call passes a limiter first, retries and speech marks included:

1. callers queue, first come, first served;
2. the first in the queue waits for a free place in flight and for a token of the bucket;
3. a throttled answer holds the bucket for a moment, longer when it keeps coming.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf

from mixer.errors import OutOfTime

Wait = Callable[[threading.Condition, float | None], object]
"""Waits for a condition, whose lock is held, at most a number of seconds (None: until notified)."""

EPSILON = 1e-9
"""Rounding of a division, of a place in flight."""

EPSILON_S = 1e-9
"""Rounding of a clock's arithmetic: a shorter wait might never end."""

BURST_MARGIN = 1.0
"""Calls by which the burst stays under the quota: calls released evenly arrive unevenly. One call
absorbs 125 ms of jitter at 8 calls a second."""

MIN_FILL = 2.0
"""Tokens that a bucket may hold however many calls are under way, so that a late waiter loses
nothing of the rate."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What a service allows; `burst` calls may come at once after a rest."""

    calls_per_s: float
    burst: float
    in_flight: int

    def share(self, parts: float) -> "Quota":
        """One of a number of equal parts; never less than one call at a time."""
        return Quota(
            calls_per_s=self.calls_per_s / parts,
            burst=max(1.0, self.burst / parts),
            in_flight=max(1, int(self.in_flight / parts + EPSILON)),
        )


@dataclass(frozen=True, slots=True)
class Permit:
    """Permission to make one call, given at `started_s` on the limiter's clock."""

    started_s: float


STORM_REFUSALS = 3
"""Refusals without a success between them that mean that others use up the quota; fewer are
accidents, and a short pause covers them without losing throughput."""

MAX_PAUSE_S = 2.0


class TokenBucket:
    """The arithmetic of a rate with a burst.

    Lets through at most `rate x window + capacity` calls in any window. A call may reach the
    service at any time until its answer, so calls under way count against the capacity: the
    service sees no more than that either, as long as fewer are under way than the capacity less
    MIN_FILL. Knows no clock and no threads; the times it is given never run backwards.
    """

    def __init__(self, calls_per_s: float, capacity: float, now_s: float) -> None:
        self._calls_per_s = calls_per_s
        self._capacity = capacity
        self._level = capacity
        self._filled_s = now_s
        self._resume_s = -inf
        self.in_flight = 0

    def wait_s(self, now_s: float) -> float:
        """How long until the next call may start; 0 for now."""
        self._refill(now_s)
        missing = max(0.0, 1.0 - self._level)
        ahead_s = max(0.0, self._filled_s - now_s)
        refill_s = ahead_s + missing / self._calls_per_s if missing else 0.0
        wait_s = max(self._resume_s - now_s, refill_s)
        return wait_s if wait_s > EPSILON_S else 0.0

    def take_token(self, now_s: float) -> None:
        """Start a call; only when `wait_s` is 0."""
        self._refill(now_s)
        self._level -= 1.0
        self.in_flight += 1

    def end_call(self, now_s: float) -> None:
        """The service answered a call, or never will."""
        self._refill(now_s)
        self.in_flight -= 1

    def hold(self, resume_s: float) -> None:
        """Let nothing through until then; tokens still accumulate."""
        self._resume_s = max(self._resume_s, resume_s)

    def restart(self, resume_s: float) -> None:
        """Let nothing through until then, and begin again with a single call."""
        self.hold(resume_s)
        self._refill(resume_s)
        self._level = min(self._level, 1.0)

    def resize(self, calls_per_s: float, capacity: float, now_s: float) -> None:
        """Continue at another rate, keeping the tokens that fit."""
        self._refill(now_s)
        self._calls_per_s, self._capacity = calls_per_s, capacity
        self._level = min(self._level, capacity)

    def _refill(self, now_s: float) -> None:
        passed_s = max(0.0, now_s - self._filled_s)
        fill = min(self._capacity, max(MIN_FILL, self._capacity - self.in_flight))
        self._level = min(fill, self._level + passed_s * self._calls_per_s)
        self._filled_s = max(self._filled_s, now_s)


class QuotaLimiter:
    """Lets callers through one after the other, within a quota. Safe for many threads.

    Tests replace `wait`, the way to wait for a condition, and advance a clock of their own.
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
        self._refusals = 0
        self._last_throttle_s = -inf
        self._bucket = TokenBucket(quota.calls_per_s, _bucket_capacity(quota), now())

    @property
    def in_flight(self) -> int:
        """Calls under way."""
        with self._lock:
            return self._bucket.in_flight

    @contextmanager
    def permit(
        self, deadline_s: float | None = None, stop: threading.Event | None = None
    ) -> Iterator[Permit]:
        """Hold a place in flight for the length of the block, once there is a permit.

        `stop` ends the waiting once it is set and `wake_waiters` is called.

        Raises:
            OutOfTime: the permit would come after the deadline, or the waiting was stopped.
        """
        permit = self.acquire(deadline_s, stop)
        try:
            yield permit
        finally:
            self.release()

    def acquire(
        self, deadline_s: float | None = None, stop: threading.Event | None = None
    ) -> Permit:
        """Wait for a permit, as in `permit`; the caller must `release` it."""
        with self._lock:
            waiter = threading.Condition(self._lock)
            self._queue.append(waiter)
            try:
                while (wait_s := self._wait_s(waiter)) > 0:
                    self._require_time(deadline_s, stop)
                    self._wait_in_queue(waiter, wait_s, deadline_s)
                self._require_time(deadline_s, stop)
                return self._grant_permit()
            finally:
                self._queue.remove(waiter)
                self._wake_first()

    def release(self) -> None:
        """Give back the place in flight."""
        with self._lock:
            self._bucket.end_call(self._now())
            self._wake_first()

    def resize(self, quota: Quota) -> None:
        """Switch to another share; calls under way continue."""
        with self._lock:
            self.quota = quota
            self._bucket.resize(quota.calls_per_s, _bucket_capacity(quota), self._now())
            self._wake_first()

    def wake_waiters(self) -> None:
        """Let all waiting callers check whether they were stopped."""
        with self._lock:
            for waiter in self._queue:
                waiter.notify()

    def record_success(self) -> None:
        """The service answered a call, so earlier refusals were accidents."""
        with self._lock:
            self._refusals = 0

    def record_throttle(self, permit: Permit) -> None:
        """The service refused a call for coming too fast: hold the next ones for a moment.

        The first refusals pause the calls for one interval each, and the calls missed are made up
        for; a storm doubles the pause each time and continues with one call at a time. Refusals of
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
        resume_s = now_s + min(MAX_PAUSE_S, 2.0**doublings / self.quota.calls_per_s)
        if doublings:
            self._bucket.restart(resume_s)
        else:
            self._bucket.hold(resume_s)

    def _wait_s(self, waiter: threading.Condition) -> float:
        """0: it may start; infinite: until it is woken; else check again after this."""
        if self._queue[0] is not waiter or self._bucket.in_flight >= self.quota.in_flight:
            return inf
        return self._bucket.wait_s(self._now())

    def _require_time(self, deadline_s: float | None, stop: threading.Event | None) -> None:
        if stop is not None and stop.is_set():
            raise OutOfTime("The work was stopped before this call could start.")
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
        return Permit(now_s)

    def _wake_first(self) -> None:
        if self._queue:
            self._queue[0].notify()


def _bucket_capacity(quota: Quota) -> float:
    return max(1.0, quota.burst - BURST_MARGIN)


def _timeout_error() -> OutOfTime:
    return OutOfTime("Time ran out before the speech service's quota allowed the call.")
