"""uvicorn on 127.0.0.1, or all addresses, with limits for clients and a graceful stop.

The first signal stops accepting and lets running requests finish within a grace period. After that,
or at the second signal, their resources are closed and they fail.
"""

import asyncio
import math
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from queue import Empty, SimpleQueue

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from mixer.devserver.guard import Guard, HttpRefusal, ServerLimits, log_unreadable
from mixer.errors import BadOption

HOST = "127.0.0.1"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
BACKLOG = 128

MAX_HEAD_BYTES = 65_536
"""Limit of a head; `guard.check_head` refuses shorter ones that are still too long."""

SILENT_S = 1.0
"""A connection that is silent for longer may be closed for another one; a client that connects in
order to send does so within milliseconds."""

POLL_S = 0.05

ABANDON_S = 5.0
"""Ample time for requests to fail after their resources are closed."""


class BoundedProtocol(H11Protocol):
    """A connection that is aborted when the client is too slow.

    uvicorn limits the time between two requests; this also limits it for the head of a request and
    for a response that is not read.
    """

    limits = ServerLimits()
    active_s = 0.0
    """When the client last sent something, or was last answered."""

    _timer: asyncio.TimerHandle | None = None
    _is_idle = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the deadline for the first head."""
        super().connection_made(transport)
        self.active_s = self.loop.time()
        self._set_deadline(self.limits.head_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadline."""
        self._set_deadline(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Keep the deadline until the head is complete, in any number of pieces."""
        self.active_s = self.loop.time()
        if self._is_idle:
            self._is_idle = False
            self._set_deadline(self.limits.head_s)
        was_serving = self.is_serving()
        super().data_received(data)
        if self.is_serving() and not was_serving:
            self._set_deadline(None)

    def on_response_complete(self) -> None:
        """Start the deadline for the next request, unless it is already here."""
        self._is_idle = True
        self.active_s = self.loop.time()
        self._set_deadline(self.limits.idle_s)
        super().on_response_complete()
        if self.is_serving():
            self._is_idle = False
            self._set_deadline(None)

    def pause_writing(self) -> None:
        """Start the deadline for the client to read on."""
        self._set_deadline(self.limits.piece_s)
        super().pause_writing()

    def resume_writing(self) -> None:
        """Cancel the deadline: the client has read."""
        if self.is_serving():
            self._set_deadline(None)
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what h11 cannot parse, in the shape of all errors."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()
            return
        request_id = str(uuid.uuid4())
        refusal = HttpRefusal(HTTPStatus.BAD_REQUEST, "bad_request", msg)
        response = refusal.build_response(request_id)
        headers = [*response.raw_headers, (b"connection", b"close")]
        head = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
        for event in (head, h11.Data(data=bytes(response.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        log_unreadable(refusal.status_code, len(response.body), request_id)

    def is_serving(self) -> bool:
        """Whether a request is under way."""
        return self.cycle is not None and not self.cycle.response_complete

    def _set_deadline(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if seconds is not None:
            self._timer = self.loop.call_later(seconds, self.transport.abort)


class DevServer:
    """Listens once created; answers between `start` and `stop`.

    The port is known before that, so that links can contain it; port 0 stands for any free one.

    Raises:
        BadOption: the port is taken or not allowed.
    """

    def __init__(self, port: int, limits: ServerLimits | None = None, address: str = HOST) -> None:
        self._limits = limits or ServerLimits()
        self._socket = _listen(port, address)
        self.port: int = self._socket.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The server's URL."""
        return f"http://{HOST}:{self.port}"

    def start(self, app: ASGIApp) -> None:
        """Start to answer, in a thread with an event loop."""
        guard = Guard(app, self._limits, self._count_connections, self._is_stopping)
        self._server = uvicorn.Server(_configure(guard, self._limits))
        run = self._server.run
        self._thread = threading.Thread(
            target=lambda: run([self._socket]), name="devserver", daemon=True
        )
        self._thread.start()

    def stop(self, grace_s: float, is_hurried: Callable[[], bool] = lambda: False) -> bool:
        """Stop accepting and wait for running requests; return whether all finished in time.

        `is_hurried` is polled, and ends the wait when it returns True.
        """
        if self._server is None or self._thread is None:
            self._socket.close()
            return True
        self._server.should_exit = True
        deadline_s = time.monotonic() + grace_s
        while self._thread.is_alive() and time.monotonic() < deadline_s and not is_hurried():
            self._thread.join(POLL_S)
        return not self._thread.is_alive()

    def _count_connections(self) -> int:
        """Count open connections; those above the limit are closed first if they are silent."""
        if self._server is None:
            return 0
        connections = [
            each
            for each in self._server.server_state.connections
            if isinstance(each, BoundedProtocol) and not each.transport.is_closing()
        ]
        excess = max(0, len(connections) - self._limits.connections)
        silent = sorted(filter(_is_silent, connections), key=lambda each: each.active_s)[:excess]
        for each in silent:
            each.transport.close()
        return len(connections) - len(silent)

    def _is_stopping(self) -> bool:
        return self._server is not None and self._server.should_exit


def _is_silent(connection: BoundedProtocol) -> bool:
    silent_s = connection.loop.time() - connection.active_s
    return silent_s > SILENT_S and not connection.is_serving()


def _listen(port: int, address: str) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        message = f"port: cannot listen on {address}:{port}: {error.strerror}."
        raise BadOption(message, field="port") from error
    return listener


def _configure(app: ASGIApp, limits: ServerLimits) -> uvicorn.Config:
    """Configure uvicorn without its own log and headers."""
    protocol = type("LimitedProtocol", (BoundedProtocol,), {"limits": limits})
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        log_level="error",
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        timeout_keep_alive=math.ceil(limits.idle_s),
    )


@contextmanager
def catch_signals() -> Iterator["SimpleQueue[int]"]:
    """Queue signals inside the block; a SimpleQueue, whose `put` is safe in signal handlers."""
    signals: SimpleQueue[int] = SimpleQueue()
    before = {each: signal.signal(each, lambda number, _: signals.put(number)) for each in SIGNALS}
    try:
        yield signals
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def serve(
    server: DevServer,
    app: ASGIApp,
    signals: "SimpleQueue[int]",
    *,
    grace_s: float,
    close_resources: Callable[[], None],
) -> bool:
    """Answer requests until a signal, then stop; return whether no request is left running.

    `grace_s` limits running requests; `close_resources` closes what they use.
    """
    server.start(app)
    try:
        while not _has_signal(signals):  # a plain `get` misses one that comes as it begins to wait
            time.sleep(POLL_S)
    finally:
        has_finished = server.stop(grace_s, lambda: _has_signal(signals))
        close_resources()
    return has_finished or server.stop(ABANDON_S)


def _has_signal(signals: "SimpleQueue[int]") -> bool:
    try:
        signals.get_nowait()
    except Empty:
        return False
    return True
