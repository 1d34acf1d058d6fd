"""How the cost of something grows with its input: CPU time of one, two and four times as much."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

InputT = TypeVar("InputT")

TRIES = 3

MAX_RATIO = 10.0
"""Of four times the input to once: 4 if linear, 16 if quadratic, 64 if cubic."""

LEAST_S = 0.002
"""Below it nothing is measured but noise."""


@dataclass(frozen=True, slots=True)
class Growth:
    """The least CPU seconds of some tries, for one, two and four times the input."""

    once_s: float
    twice_s: float
    four_times_s: float

    @property
    def ratio(self) -> float:
        """How much longer four times the input takes."""
        return self.four_times_s / max(self.once_s, LEAST_S)


def measure_growth(
    build: Callable[[int], InputT], run: Callable[[InputT], object], size: int
) -> Growth:
    """Measure `run` on inputs of a size, twice and four times that, until it looks linear."""
    best = [float("inf")] * 3
    inputs = [build(size * factor) for factor in (1, 2, 4)]
    for _ in range(TRIES):
        best = [min(least, _time(run, each)) for least, each in zip(best, inputs, strict=True)]
        if Growth(*best).ratio < MAX_RATIO:
            break
    return Growth(*best)


def _time(run: Callable[[InputT], object], each: InputT) -> float:
    started = time.process_time()
    run(each)
    return time.process_time() - started
