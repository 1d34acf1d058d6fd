"""How fast this process works, measured as it goes, to tell whether more would be done in time.

What is foretold wrongly to take too long is put off for nothing, and a client that never expected
that may not know what to do; what is foretold wrongly to fit costs some seconds until that shows.
So the best of the last few measurements counts.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Mapping

KEPT_SAMPLES = 5
"""Measurements that count: containers and services slow down and recover."""


class Throughput:
    """Seconds that a unit of work takes, by its kind. Safe for many threads.

    Args:
        first_s: by kind, what is taken for it until it was measured; nothing is known of others.
    """

    def __init__(self, initial_s: Mapping[str, float] | None = None) -> None:
        self._initial_s = dict(initial_s or {})
        self._samples: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=KEPT_SAMPLES))
        self._lock = threading.Lock()

    def record(self, kind: str, units: float, seconds: float) -> None:
        """Learn from work that was done."""
        if units > 0:
            with self._lock:
                self._samples[kind].append(seconds / units)

    def predict_seconds(self, kind: str, units: float) -> float:
        """How long so much work will take at best; 0 where nothing is known."""
        with self._lock:
            measured = self._samples[kind]
            return units * (min(measured) if measured else self._initial_s.get(kind, 0.0))
