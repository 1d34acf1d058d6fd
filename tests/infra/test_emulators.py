"""The servers that tests start for programs on this machine."""

import http.client
import threading
from contextlib import ExitStack, closing
from http.server import BaseHTTPRequestHandler

from tests.emulators.http_thread import ThreadedServer

CLIENTS = 100
CONNECT_TIMEOUT_S = 10


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Quiet."""


def test_burst_of_clients_waits_until_the_server_has_time():
    with ExitStack() as stack:
        server = stack.enter_context(ThreadedServer(("127.0.0.1", 0), Handler))
        lines = []
        for _ in range(CLIENTS):
            line = http.client.HTTPConnection(*server.server_address, timeout=CONNECT_TIMEOUT_S)
            lines.append(stack.enter_context(closing(line)))
            line.request("GET", "/")
        stack.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        assert {line.getresponse().status for line in lines} == {204}
