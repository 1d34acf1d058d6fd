"""The web server: listens on 127.0.0.1, a thread for each connection, and ends cleanly."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from typing import Any

from mixer.devserver.connection import RequestConnection
from mixer.devserver.connections import Connections
from mixer.devserver.messages import HttpRequest, Reply, error_reply
from mixer.devserver.request_head import ServerLimits
from mixer.errors import BadOption

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"

POLL_S = 0.05
"""How soon the end of the last request is noticed."""

Application = Callable[[HttpRequest], Reply]


class Listener(ThreadingHTTPServer):
    """Listens from the moment it is made, answers from `start` to `stop`.

    The port is known before anything answers, so that links can name it.

    Args:
        port: 0 for any that is free.
        limits: what a client may take.

    Raises:
        BadOption: the port is taken, or not ours to take.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, limits: ServerLimits | None = None) -> None:
        self.limits = limits or ServerLimits()
        self.connections = Connections(self.limits.connections)
        self._application: Application | None = None
        self._thread = threading.Thread(target=self.serve_forever, args=(POLL_S,), name="listener")
        try:
            super().__init__((HOST, port), RequestConnection)
        except OSError as error:
            message = f"port: cannot listen on {HOST}:{port}: {error.strerror}."
            raise BadOption(message, field="port") from error

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.server_port}"

    def start(self, application: Application) -> None:
        """Begin to answer.

        Args:
            application: answers each request; called from many threads.
        """
        self._application = application
        self._thread.start()

    def stop(self, grace_s: float, is_hurried: Callable[[], bool] = lambda: False) -> bool:
        """Accept nothing more and let requests at work finish.

        Args:
            grace_s: how long to wait for them.
            is_hurried: asked often while waiting; True ends the wait.

        Returns:
            Whether all have finished.
        """
        if self._thread.is_alive():
            self.connections.drain()
            self.shutdown()
            self._thread.join()
        self.server_close()
        until_s = time.monotonic() + grace_s
        while self.connections.serving_count and time.monotonic() < until_s and not is_hurried():
            time.sleep(POLL_S)
        return self.connections.serving_count == 0

    def answer(self, request: HttpRequest) -> Reply:
        """The application's reply, or one that says that it failed."""
        try:
            return self._application(request)  # type: ignore[misc]
        except Exception:  # the connection and the log must survive whatever goes wrong
            logger.exception("request %s failed", request.request_id)
            message = "Something broke on the server; its log says more."
            return error_reply(
                HTTPStatus.INTERNAL_SERVER_ERROR, "internal", message, request.request_id
            )

    def server_bind(self) -> None:
        """Bind without asking the network for this machine's name."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Serve a connection, when there is room."""
        if self.connections.admit(request):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401
        """Close a connection."""
        self.connections.forget(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002
        """Log what ended a connection."""
        logger.exception("a connection broke")
