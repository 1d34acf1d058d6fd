"""Routes, validation, CORS and errors in one resolver, on Powertools for AWS Lambda.

Powertools keeps the request in class attributes: enough in Lambda, where a process answers one
request at a time. Here a context variable keeps it, so that a local server may use many threads.
"""

import base64
import json
import re
import time
from collections.abc import Callable, Generator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from mixer.api.client_errors import shape_error
from mixer.api.events import (
    JSON_TYPE,
    Event,
    InvocationContext,
    RequestContext,
    build_request_context,
    normalise_event,
    parse_body,
)
from mixer.api.responses import (
    dump_body,
    error_body,
    error_response,
    http_status,
    internal_error_response,
    json_response,
    validation_response,
)
from mixer.api.telemetry import log_request, log_unexpected_error
from mixer.errors import MixerError, Unauthorized
from mixer.settings import Settings

PUBLIC_PATHS = frozenset({"/openapi.json", "/docs", "/capabilities"})
"""Answered without a token: they describe whether and how to send one."""

FEED_PREFIX = "/feed/"
"""Of the paths whose next part is a key, which takes the place of a token and is not logged."""

LISTEN_PATH = re.compile(r"/stories/[^/]+/listen[.-][^/]+")
"""Of paths that a link opens whose signature takes the place of a token."""

PREFLIGHT_AGE_S = 600
"""How long a browser may cache a preflight."""

ALLOWED_HEADERS = ["Idempotency-Key", "If-Match"]

Sound = Generator[bytes] | bytes
"""Encoded sound, whole or while it is made."""


@dataclass
class _Request:
    event: APIGatewayProxyEventV2
    request_context: RequestContext
    context: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    sound: Sound | None = None


