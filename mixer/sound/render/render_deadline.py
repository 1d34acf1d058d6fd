"""Ends a render as soon as it is known to miss its deadline.

The first segments show the speed of this machine. A later attempt continues from the cache.
"""

import threading
import time
from collections.abc import Callable

from mixer.errors import OutOfTime


class RenderDeadline:
    """Speed of rendering, from `workers` segments on; times are monotonic. Safe for threads."""

    def __init__(
        self,
        samples: int,
        segments: int,
        workers: int,
        deadline_s: float | None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._left_samples, self._left_segments = samples, segments
        self._segments, self._workers = segments, workers
        self._done_samples = 0
        self._deadline_s, self._now_s = deadline_s, now_s
        self._begun_s = now_s()
        self._lock = threading.Lock()

    def record_segment(self, samples: int) -> None:
        """Count a rendered segment; raises OutOfTime if the others cannot be done in time."""
        with self._lock:
            self._left_samples -= samples
            self._left_segments -= 1
            self._done_samples += samples
        self.check()

    def check(self) -> None:
        """Raise OutOfTime if the remaining segments cannot be done in time."""
        if self._deadline_s is None or not self._left_segments:
            return
        left_s = self._deadline_s - self._now_s()
        needed_s = self._predict_needed_s()
        if needed_s > left_s or left_s <= 0:
            done = self._segments - self._left_segments
            raise OutOfTime(
                f"Rendering needs about {needed_s:.0f} s more and has {max(0.0, left_s):.0f} s:"
                f" {done} of {self._segments} segments were done; give it more time or more cores.",
                needed_s=round(needed_s, 1),
            )

    def _predict_needed_s(self) -> float:
        if self._segments - self._left_segments < self._workers:
            return 0.0
        return self._left_samples / self._done_samples * (self._now_s() - self._begun_s)
