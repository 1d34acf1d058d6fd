"""Lambda's Runtime API on localhost, and handlers that run behind it as they do in Lambda.

For tests that must not call a handler by themselves:

    with running("app.handler", environ, log) as function:
        answer = function.invoke(event)

The process is `python -m awslambdaric MODULE.HANDLER` in an environment of its own; it asks for
each event, and posts what the handler answers. What is not there: initialisation phases, timeouts
that end the process, response streaming, extensions. Source: Lambda developer guide, "Using the
Lambda runtime API for custom runtimes" (2018-06-01).
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from uuid import uuid4

from tests.emulators.http_thread import ThreadedServer

ROOT = Path(__file__).parents[2]
VERSION = "/2018-06-01/runtime"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:local"

PATIENCE_S = 30.0
"""Until a function that says nothing is given up, beyond the time it was granted."""

POLL_S = 0.2
"""Between two looks whether the process is still there."""

STOP_TIMEOUT_S = 5.0
INHERITED_VARIABLES = ("PATH", "HOME", "LANG")
"""All that a function learns of the environment that the tests run in."""


class FunctionError(AssertionError):
    """The handler let an error escape, or its process ended."""


@dataclass(frozen=True, slots=True)
class _Invocation:
    """An event on its way to the handler."""

    request_id: str
    event: Any
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What the process posted: `response` or `error`, for an invocation or for the start."""

    request_id: str
    kind: str
    payload: Any


class RuntimeApi:
    """A server on 127.0.0.1 for one process of one function."""

    def __init__(self) -> None:
        self.events: SimpleQueue[_Invocation | None] = SimpleQueue()
        self.outcomes: SimpleQueue[_Outcome] = SimpleQueue()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def address(self) -> str:
        """As Lambda names it in AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """End the server and its threads; the process must have ended before."""
        self.events.put(None)
        self._server.shutdown()
        self._thread.join(STOP_TIMEOUT_S)
        self._server.server_close()


@dataclass(frozen=True, slots=True)
class Function:
    """A running function."""

    process: "subprocess.Popen[bytes]"
    api: RuntimeApi

    def invoke(self, event: Any, timeout_s: float = 30.0) -> Any:
        """What the handler answers to an event.

        Args:
            event: anything that is JSON.
            timeout_s: how much time the handler's context says that it has.

        Raises:
            FunctionError: there is no answer.
        """
        request_id = str(uuid4())
        deadline_ms = round((time.time() + timeout_s) * 1000)
        self.api.events.put(_Invocation(request_id, event, deadline_ms))
        outcome = self._await_outcome(timeout_s + PATIENCE_S)
        if (outcome.request_id, outcome.kind) != (request_id, "response"):
            raise FunctionError(f"{outcome.kind}: {outcome.payload}")
        return outcome.payload

    def _await_outcome(self, patience_s: float) -> _Outcome:
        until_s = time.monotonic() + patience_s
        while time.monotonic() < until_s:
            try:
                return self.api.outcomes.get(timeout=POLL_S)
            except Empty:
                if self.process.poll() is not None and self.api.outcomes.empty():
                    raise FunctionError(f"it ended with {self.process.returncode}") from None
        raise FunctionError(f"no answer within {patience_s} s")


@contextmanager
def start_function(handler: str, environ: Mapping[str, str], log: Path) -> Iterator[Function]:
    """A handler in a process of its own, which ends with the block.

    Args:
        handler: module and function, such as `app.handler`.
        environ: the function's variables.
        log: a file for what the process writes.
    """
    with closing(RuntimeApi()) as api, log.open("wb") as written:
        outside = {each: os.environ[each] for each in INHERITED_VARIABLES if each in os.environ}
        process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", handler],
            cwd=ROOT,
            env={**outside, **lambda_environ(handler, api.address), **environ},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Function(process, api)
        finally:
            end_process(process)


def lambda_environ(handler: str, address: str) -> dict[str, str]:
    """What Lambda sets ("Defined runtime environment variables" in its guide)."""
    name = handler.partition(".")[0]
    return {
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "LAMBDA_TASK_ROOT": str(ROOT),
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "_HANDLER": handler,
    }


def end_process(process: "subprocess.Popen[bytes]") -> None:
    """End a function's process."""
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class _Server(ThreadedServer):
    daemon_threads = False

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A process that ends in the middle of a request is no news."""


class _Handler(BaseHTTPRequestHandler):
    """The process's connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        """Hand over the next event, however long it takes to come."""
        if self.path != f"{VERSION}/invocation/next":
            self._send(404, {})
            return
        invocation = self.server.api.events.get()
        if invocation is None:
            self.close_connection = True
            return
        about = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": ARN,
        }
        self._send(200, invocation.event, about)

    def do_POST(self) -> None:
        """Take an answer, or an error."""
        told = json.loads(self._read_body() or b"null")
        *_, request_id, kind = self.path.split("/")
        self.server.api.outcomes.put(_Outcome(request_id, kind, told))
        self._send(202, {"status": "OK"})

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def _read_body(self) -> bytes:
        """The body, whole or in pieces: the runtime's client sends either."""
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        pieces = []
        while size_bytes := int(self.rfile.readline().partition(b";")[0], 16):
            pieces.append(self.rfile.read(size_bytes))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _send(self, status: int, payload: Any, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
