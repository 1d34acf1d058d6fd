"""API Gateway and Lambda: routes, authorizer, events in, answers out.

Unlike the real services: no 30 s time-out, 405 for a path's unknown methods, and calls beyond a
function's concurrency wait for a slot before they are refused.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import groupby
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from mixer.devserver.events import (
    ACCOUNT_ID,
    REGION,
    Event,
    build_authorizer_event,
    build_event,
    build_response,
)
from mixer.devserver.guard import HttpRefusal, require_origin

THREADS = 64
"""Calls that run or wait at the same time; each function has its own limit below that."""

TOKEN_HEADERS = ("authorization", "xi-api-key")
"""Either may hold the caller's token."""

RETRY_AFTER_S = 5
"""Sent while all slots of a function are taken."""


@dataclass(frozen=True)
class FunctionContext:
    """Lambda's context object, with Lambda's names."""

    aws_request_id: str
    function_name: str
    memory_limit_in_mb: str
    timeout_s: float
    function_version: str = "$LATEST"
    identity: None = None
    client_context: None = None
    log_stream_name: str = "local"
    _start_s: float = field(default_factory=time.monotonic, init=False)

    @property
    def invoked_function_arn(self) -> str:
        """The function's ARN."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until the call's time-out, at least 0."""
        return max(int((self._start_s + self.timeout_s - time.monotonic()) * 1000), 0)


Handler = Callable[[Event, FunctionContext], Any]


@dataclass(frozen=True)
class ApiFunction:
    """A Lambda function; `timeout_s` is by default the most that Lambda allows."""

    name: str
    handler: Handler
    timeout_s: float = 900
    memory_mb: int = 1_024
    max_concurrent: int = 16
    max_wait_s: float = 60
    _slots: threading.Semaphore = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_slots", threading.BoundedSemaphore(self.max_concurrent))

    def call(self, event: Event, request_id: str) -> Any:  # noqa: ANN401 - whatever it returns
        """Call the handler.

        Raises:
            HttpRefusal: no slot became free in time.
        """
        with self._acquire_slot():
            context = FunctionContext(request_id, self.name, str(self.memory_mb), self.timeout_s)
            return self.handler(event, context)

    @contextmanager
    def _acquire_slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self.max_wait_s):
            message = "Too many requests are running; try again soon."
            headers = {"Retry-After": str(RETRY_AFTER_S)}
            raise HttpRefusal(HTTPStatus.SERVICE_UNAVAILABLE, "busy", message, headers)
        try:
            yield
        finally:
            self._slots.release()


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """A route; `key` is method and path, such as `GET /stories/{story_id}`."""

    key: str
    function: ApiFunction
    is_public: bool = False

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.key.partition(" ")[0]

    @property
    def path(self) -> str:
        """The path, with its parameters in braces."""
        return self.key.partition(" ")[2]


@dataclass(frozen=True)
class Gateway:
    """Routes and their authorization.

    Attributes:
        authorizer: called before every route that is not public; None admits everyone.
        origins: other sites whose pages may use the API; `*` for all.
    """

    routes: Sequence[ApiRoute]
    authorizer: ApiFunction | None = None
    origins: Sequence[str] = ()
    _threads: anyio.CapacityLimiter = field(
        default_factory=lambda: anyio.CapacityLimiter(THREADS), init=False, compare=False
    )

    def build_routes(self) -> list[Route]:
        """Build one Starlette route per path."""
        routes = sorted(self.routes, key=lambda route: route.path)
        paths = groupby(routes, key=lambda route: route.path)
        return [Route(path, _ApiPath(self, list(group))) for path, group in paths]

    async def respond(self, request: Request, routes: Sequence[ApiRoute]) -> Response:
        """Answer a request with the matching route of its path.

        Raises:
            HttpRefusal: wrong method, origin or caller, or no free slot.
        """
        require_origin(request.headers.get("origin", ""), self.origins)
        route = _select_route(request, routes)
        body = await request.body()
        return await anyio.to_thread.run_sync(
            self._invoke, route, request, body, limiter=self._threads
        )

    async def respond_to_key(self, request: Request, key: str) -> Response:
        """Answer a request as the route with this key would; raises as `respond` does."""
        require_origin(request.headers.get("origin", ""), self.origins)
        route = next(each for each in self.routes if each.key == key)
        return await anyio.to_thread.run_sync(
            self._invoke, route, request, b"", limiter=self._threads
        )

    def _invoke(self, route: ApiRoute, request: Request, body: bytes) -> Response:
        event = build_event(request, body, route.key)
        if self.authorizer is not None and not route.is_public:
            context = _authorize(self.authorizer, request, route.key)
            event["requestContext"]["authorizer"] = {"lambda": context}
        return build_response(route.function.call(event, request.state.request_id))


@dataclass(frozen=True, slots=True)
class _ApiPath:
    """An ASGI application for one path, so that all methods reach the gateway."""

    gateway: Gateway
    routes: Sequence[ApiRoute]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.gateway.respond(Request(scope, receive), self.routes)
        await response(scope, receive, send)


def _select_route(request: Request, routes: Sequence[ApiRoute]) -> ApiRoute:
    """Select the route of a method; preflights need no authorization."""
    path = request.scope["path"]
    for route in routes:
        if route.method == request.method:
            return route
    if request.method == "OPTIONS":
        return ApiRoute(f"OPTIONS {path}", routes[0].function, is_public=True)
    allowed = ", ".join(sorted({route.method for route in routes} | {"OPTIONS"}))
    message = f"{path} does not support {request.method}."
    status = HTTPStatus.METHOD_NOT_ALLOWED
    raise HttpRefusal(status, "method_not_allowed", message, {"Allow": allowed})


def _authorize(authorizer: ApiFunction, request: Request, route_key: str) -> Mapping[str, Any]:
    """Call an authorizer, and return its context; refuse callers that it does not admit."""
    if not any(request.headers.get(name) for name in TOKEN_HEADERS):
        message = "Not signed in: send the header Authorization: Bearer TOKEN."
        headers = {"WWW-Authenticate": "Bearer"}
        raise HttpRefusal(HTTPStatus.UNAUTHORIZED, "unauthorized", message, headers)
    answer = authorizer.call(build_authorizer_event(request, route_key), request.state.request_id)
    if answer.get("isAuthorized") is not True:
        raise HttpRefusal(HTTPStatus.FORBIDDEN, "forbidden", "This token is not accepted.")
    return dict(answer.get("context") or {})
