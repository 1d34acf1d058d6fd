"""Whether a render will be done in time, as early as that can be known.

The first segments show how fast this machine is; from then on what is left is compared with the
time that is left. A try that cannot succeed ends at once instead of at the deadline, so that
a later attempt can go on from what is kept.
"""

import threading
import time
from collections.abc import Callable

from mixer.errors import OutOfTime


class RenderDeadline:
    """How fast segments are rendered. Safe for threads.

    Args:
        samples: of the timeline, to be rendered.
        segments: that they are split into.
        workers: how many are rendered at a time; before so many are done, nothing can be predicted.
        deadline_s: when they have to be done, on the monotonic clock; None for no deadline.
        now_s: that clock.
    """

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
        """Count a segment that is rendered.

        Raises:
            OutOfTime: the others will not be done in time.
        """
        with self._lock:
            self._left_samples -= samples
            self._left_segments -= 1
            self._done_samples += samples
        self.check()

    def check(self) -> None:
        """Compare what is left with the time that is left.

        Raises:
            OutOfTime: it will not do.
        """
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
