"""Reading from a client that may be slow on purpose.

A socket's own timeout begins anew with every byte, so a client that sends one byte now and then
holds its connection for ever. Here the time for a whole head or body is bounded.
"""

import io
import socket
import time


class DeadlineReader(io.RawIOBase):
    """The bytes of a socket until a deadline.

    Args:
        connection: read from, never closed.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline_s = 0.0

    def allow(self, seconds: float) -> None:
        """Set the time from now in which everything that follows must arrive."""
        self._deadline_s = time.monotonic() + seconds

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read what has arrived.

        Raises:
            TimeoutError: the time is over.
        """
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._connection.settimeout(left_s)
        return self._connection.recv_into(buffer)
