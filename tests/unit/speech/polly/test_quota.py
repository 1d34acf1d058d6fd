"""The limiter on a clock of its own: what it promises holds for every order of events."""

import heapq
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.errors import OutOfTime
from mixer.speech.polly.client import DESCRIBE_VOICES, POLLY_QUOTAS, EngineQuotas
from mixer.speech.polly.limiter import Quota, QuotaLimiter, TokenBucket


class SimulatedTime:
    """A clock that moves only when somebody waits, and plays what was due meanwhile."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def now(self) -> float:
        return self.now_s

    def at(self, when_s: float, event: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._due, (when_s, self._count, event))

    def wait(self, _condition: threading.Condition, timeout_s: float | None) -> None:
        """Play the next event that comes before the timeout, or let the timeout pass."""
        until_s = inf if timeout_s is None else self.now_s + timeout_s
        if self._due and self._due[0][0] <= until_s:
            self.now_s, _, event = heapq.heappop(self._due)
            event()
        else:
            assert until_s < inf, "waits for a call that will never end"
            self.now_s = until_s

    def pass_to(self, when_s: float) -> None:
        while self._due and self._due[0][0] <= when_s:
            self.now_s, _, event = heapq.heappop(self._due)
            event()
        self.now_s = max(self.now_s, when_s)


def simulate_quota(quota: Quota) -> tuple[QuotaLimiter, SimulatedTime]:
    clock = SimulatedTime()
    return QuotaLimiter(quota, now=clock.now, wait=clock.wait), clock


quotas = st.builds(
    Quota,
    calls_per_s=st.floats(0.1, 100),
    burst=st.floats(1, 120),
    in_flight=st.integers(1, 30),
)
calls = st.lists(
    st.tuples(
        st.floats(0, 3).map(lambda pause_s: max(0.0, pause_s - 2)),
        st.floats(0, 20),
        st.sampled_from(["answered", "throttled"]),
    ),
    min_size=1,
    max_size=80,
)


@given(quota=quotas, calls=calls)
def test_never_more_than_rate_and_burst_in_any_window_nor_more_in_flight(quota, calls):
    limiter, clock = simulate_quota(quota)
    spans = []
    for pause_s, call_s, outcome in calls:
        clock.pass_to(clock.now_s + pause_s)
        permit = limiter.acquire()
        spans.append((clock.now_s, clock.now_s + call_s))

        def end(permit=permit, outcome=outcome):
            limiter.release()
            limiter.record_throttle(permit) if outcome == "throttled" else limiter.record_success()

        clock.at(clock.now_s + call_s, end)
    starts = [start_s for start_s, _ in spans]
    for i, first_s in enumerate(starts):
        for j in range(i, len(starts)):
            window_s = starts[j] - first_s
            assert j - i + 1 <= quota.burst + quota.calls_per_s * window_s + 1e-6
        under_way = sum(1 for start_s, end_s in spans[: i + 1] if end_s > first_s)
        assert under_way <= quota.in_flight


@given(
    quota=st.builds(
        Quota, calls_per_s=st.floats(1, 100), burst=st.floats(20, 120), in_flight=st.integers(1, 17)
    ),
    runs=st.lists(
        st.tuples(
            st.integers(1, 25), st.sampled_from([0.0, 0.3, 1.0]), st.sampled_from([0, 0.5, 1])
        ),
        min_size=2,
        max_size=6,
    ),
)
def test_service_sees_no_more_than_its_quota_however_late_calls_arrive(quota, runs):
    limiter, clock = simulate_quota(quota)
    arrivals = []
    for count, call_s, part in runs:
        for _ in range(count):
            limiter.acquire()
            arrivals.append(clock.now_s + call_s * part)
            clock.at(clock.now_s + call_s, limiter.release)
    level, filled_s = quota.burst, 0.0
    for arrival_s in sorted(arrivals):
        level = min(quota.burst, level + (arrival_s - filled_s) * quota.calls_per_s) - 1
        filled_s = arrival_s
        assert level > -1e-6


@given(quota=quotas, count=st.integers(2, 60))
def test_calls_start_as_soon_as_the_quota_allows(quota, count):
    limiter, clock = simulate_quota(quota)
    for _ in range(count):
        limiter.acquire()
        limiter.release()
    paced = max(0.0, count - max(1.0, quota.burst - 1)) / quota.calls_per_s
    assert clock.now_s == pytest.approx(paced, abs=1e-6)


def test_a_place_in_flight_is_waited_for():
    limiter, clock = simulate_quota(Quota(calls_per_s=100, burst=100, in_flight=2))
    for _ in range(4):
        limiter.acquire()
        clock.at(clock.now_s + 5.0, limiter.release)
    assert clock.now_s == 5.0
    assert limiter.in_flight == 2


def test_a_turn_after_the_deadline_is_refused_at_once():
    limiter, clock = simulate_quota(Quota(calls_per_s=1, burst=1, in_flight=5))
    limiter.acquire()
    with pytest.raises(OutOfTime):
        limiter.acquire(deadline_s=0.5)
    assert clock.now_s == 0.0
    assert len(limiter._queue) == 0


def test_nobody_enters_after_the_deadline_even_without_a_queue():
    limiter, clock = simulate_quota(Quota(calls_per_s=1, burst=5, in_flight=5))
    clock.pass_to(2.0)
    with pytest.raises(OutOfTime):
        limiter.acquire(deadline_s=1.0)
    assert (limiter.in_flight, len(limiter._queue)) == (0, 0)


def test_the_deadline_ends_the_wait_for_a_place_in_flight():
    limiter, clock = simulate_quota(Quota(calls_per_s=10, burst=5, in_flight=1))
    limiter.acquire()
    with pytest.raises(OutOfTime):
        limiter.acquire(deadline_s=3.0)
    assert clock.now_s == 3.0


def test_an_isolated_refusal_pauses_but_costs_no_throughput():
    limiter, clock = simulate_quota(Quota(calls_per_s=10, burst=6, in_flight=50))
    for count in range(101):
        permit = limiter.acquire()
        limiter.release()
        if count % 10 == 9:
            limiter.record_throttle(permit)
            assert limiter.acquire().started_s >= clock.now_s
            limiter.release()
        else:
            limiter.record_success()
    # 111 calls, five of them at once, the others at ten a second.
    assert clock.now_s == pytest.approx(10.6, abs=0.15)


def test_a_refusal_holds_the_next_call_for_one_interval():
    limiter, clock = simulate_quota(Quota(calls_per_s=10, burst=6, in_flight=50))
    limiter.record_throttle(limiter.acquire())
    limiter.acquire()
    assert clock.now_s == pytest.approx(0.1)


def test_a_storm_of_refusals_slows_the_calls_down_to_single_ones():
    limiter, _ = simulate_quota(Quota(calls_per_s=10, burst=10, in_flight=50))
    starts = []
    for _ in range(12):
        permit = limiter.acquire()
        limiter.release()
        starts.append(permit.started_s)
        limiter.record_throttle(permit)
    gaps = [after - before for before, after in pairwise(starts)]
    assert gaps[:6] == pytest.approx([0.1, 0.1, 0.2, 0.4, 0.8, 1.6])
    assert gaps[6:] == pytest.approx([2.0] * 5)


def test_refusals_of_calls_made_before_the_pause_count_once():
    limiter, clock = simulate_quota(Quota(calls_per_s=10, burst=10, in_flight=50))
    permits = [limiter.acquire() for _ in range(5)]
    clock.pass_to(0.05)
    for permit in permits:
        limiter.record_throttle(permit)
    limiter.acquire()
    assert clock.now_s == pytest.approx(0.15)


def test_an_answer_ends_the_storm():
    limiter, clock = simulate_quota(Quota(calls_per_s=10, burst=10, in_flight=50))
    for _ in range(6):
        limiter.record_throttle(limiter.acquire())
    permit = limiter.acquire()
    limiter.record_success()
    began_s = clock.now_s
    limiter.record_throttle(permit)
    limiter.acquire()
    assert clock.now_s - began_s == pytest.approx(0.1)


def test_first_come_first_served():
    limiter = QuotaLimiter(Quota(calls_per_s=1000, burst=1000, in_flight=1))
    limiter.acquire()
    served: list[int] = []

    def caller(number: int) -> None:
        with limiter.permit():
            served.append(number)

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(20)]
    for number, thread in enumerate(threads):
        thread.start()
        until_s = time.monotonic() + 60
        while len(limiter._queue) <= number and time.monotonic() < until_s:
            time.sleep(0.0005)
    limiter.release()
    for thread in threads:
        thread.join(timeout=60)
    assert served == list(range(20))


def test_a_caller_that_gives_up_does_not_block_those_behind_it():
    limiter = QuotaLimiter(Quota(calls_per_s=1000, burst=1000, in_flight=1))
    limiter.acquire()
    outcome: list[str] = []

    def hasty() -> None:
        try:
            limiter.acquire(deadline_s=time.monotonic() + 0.05)
        except OutOfTime:
            outcome.append("gave up")

    def patient() -> None:
        with limiter.permit():
            outcome.append("served")

    threads = [threading.Thread(target=hasty), threading.Thread(target=patient)]
    for thread in threads:
        thread.start()
    threads[0].join(timeout=60)
    limiter.release()
    threads[1].join(timeout=60)
    assert outcome == ["gave up", "served"]
    assert limiter.in_flight == 0


@given(
    level=st.floats(1, 50),
    rate=st.floats(0.1, 100),
    steps=st.lists(st.tuples(st.sampled_from(["take", "hold", "restart"]), st.floats(0, 2))),
)
def test_after_the_wait_it_names_a_bucket_lets_a_call_through(level, rate, steps):
    bucket, now_s = TokenBucket(rate, level, 0.0), 0.0
    for action, for_s in steps:
        if action == "take":
            now_s += bucket.wait_s(now_s)
            assert bucket.wait_s(now_s) < 1e-6
            bucket.take_token(now_s)
        else:
            getattr(bucket, action)(now_s + for_s)
            assert bucket.wait_s(now_s) >= for_s - 1e-9


def test_shares_of_a_quota_add_up_to_no_more_than_the_quota():
    share = POLLY_QUOTAS["generative"].share(4)
    assert share == Quota(calls_per_s=2, burst=2, in_flight=6)


def test_the_smallest_share_still_makes_one_call_at_a_time():
    assert POLLY_QUOTAS["neural"].share(100) == Quota(0.08, 1.0, 1)


def test_each_engine_has_a_limiter_of_its_own():
    engines = EngineQuotas(parts=2)
    assert engines.limiter("generative") is engines.limiter("generative")
    assert engines.limiter("standard").quota.in_flight == 40
    assert engines.limiter(DESCRIBE_VOICES).quota.calls_per_s == 40
