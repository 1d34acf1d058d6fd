"""The FFmpegs of all requests, to be stopped when the server will not wait for them."""

import threading
from weakref import WeakSet

from mixer.sound.ffmpeg import Children


class Jobs:
    """Every job that a request has begun and not forgotten. Safe from threads."""

    def __init__(self) -> None:
        self._begun: WeakSet[Children] = WeakSet()
        self._lock = threading.Lock()
        self._is_over = False

    def begin(self) -> Children:
        """A new job; after `close` it is stopped already."""
        job = Children()
        with self._lock:
            self._begun.add(job)
            if self._is_over:
                job.stop()
        return job

    def close(self) -> None:
        """Stop all jobs; safe to call twice."""
        with self._lock:
            self._is_over = True
            for job in self._begun:
                job.stop()
