"""Who is connected, and whether they wait or are being served. Safe from threads.

A connection waits between its requests (keep-alive) and costs a thread; there are never more than
a set number of them. When that is reached, the one that has waited longest is closed, or, if all
are being served, newcomers stay in the system's queue.
"""

import contextlib
import socket
import threading
import time

SETTLED_S = 1.0
"""A connection that is idle for less may be about to send: it is not closed for a newcomer."""

POLL_S = 0.1


class Connections:
    """All connections of a server.

    Args:
        most: so many at once.
    """

    def __init__(self, max_connections: int) -> None:
        self._most = max_connections
        self._idle_since_s: dict[socket.socket, float] = {}
        self._served: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._is_draining = False

    @property
    def is_draining(self) -> bool:
        """Whether no further request is to be read."""
        return self._is_draining

    @property
    def serving_count(self) -> int:
        """How many are being served."""
        return len(self._served)

    def admit(self, connection: socket.socket) -> bool:
        """Wait until there is room for one more; False when there will be none."""
        with self._changed:
            while not self._is_draining and self._count() >= self._most:
                self._close_settled()
                self._changed.wait(POLL_S)
            if not self._is_draining:
                self._idle_since_s[connection] = time.monotonic()
            return not self._is_draining

    def begin(self, connection: socket.socket) -> bool:
        """A request has arrived; False when the connection was closed meanwhile."""
        with self._changed:
            was_idle = self._idle_since_s.pop(connection, None) is not None
            if was_idle:
                self._served.add(connection)
            return was_idle

    def end(self, connection: socket.socket) -> None:
        """A request is answered, the next may come; a connection that is draining gets none."""
        with self._changed:
            self._served.discard(connection)
            if not self._is_draining:
                self._idle_since_s[connection] = time.monotonic()

    def forget(self, connection: socket.socket) -> None:
        """A connection is closed."""
        with self._changed:
            self._served.discard(connection)
            self._idle_since_s.pop(connection, None)
            self._changed.notify_all()

    def drain(self) -> None:
        """Close all that wait, and admit no more."""
        with self._changed:
            self._is_draining = True
            for connection in list(self._idle_since_s):
                self._close(connection)
            self._changed.notify_all()

    def _count(self) -> int:
        return len(self._idle_since_s) + len(self._served)

    def _close_settled(self) -> None:
        """Close the connection that has waited longest, if that is long enough."""
        oldest = min(self._idle_since_s, key=self._idle_since_s.__getitem__, default=None)
        if oldest is None or time.monotonic() - self._idle_since_s[oldest] < SETTLED_S:
            return
        self._close(oldest)

    def _close(self, connection: socket.socket) -> None:
        """Make the thread that reads from a connection meet its end."""
        self._idle_since_s.pop(connection, None)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
