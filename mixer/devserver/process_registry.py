"""The FFmpegs of all requests, to be stopped when the server will not wait for them."""

import threading
from weakref import WeakSet

from mixer.sound.ffmpeg import ProcessGroup


class ProcessRegistry:
    """Every job that a request has begun and not forgotten. Safe from threads."""

    def __init__(self) -> None:
        self._groups: WeakSet[ProcessGroup] = WeakSet()
        self._lock = threading.Lock()
        self._is_closed = False

    def open_group(self) -> ProcessGroup:
        """A new job; after `close` it is stopped already."""
        job = ProcessGroup()
        with self._lock:
            self._groups.add(job)
            if self._is_closed:
                job.stop()
        return job

    def close(self) -> None:
        """Stop all jobs; safe to call twice."""
        with self._lock:
            self._is_closed = True
            for job in self._groups:
                job.stop()
