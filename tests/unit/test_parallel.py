"""Work in threads: all of it, never too much of it at a time, and none of it after an error."""

import threading
import time
from collections.abc import Iterator

import pytest

from mixer.errors import OutOfTime
from mixer.parallel import QUEUED_PER_WORKER, retry_call, run_in_parallel, usable_cores

SHORT_S = 0.005


class Meter:
    """Work that counts how much of it is under way."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    def __call__(self, item: int) -> int:
        with self._lock:
            self.begun.append(item)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        time.sleep(SHORT_S)
        with self._lock:
            self._at_once -= 1
        return item * item


def test_every_item_comes_back_once_with_its_outcome():
    found = {item: outcome.result() for item, outcome in run_in_parallel(range(50), Meter(), 4)}
    assert found == {item: item * item for item in range(50)}


def test_nothing_comes_of_nothing():
    assert list(run_in_parallel([], Meter(), 4)) == []


def test_no_more_workers_are_busy_than_were_asked_for():
    meter = Meter()
    for _ in run_in_parallel(range(40), meter, 3):
        pass
    assert meter.most_at_once <= 3


def test_items_are_taken_only_as_they_are_needed():
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(60):
            taken.append(item)
            yield item

    for number, _ in enumerate(run_in_parallel(items(), Meter(), 2), start=1):
        assert len(taken) <= number + 2 * QUEUED_PER_WORKER + 2
    assert len(taken) == 60


def test_one_failure_leaves_the_other_outcomes_alone():
    def work(item: int) -> int:
        if item == 3:
            raise ValueError(item)
        return item

    outcomes = dict(run_in_parallel(range(6), work, 2))
    assert isinstance(outcomes.pop(3).exception(), ValueError)
    assert sorted(outcome.result() for outcome in outcomes.values()) == [0, 1, 2, 4, 5]


def test_slow_items_do_not_hold_back_the_quick_ones():
    release = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            release.wait(60)
        return item

    order = []
    for item, _ in run_in_parallel(range(8), work, 2):
        order.append(item)
        if len(order) == 7:
            release.set()
    assert order[-1] == 0


def test_leaving_early_starts_nothing_more():
    meter = Meter()
    work = run_in_parallel(range(1_000), meter, 2)
    next(work)
    work.close()
    begun = len(meter.begun)
    time.sleep(10 * SHORT_S)
    assert len(meter.begun) <= begun + 2
    assert begun < 10


def test_leaving_early_does_not_wait_for_those_at_work():
    release, ended = threading.Event(), threading.Event()

    def work(item: int) -> int:
        if item:
            release.wait(60)
            ended.set()
        return item

    left = run_in_parallel(range(10), work, 2)
    next(left)
    left.close()
    assert not ended.is_set()
    release.set()


def test_waiting_ends_when_the_time_is_up():
    release, ended = threading.Event(), threading.Event()

    def work(_: int) -> None:
        release.wait(60)
        ended.set()

    with pytest.raises(OutOfTime):
        list(run_in_parallel([1], work, 1, deadline_s=time.monotonic() + 0.1))
    assert not ended.is_set()
    release.set()


def test_an_error_in_the_source_of_items_reaches_the_caller():
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("no more")

    with pytest.raises(LookupError):
        list(run_in_parallel(items(), Meter(), 2))


def test_there_is_at_least_one_core_to_use():
    assert usable_cores() >= 1


@pytest.mark.parametrize(
    ("errors", "outcome", "waits_s"),
    [
        ([], "done", []),
        ([OSError("1")], "done", [1]),
        ([OSError("1"), OSError("2")], "done", [1, 2]),
        ([OSError("1"), OSError("2"), OSError("3")], OSError("3"), [1, 2]),
        ([ValueError("for good")], ValueError("for good"), []),
        ([OSError("1"), ValueError("for good")], ValueError("for good"), [1]),
    ],
)
def test_retry_stops_with_success_a_lasting_error_or_the_last_wait(errors, outcome, waits_s):
    left, slept = list(errors), []

    def work():
        if left:
            raise left.pop(0)
        return "done"

    def try_work():
        return retry_call(work, lambda each: isinstance(each, OSError), (1, 2), slept.append)

    if isinstance(outcome, str):
        assert try_work() == outcome
    else:
        with pytest.raises(type(outcome), match=str(outcome)):
            try_work()
    assert slept == waits_s
