"""A server that speaks `/v1/chat/completions`, well or not, as its `answer` says."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

from tests.emulators.http_thread import run_http_server


@dataclass
class LanguageModel:
    """What a test sees of the server; `answer` makes the content from the user's message."""

    url: str
    answer: Callable[[str], str] = lambda _question: "{}"
    raw: bytes = b""
    status: int = 200
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: ClassVar[LanguageModel]

    def log_message(self, *_: object) -> None:
        pass

    def handle_one_request(self) -> None:
        with suppress(ConnectionError):
            super().handle_one_request()

    def do_POST(self) -> None:
        state = self.state
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        state.bodies.append(body)
        state.keys.append(str(self.headers["Authorization"]))
        content = state.answer(body["messages"][-1]["content"])
        choice = {"message": {"role": "assistant", "content": content}}
        sent = state.raw or json.dumps({"choices": [choice]}).encode()
        self.send_response(state.status)
        self.send_header("Location", "http://169.254.169.254/latest")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)


@contextmanager
def run_language_model() -> Iterator[LanguageModel]:
    """A running server on a port of its own."""

    class Handler(_Handler):
        pass

    with run_http_server(Handler) as address:
        Handler.state = LanguageModel(f"{address}/v1")
        yield Handler.state
