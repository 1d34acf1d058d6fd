"""Does work grow with its input? CPU time of a worst case, and of four times as much of it."""

import contextlib
import time
from collections.abc import Callable
from typing import TypeVar

InputT = TypeVar("InputT")

MAX_FACTOR = 8
"""Of the time for four times the input: linear work takes four times as long, quadratic 16."""

FLOOR_S = 0.05
"""Below this, a measurement says nothing."""

ATTEMPTS = 3
"""A busy machine disturbs a measurement; it does not disturb all of them."""


def measure_cpu_s(work: Callable[[], object]) -> float:
    """The CPU time of this thread for one piece of work, whatever it raises."""
    started_s = time.thread_time()
    with contextlib.suppress(Exception):  # a refusal is work as well
        work()
    return time.thread_time() - started_s


def require_linear_growth(
    run: Callable[[InputT], object], make: Callable[[int], InputT], size: int
) -> None:
    """Fail where four times the input takes far more than four times the time."""
    inputs = [make(size), make(4 * size)]
    for _ in range(ATTEMPTS):
        once_s, four_times_s = (measure_cpu_s(lambda each=each: run(each)) for each in inputs)
        if four_times_s < max(FLOOR_S, MAX_FACTOR * once_s):
            return
    raise AssertionError(f"{once_s:.2f} s became {four_times_s:.2f} s for four times the input")
