"""A local server for tests: real sockets, a port of its own, handlers made in the test."""

import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from mixer.devserver.files import Pages, StoredObjects
from mixer.devserver.gateway import ApiFunction, ApiRoute, Gateway
from mixer.devserver.guard import ServerLimits
from mixer.devserver.local import build_application
from mixer.devserver.server import DevServer
from mixer.devserver.uploads import Uploads
from mixer.store.folder import FolderStore
from mixer.store.links import SignedLinks

SECRET = b"a secret of the tests' own ......"


@dataclass(frozen=True)
class Answer:
    """What a client got."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class RunningServer:
    """A running server with its store, the store's folder and its links."""

    dev_server: DevServer
    store: FolderStore
    folder: Path
    links: SignedLinks

    @property
    def port(self) -> int:
        return self.dev_server.port

    def connect(self) -> "closing[http.client.HTTPConnection]":
        return closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20))

    def send(
        self,
        method: str,
        target: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request on a connection of its own."""
        with self.connect() as connection:
            return send_request(connection, method, target, body, headers)

    def link(self, key: str, expires_s: int = 60) -> str:
        """Path and query of a link to an object."""
        parts = urlsplit(self.store.url(key, expires_s))
        return f"{parts.path}?{parts.query}"


def send_request(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    body: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    connection.request(method, target, body, dict(headers or {}))
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())


def echo(event, context):
    """Answer with what it was called with."""
    call = {
        "event": event,
        "request_id": context.aws_request_id,
        "function": context.function_name,
        "memory": context.memory_limit_in_mb,
        "arn": context.invoked_function_arn,
        "remaining_ms": context.get_remaining_time_in_millis(),
    }
    headers = {"Content-Type": "application/json"}
    return {"statusCode": 200, "headers": headers, "body": json.dumps(call)}


@contextmanager
def start_server(
    folder: Path,
    handler: Callable[[Any, Any], Any] = echo,
    *,
    keys: Sequence[str] = ("POST /echo", "GET /echo", "GET /stories/{story_id}"),
    authorizer: Callable[[Any, Any], Any] | None = None,
    limits: ServerLimits | None = None,
    origins: Sequence[str] = (),
    now_s: Callable[[], float] = time.time,
    **function: Any,
) -> Iterator[RunningServer]:
    """Serve a handler, the objects in `folder/store` and the pages in `folder/web`."""
    server = DevServer(0, limits)
    links = SignedLinks(f"{server.url}/objects", SECRET, now_s)
    store = FolderStore(folder / "store", links)
    routes = [ApiRoute(key, ApiFunction("echo", handler, **function)) for key in keys]
    doorkeeper = ApiFunction("doorkeeper", authorizer) if authorizer else None
    app = build_application(
        Gateway(routes, doorkeeper, origins),
        Pages(folder / "web"),
        {"/objects/": StoredObjects(store, links)},
        Uploads(store, links),
    )
    with run_server(server, app):
        yield RunningServer(server, store, folder / "store", links)


@contextmanager
def run_server(server: DevServer, app: ASGIApp) -> Iterator[DevServer]:
    """Serve an application for a block, and end cleanly."""
    server.start(app)
    try:
        yield server
    finally:
        assert server.stop(grace_s=10)
