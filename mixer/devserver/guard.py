"""Checks of every request (size, time, host), refusals, and the access log.

uvicorn parses requests; `server` has more limits. The log contains no bodies, tokens or queries,
because the query of a signed link is its permission.
"""

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

import h11
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mixer.api import shape_error

access_logger = logging.getLogger("mixer.devserver.access")
logger = logging.getLogger(__name__)

MAX_TARGET_BYTES = 16_384

MAX_HEADERS_BYTES = 32_768
"""Limit of all headers together; API Gateway allows 10,240, browsers keep longer cookies."""

LOCAL_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
"""Other names are refused: they indicate DNS rebinding."""

MAX_PORT = 65_535

UPLOAD_PATH = "/objects/"
"""Path of forms with a file."""

SECURITY_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
"""Keep signed links out of referrers, and scripts out of audio files."""

FEED_KEY = re.compile(r"^(/feed/)[^/]+")
"""The key of a feed is its permission, and does not belong in a log."""

RETRY_AFTER_S = 1
"""Sent while all connections are taken."""


class HttpRefusal(HTTPException):
    """A refused request: `code` is for programs, `message` for people."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, headers)
        self.code = code

    def build_response(self, request_id: str, path: str = "") -> JSONResponse:
        """Build the response, in the shape of the protocol of the path."""
        body = {
            "error": self.detail,
            "code": self.code,
            "request_id": request_id,
            "details": {},
        }
        status, shaped = shape_error(path, self.status_code, body)
        return JSONResponse(shaped, status, self.headers)


async def respond_to_error(request: Request, error: Exception) -> JSONResponse:
    """Respond to an exception; a Starlette error means that no route has the method."""
    if isinstance(error, HTTPException) and not isinstance(error, HttpRefusal):
        message = f"{request.method} is not allowed at {request.scope['path']}."
        error = HttpRefusal(HTTPStatus.NOT_FOUND, "not_found", message)
    elif not isinstance(error, HttpRefusal):
        message = "The server failed; see its log."
        error = HttpRefusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", message)
    return error.build_response(request.state.request_id, request.scope["path"])


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Limits for clients, in bytes and seconds.

    `head_s` runs from the first byte to the end of the head, `piece_s` for each part of a response.
    Uploads bypass the gateway, so `upload_bytes` may exceed API Gateway's `body_bytes`. `hosts` are
    names, with ports, that the server has in addition to those of this machine.
    """

    body_bytes: int = 10 * 1024 * 1024
    upload_bytes: int = 101 * 1024 * 1024
    head_s: float = 10.0
    body_s: float = 60.0
    idle_s: float = 60.0
    piece_s: float = 60.0
    connections: int = 64
    hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Guard:
    """An ASGI application that wraps another one."""

    app: ASGIApp
    limits: ServerLimits
    count_connections: Callable[[], int]
    is_stopping: Callable[[], bool]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and log it in any case."""
        exchange = _Exchange(scope, send, self.is_stopping)
        scope["state"]["request_id"] = exchange.request_id
        scope["state"]["is_stopping"] = self.is_stopping
        try:
            await self._serve(exchange, receive)
        except HttpRefusal as refusal:
            response = refusal.build_response(exchange.request_id, scope["path"])
            await response(scope, receive, exchange.send)
        except ClientDisconnect:
            pass
        except Exception:  # answered already, by `respond_to_error`
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
    """Whether a `Host` header names this machine, with any possible port or none."""
    match = LOCAL_HOST.fullmatch(host)
    return match is not None and int(match["port"] or 1) in range(1, MAX_PORT + 1)


def require_origin(origin: str, allowed: Collection[str]) -> None:
    """Refuse pages of other sites before any work starts; an empty origin is not of a page.

    Raises:
        HttpRefusal: the origin is neither this machine's nor among `allowed`, where `*` is all.
    """
    if not origin or "*" in allowed or origin in allowed:
        return
    scheme, _, host = origin.partition("://")
    if scheme not in ("http", "https") or not is_local_host(host):
        message = f"Pages of {origin} may not use this API."
        raise HttpRefusal(HTTPStatus.FORBIDDEN, "origin_refused", message)


def check_head(scope: Scope, limits: ServerLimits) -> None:
    """Check the head of a request; an absolute URL as target loses its host.

    Raises:
        HttpRefusal: target, headers, version, host or body size are not acceptable.
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
    host = headers.get("host", "")
    if not is_local_host(host) and host.lower() not in limits.hosts:
        names = ", ".join(sorted({"127.0.0.1", "localhost", *limits.hosts}))
        message = f"This server answers only to {names}; start it with --public-url for others."
        raise HttpRefusal(HTTPStatus.MISDIRECTED_REQUEST, "wrong_host", message)
    _check_body_size(scope, headers, limits)


def _normalise_target(scope: Scope) -> None:
    """Remove the host of an absolute URL, the form for proxies (RFC 9112, 3.2.2)."""
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
    """Limit the time for a whole body, but not the wait for a disconnect."""
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
    scope: Scope
    forward: Send
    is_stopping: Callable[[], bool]
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    start_s: float = field(default_factory=time.monotonic)
    status: int = 0
    sent_bytes: int = 0
    is_complete: bool = False

    async def send(self, message: Message) -> None:
        """Send a message, and record it for the log."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if self.is_stopping():
                headers["Connection"] = "close"
        try:
            await self.forward(message)
        except h11.LocalProtocolError:  # the rest of the body was malformed: answered already
            return
        self.sent_bytes += len(message.get("body", b""))
        self.is_complete = message["type"] == "http.response.body" and not message.get("more_body")

    def log(self) -> None:
        """Write the line of the access log."""
        outcome = f"{self.sent_bytes} bytes" if self.is_complete else "cut off"
        duration_ms = (time.monotonic() - self.start_s) * 1000
        path = FEED_KEY.sub(r"\1…", self.scope["raw_path"].decode("ascii"))
        request = (self.scope["method"], path, self.status, outcome, duration_ms, self.request_id)
        access_logger.info("%s %s %d %s %.0f ms %s", *request)


def log_unreadable(status: int, sent_bytes: int, request_id: str) -> None:
    """Log a request that could not be parsed."""
    access_logger.info("- - %d %d bytes 0 ms %s", status, sent_bytes, request_id)