class Api(APIGatewayHttpResolver):
    """Answers HTTP requests; safe for many threads. `origins` may call; `*` stands for all."""

    def __init__(self, origins: tuple[str, ...] = ()) -> None:
        self._requests: ContextVar[_Request] = ContextVar("request")
        self._initial_context: dict[str, Any] = {}
        self._varies_by_origin = bool(origins) and "*" not in origins
        super().__init__(
            cors=_cors_config(origins) if origins else None,
            enable_validation=True,
            debug=False,
        )
        self.use(middlewares=[_require_known_caller])
        self.exception_handler(MixerError)(self._respond_to_error)
        self.exception_handler(RequestValidationError)(self._respond_to_invalid)
        self.exception_handler(NotFoundError)(self._respond_to_missing_route)
        self.exception_handler(Exception)(self._respond_to_unexpected)

    @property
    def request_context(self) -> RequestContext:
        """The context of the current request."""
        return self._requests.get().request_context

    def answer_event(
        self, event: Mapping[str, Any], request_context: RequestContext
    ) -> dict[str, Any]:
        """Answer an event of payload format 2.0 in Lambda's response format."""
        began_s = time.monotonic()
        read = partial(_parse_authorized_body, request_context)
        request = _Request(APIGatewayProxyEventV2(dict(event), read), request_context)
        token = self._requests.set(request)
        try:
            made = dict(super().resolve(dict(event), None))  # type: ignore[arg-type]
        finally:
            self._requests.reset(token)
        made = self._complete(made, request.sound)
        log_request(
            request_context.request_id,
            method=request.event.http_method,
            path=_hide_key(request.event.path),
            status=made["statusCode"],
            code=request.code,
            duration_ms=round(1000 * (time.monotonic() - began_s)),
        )
        return made

    def _complete(self, made: dict[str, Any], sound: Sound | None) -> dict[str, Any]:
        """Complete an answer with what Powertools leaves out."""
        if not made.get("cookies"):
            made.pop("cookies", None)
        if sound is not None:
            made |= _encode_sound(sound)
        if self._varies_by_origin:
            made["headers"] = {**made.get("headers", {}), "Vary": "Origin"}
        return made

    @property
    def current_event(self) -> APIGatewayProxyEventV2:  # type: ignore[override]
        """The event of the current request."""
        return self._requests.get().event

    @property
    def context(self) -> dict[str, Any]:
        """What Powertools notes about the current request."""
        request = self._requests.get(None)
        return request.context if request else self._initial_context

    @context.setter
    def context(self, value: dict[str, Any]) -> None:
        request = self._requests.get(None)
        if request:
            request.context = value
        else:
            self._initial_context = value

    def respond_with_sound(self, sound: Sound, content_type: str) -> Response[str]:
        """Build the response with sound, which Powertools would take for text."""
        self._requests.get().sound = sound
        headers = {"x-request-id": self.request_context.request_id}
        return Response(200, content_type, "", headers=headers)

    def _respond_to_error(self, error: MixerError) -> Response[str]:
        self._requests.get().code = error.code
        if http_status(error) >= 500:  # noqa: PLR2004 - the server's own faults begin there
            log_unexpected_error(self.request_context.request_id, error)
        return self._shape(error_response(error, self.request_context.request_id))

    def _respond_to_invalid(self, error: RequestValidationError) -> Response[str]:
        self._requests.get().code = "bad_input"
        problems, request_id = list(error.errors()), self.request_context.request_id
        return self._shape(validation_response(problems, request_id))

    def _respond_to_missing_route(self, _error: NotFoundError) -> Response[str]:
        self._requests.get().code = "no_such_route"
        event = self.current_event
        text = f"{event.http_method} {event.path} does not exist; see GET /docs."
        body = error_body(text, "no_such_route", self.request_context.request_id, {})
        return self._shape(json_response(404, body))

    def _respond_to_unexpected(self, error: Exception) -> Response[str]:
        self._requests.get().code = "internal"
        log_unexpected_error(self.request_context.request_id, error)
        return self._shape(internal_error_response(self.request_context.request_id))

    def _shape(self, response: Response[str]) -> Response[str]:
        """Convert an error for the protocol of its route."""
        body = json.loads(response.body or "")
        status, shaped = shape_error(self.current_event.path, response.status_code, body)
        response.status_code, response.body = status, dump_body(shaped)
        return response


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A Lambda handler for events of any shape."""

    api: Api
    settings: Settings
    default_path: str

    def __call__(self, event: Event, context: InvocationContext) -> dict[str, Any]:
        """Answer one event."""
        call = build_request_context(event, context, self.settings)
        return self.api.answer_event(normalise_event(event, self.default_path), call)


def _encode_sound(sound: Sound) -> dict[str, Any]:
    """Build the body of an answer; only a local gateway takes one that is still being made."""
    if isinstance(sound, bytes):
        return {"body": base64.b64encode(sound).decode(), "isBase64Encoded": True}
    return {"body": sound}


def add_docs(api: Api, build_document: Callable[[], str], build_page: Callable[[], str]) -> None:
    """Add the two routes that describe an API: JSON and HTML, both built on demand."""

    @api.get("/openapi.json", include_in_schema=False)
    def openapi() -> Response[str]:
        return Response(200, JSON_TYPE, build_document())

    @api.get("/docs", include_in_schema=False, compress=True)
    def docs() -> Response[str]:
        return Response(200, "text/html; charset=utf-8", build_page())


def _hide_key(path: str) -> str:
    """A path without the key of a feed."""
    if not path.startswith(FEED_PREFIX):
        return path
    return f"{FEED_PREFIX}…/{path.removeprefix(FEED_PREFIX).partition('/')[2]}"


def _cors_config(origins: tuple[str, ...]) -> CORSConfig:
    first, *others = origins
    return CORSConfig(
        allow_origin=first,
        extra_origins=others,
        allow_headers=ALLOWED_HEADERS,
        expose_headers=["ETag", "Retry-After"],
        max_age=PREFLIGHT_AGE_S,
    )


def _require_known_caller(api: Any, next_middleware: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - Powertools' own types
    """Raise Unauthorized unless an authorizer has named the caller."""
    event = api.current_event
    is_public = event.path in PUBLIC_PATHS or event.path.startswith(FEED_PREFIX)
    is_link = LISTEN_PATH.fullmatch(event.path)
    if event.http_method != "OPTIONS" and not is_public and not is_link:
        _check_caller(api.request_context)
    return next_middleware(api)


def _parse_authorized_body(request_context: RequestContext, text: str) -> dict[str, Any]:
    """Parse a body after checking the caller: Powertools validates before middlewares run."""
    _check_caller(request_context)
    return parse_body(text)


def _check_caller(request_context: RequestContext) -> None:
    if request_context.caller is None:
        raise Unauthorized(
            "Not signed in: send an accepted token in the header Authorization: Bearer TOKEN."
        )
