"""The arithmetic of a rate with a burst: when may the next call start?"""

from math import inf

EPSILON_S = 1e-9
"""A wait no longer than the rounding of a clock's arithmetic is none; it might never end."""


class TokenBucket:
    """How many calls may start now: filled at a steady rate, emptied call by call.

    Lets through at most `rate x window + capacity` calls in any window. Knows no clock and no
    threads; the caller tells it the time, which never runs backwards.
    """

    def __init__(self, calls_per_s: float, capacity: float, now_s: float) -> None:
        self._calls_per_s = calls_per_s
        self._capacity = capacity
        self._level = capacity
        self._filled_s = now_s
        self._resume_s = -inf

    def wait_s(self, now_s: float) -> float:
        """How long until the next call may start; 0 for now."""
        self._refill(now_s)
        missing = max(0.0, 1.0 - self._level)
        ahead_s = max(0.0, self._filled_s - now_s)
        refill_s = ahead_s + missing / self._calls_per_s if missing else 0.0
        wait_s = max(self._resume_s - now_s, refill_s)
        return wait_s if wait_s > EPSILON_S else 0.0

    def take_token(self, now_s: float) -> None:
        """Start a call; only after `wait_s` said 0."""
        self._refill(now_s)
        self._level -= 1.0

    def hold(self, resume_s: float) -> None:
        """Let nothing through for a while; what fills up meanwhile is not lost."""
        self._resume_s = max(self._resume_s, resume_s)

    def restart(self, resume_s: float) -> None:
        """Let nothing through for a while, and begin again with a single call."""
        self.hold(resume_s)
        self._refill(resume_s)
        self._level = min(self._level, 1.0)

    def resize(self, calls_per_s: float, capacity: float, now_s: float) -> None:
        """Go on at another rate; what was filled up stays, as far as it fits."""
        self._refill(now_s)
        self._calls_per_s, self._capacity = calls_per_s, capacity
        self._level = min(self._level, capacity)

    def _refill(self, now_s: float) -> None:
        passed_s = max(0.0, now_s - self._filled_s)
        self._level = min(self._capacity, self._level + passed_s * self._calls_per_s)
        self._filled_s = max(self._filled_s, now_s)
