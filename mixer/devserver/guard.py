"""What every request passes first: size, time, host; and what every response gets: a log line.

uvicorn reads heads and frames bodies; the limits that it does not know are here and in `server`.
The log has neither bodies, tokens nor queries (the query of a signed link opens it).
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mixer.devserver.errors import HttpRefusal

access_logger = logging.getLogger("mixer.devserver.access")
logger = logging.getLogger(__name__)

MAX_TARGET_BYTES = 16_384

MAX_HEADERS_BYTES = 32_768
"""Of all headers together; API Gateway allows 10,240, browsers keep longer cookies."""

LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
"""Under any other name a page found this machine by a trick (DNS rebinding)."""

UPLOAD_PATH = "/objects/"
"""Where forms with a file are sent."""

SECURITY_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
"""Signed links must not leak through referrers, sounds not turn into scripts."""

RETRY_AFTER_S = 1
"""For clients that find all connections taken."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What a client may take.

    Attributes:
        body_bytes: the longest body (API Gateway's limit).
        upload_bytes: the longest body of a form with a file, which passes by the gateway.
        head_s: from a request's first byte to the end of its head.
        body_s: for the whole body.
        idle_s: between two requests.
        piece_s: for a client to take one piece of a response.
        connections: at once.
    """

    body_bytes: int = 10 * 1024 * 1024
    upload_bytes: int = 101 * 1024 * 1024
    head_s: float = 10.0
    body_s: float = 60.0
    idle_s: float = 60.0
    piece_s: float = 60.0
    connections: int = 64


@dataclass(frozen=True, slots=True)
class Guard:
    """An ASGI application around another one.

    Attributes:
        count_connections: how many are open.
        is_stopping: whether connections are closed after their response.
    """

    app: ASGIApp
    limits: ServerLimits
    count_connections: Callable[[], int]
    is_stopping: Callable[[], bool]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, whatever happens to it."""
        exchange = _Exchange(scope, send, self.is_stopping)
        scope["state"]["request_id"] = exchange.request_id
        try:
            await self._serve(exchange, receive)
        except HttpRefusal as refusal:
            await refusal.build_response(exchange.request_id)(scope, receive, exchange.send)
        except ClientDisconnect:
            pass
        except Exception:  # answered already, by `errors`
            logger.exception("request %s failed", exchange.request_id)
        finally:
            exchange.log()

    async def _serve(self, exchange: "_Exchange", receive: Receive) -> None:
        if self.count_connections() > self.limits.connections:
            message = "Too many connections; try again soon."
            headers = {"Retry-After": str(RETRY_AFTER_S)}
            raise HttpRefusal(HTTPStatus.SERVICE_UNAVAILABLE, "busy", message, headers)
        check_head(exchange.scope, self.limits)
        deadline_s = asyncio.get_running_loop().time() + self.limits.body_s
        await self.app(exchange.scope, _limit_body_time(receive, deadline_s), exchange.send)


def is_local_host(host: str) -> bool:
    """Whether a `Host` header names this machine."""
    name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
    return name.lower() in LOCAL_HOSTS


def check_head(scope: Scope, limits: ServerLimits) -> None:
    """Refuse what must not be read on; an absolute URL as target loses its host.

    Raises:
        HttpRefusal: of the target, the headers, the version, the host or the body's size.
    """
    headers = Headers(scope=scope)
    if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_TARGET_BYTES:
        message = f"The address is longer than {MAX_TARGET_BYTES:,} bytes."
        raise HttpRefusal(HTTPStatus.REQUEST_URI_TOO_LONG, "address_too_long", message)
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADERS_BYTES:
        message = f"The headers are longer than {MAX_HEADERS_BYTES:,} bytes."
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        raise HttpRefusal(status, "headers_too_long", message)
    if scope["http_version"] not in ("1.0", "1.1"):
        message = f"HTTP/{scope['http_version']} is not supported."
        raise HttpRefusal(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "bad_request", message)
    _normalise_target(scope)
    if not is_local_host(headers.get("host", "")):
        message = "This server answers only to 127.0.0.1 and localhost."
        raise HttpRefusal(HTTPStatus.MISDIRECTED_REQUEST, "wrong_host", message)
    _check_body_size(scope, headers, limits)


def _normalise_target(scope: Scope) -> None:
    """Cut the host off an absolute URL, as clients send it to proxies (RFC 9112, 3.2.2)."""
    if scope["path"].startswith("/"):
        return
    with suppress(ValueError):
        parts = urlsplit(scope["raw_path"].decode("ascii"))
        if parts.scheme in ("http", "https"):
            scope["path"] = unquote(parts.path or "/")
            scope["raw_path"] = (parts.path or "/").encode("ascii")
            return
    raise HttpRefusal(HTTPStatus.BAD_REQUEST, "bad_request", "The address is not a path.")


def _check_body_size(scope: Scope, headers: Headers, limits: ServerLimits) -> None:
    if "transfer-encoding" in headers:
        message = "Send the body with a Content-Length, not in chunks."
        raise HttpRefusal(HTTPStatus.LENGTH_REQUIRED, "length_required", message)
    is_upload = scope["method"] == "POST" and scope["path"] == UPLOAD_PATH
    max_bytes = limits.upload_bytes if is_upload else limits.body_bytes
    if int(headers.get("content-length", "0")) > max_bytes:
        message = f"A request body may have {max_bytes:,} bytes at most."
        raise HttpRefusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", message)


def _limit_body_time(receive: Receive, deadline_s: float) -> Callable[[], Awaitable[Message]]:
    """Bound the time for a whole body; waiting for a client to leave has no bound."""
    has_body = True

    async def receive_in_time() -> Message:
        nonlocal has_body
        try:
            async with asyncio.timeout_at(deadline_s if has_body else None):
                message = await receive()
        except TimeoutError as error:
            text, headers = "The request did not arrive in time.", {"Connection": "close"}
            status = HTTPStatus.REQUEST_TIMEOUT
            raise HttpRefusal(status, "slow_request", text, headers) from error
        has_body = has_body and message.get("more_body", False)
        return message

    return receive_in_time


@dataclass(slots=True)
class _Exchange:
    """One request and how its response went."""

    scope: Scope
    forward: Send
    is_stopping: Callable[[], bool]
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    start_s: float = field(default_factory=time.monotonic)
    status: int = 0
    sent_bytes: int = 0
    is_complete: bool = False

    async def send(self, message: Message) -> None:
        """Pass on a part of the response, and remember it for the log."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if self.is_stopping():
                headers["Connection"] = "close"
        await self.forward(message)
        self.sent_bytes += len(message.get("body", b""))
        self.is_complete = message["type"] == "http.response.body" and not message.get("more_body")

    def log(self) -> None:
        """Write the line of the access log."""
        outcome = f"{self.sent_bytes} bytes" if self.is_complete else "cut off"
        duration_ms = (time.monotonic() - self.start_s) * 1000
        path = self.scope["raw_path"].decode("ascii")
        request = (self.scope["method"], path, self.status, outcome, duration_ms, self.request_id)
        access_logger.info("%s %s %d %s %.0f ms %s", *request)


def log_unreadable(status: int, sent_bytes: int, request_id: str) -> None:
    """Write the line of the access log for a request that could not be parsed."""
    access_logger.info("- - %d %d bytes 0 ms %s", status, sent_bytes, request_id)
