"""Runs a server of the standard library in a thread, for a block."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ThreadedServer(ThreadingHTTPServer):
    """A thread for each connection.

    A burst of connections waits its turn: of more than five at a time, the standard library's queue
    loses some, and their clients get a reset.
    """

    request_queue_size = 256


@contextmanager
def run_http_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A running server on a port of its own; yields its address."""
    with ThreadedServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
