"""Counts what callers do, holds them to their allowance, and fails where the test wants it."""

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from tests.emulators.polly_tables import Allowance, Refusal

CUT = "cut"
"""Instead of an error's name: the connection is cut before the answer."""

CUT_BODY = "cut-body"
"""The connection is cut in the middle of the audio."""

HANG = "hang"
"""No answer comes until the server stops."""

THROTTLED = "ThrottlingException"


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a call takes: so many seconds, and more for every billed character."""

    base_s: float = 0.0
    per_char_s: float = 0.0
    scale: float = 1.0

    def call_s(self, billed_chars: int) -> float:
        return self.scale * (self.base_s + self.per_char_s * billed_chars)


@dataclass(frozen=True, slots=True)
class Faults:
    """Which calls of SynthesizeSpeech fail.

    Attributes:
        throttled: share of calls that are refused as too fast although they are not.
        cut: share of calls whose connection is cut, half of them in mid-audio.
        nth: what happens to the n-th call, counted from 1: an error's name, or CUT, CUT_BODY, HANG.
        texts: what happens to every call whose text holds a piece of text.
        seed: equal seeds fail equal calls.
    """

    throttled: float = 0.0
    cut: float = 0.0
    nth: Mapping[int, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """What has happened so far; all of SynthesizeSpeech, but for `listings`.

    Attributes:
        calls: all that arrived.
        answered: served in full.
        billed_chars: of the answered.
        throttled: refused as too fast, injected ones included.
        injected: failures that the test asked for.
        errors: refusals by name.
        texts: how often each text was answered.
        max_in_flight: at the same time, over all engines.
        max_calls_per_s: arrived within any one second.
        in_flight: now, over all engines.
        listings: calls of DescribeVoices.
    """

    calls: int = 0
    answered: int = 0
    billed_chars: int = 0
    throttled: int = 0
    injected: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, int] = field(default_factory=dict)
    max_in_flight: int = 0
    max_calls_per_s: int = 0
    in_flight: int = 0
    listings: int = 0


class TokenBucket:
    """What one engine still allows."""

    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance
        self.in_flight = 0
        self._level = allowance.burst
        self._filled_s = time.monotonic()

    def take(self, now_s: float) -> bool:
        gained = (now_s - self._filled_s) * self.allowance.calls_per_s
        self._level, self._filled_s = min(self.allowance.burst, self._level + gained), now_s
        if self._level < 1 or self.in_flight >= self.allowance.in_flight:
            return False
        self._level -= 1
        return True


class Meter:
    """Safe for many threads."""

    def __init__(self, allowances: Mapping[str, Allowance], faults: Faults) -> None:
        self._lock = threading.Lock()
        self._allowances = allowances
        self.reset(faults)

    def reset(self, faults: Faults) -> None:
        """Forget the past; calls under way must have ended."""
        with self._lock:
            self._buckets = {name: TokenBucket(each) for name, each in self._allowances.items()}
            self._counts = Counts()
            self._errors: Counter[str] = Counter()
            self._texts: Counter[str] = Counter()
            self._arrivals: deque[float] = deque()
            self._in_flight = 0
            self._faults = faults
            self._chance = random.Random(faults.seed)

    @property
    def counts(self) -> Counts:
        with self._lock:
            counted = replace(self._counts, in_flight=self._in_flight)
            return replace(counted, errors=dict(self._errors), texts=dict(self._texts))

    def await_calls(self) -> None:
        """Wait until no call is under way."""
        while self._in_flight:
            time.sleep(0.01)

    @contextmanager
    def admit_call(self, engine: str, text: str) -> Iterator[str]:
        """Admit a call and hold its place; yields the fault that shall befall it, or nothing."""
        with self._lock:
            fault = self._register_arrival(engine, text)
        try:
            yield fault
        finally:
            with self._lock:
                self._in_flight -= 1
                self._buckets[engine].in_flight -= 1

    def count_answer(self, text: str, billed_chars: int) -> None:
        with self._lock:
            self._texts[text] += 1
            self._add_counts(answered=1, billed_chars=billed_chars)

    def count_refusal(self, code: str) -> None:
        with self._lock:
            self._errors[code] += 1

    def count_listing(self) -> None:
        with self._lock:
            self._add_counts(listings=1)

    def _register_arrival(self, engine: str, text: str) -> str:
        now_s, bucket = time.monotonic(), self._buckets[engine]
        self._count_arrival(now_s)
        if not bucket.take(now_s):
            self._add_counts(throttled=1)
            raise Refusal(THROTTLED, "Rate exceeded")
        fault = self._draw_fault(text)
        self._add_counts(injected=int(bool(fault)), throttled=int(fault == THROTTLED))
        bucket.in_flight += 1
        self._in_flight += 1
        most = max(self._counts.max_in_flight, self._in_flight)
        self._counts = replace(self._counts, max_in_flight=most)
        return fault

    def _count_arrival(self, now_s: float) -> None:
        self._arrivals.append(now_s)
        while self._arrivals[0] <= now_s - 1.0:
            self._arrivals.popleft()
        most = max(self._counts.max_calls_per_s, len(self._arrivals))
        self._counts = replace(self._counts, max_calls_per_s=most)
        self._add_counts(calls=1)

    def _draw_fault(self, text: str) -> str:
        drawn = self._chance.random()
        for piece, fault in self._faults.texts.items():
            if piece in text:
                return fault
        if self._counts.calls in self._faults.nth:
            return self._faults.nth[self._counts.calls]
        if drawn < self._faults.throttled:
            return THROTTLED
        if drawn < self._faults.throttled + self._faults.cut:
            return self._chance.choice((CUT, CUT_BODY))
        return ""

    def _add_counts(self, **more: int) -> None:
        sums = {name: getattr(self._counts, name) + count for name, count in more.items()}
        self._counts = replace(self._counts, **sums)
