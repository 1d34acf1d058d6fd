"""Events of any shape: an HTTP API event (payload format 2.0) with JSON as body, and its context.

Events come from an HTTP API (payload 2.0 or 1.0, with or without the stage in the path), a REST
API, or clients that invoke the function with `{"body": ...}` or the body's own fields. Bodies are
text, objects or Base64. Source: API Gateway guide, "Working with AWS Lambda proxy integrations for
HTTP APIs".
"""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from mixer.api.auth import ANONYMOUS
from mixer.errors import BadInput
from mixer.settings import Settings

Event = Any
"""The event of an invocation; usually a JSON object."""

JSON_TYPE = "application/json"
"""Content type assumed for every body: old clients send any or none."""

BYTE_ORDER_MARK = "\ufeff"
"""Which programs of Windows write before their JSON, and a parser may ignore (RFC 8259)."""

UNREADABLE = "\ufffd"
"""Replaces a body that is not text; it is not JSON, so parsing refuses it."""

MAX_JSON_NESTING = 3
"""Maximum levels of JSON encoding; some clients encode the body twice."""

DIRECT = "direct"
"""Caller without a gateway, admitted by IAM."""

LAMBDA_MARGIN_S = 1.5
"""Reserved before Lambda ends the invocation: to stop, clean up and answer."""


class InvocationContext(Protocol):
    """The part of Lambda's context that is used."""

    @property
    def aws_request_id(self) -> str:
        """Id of this invocation."""
        ...

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until Lambda ends the invocation."""
        ...


@dataclass(frozen=True, slots=True)
class RequestContext:
    """A request's id, caller (None if unknown), deadline (monotonic clock) and API.

    `base_url` is the URL of the API without a slash at its end; empty without a gateway.
    """

    request_id: str
    caller: str | None
    deadline_s: float
    base_url: str = ""


def build_request_context(
    event: Event,
    context: InvocationContext,
    settings: Settings,
    *,
    now: Callable[[], float] = time.monotonic,
    wall: Callable[[], float] = time.time,
) -> RequestContext:
    """Build the context of a request from the event and Lambda's context.

    `now` is the monotonic clock; `wall` gives seconds since 1970.
    """
    left_s = context.get_remaining_time_in_millis() / 1000 - LAMBDA_MARGIN_S
    gateway = event.get("requestContext") if isinstance(event, dict) else None
    if isinstance(gateway, dict):
        waited_s = _gateway_wait_s(gateway, wall(), settings.gateway_timeout_s)
        left_s = min(left_s, settings.gateway_timeout_s - waited_s)
    else:
        gateway = {}
    caller = ANONYMOUS if settings.auth.mode == "none" else find_caller(event)
    request_id = _as_text(gateway.get("requestId") or context.aws_request_id)
    return RequestContext(request_id, caller, now() + left_s, find_base_url(event))


def find_base_url(event: Event) -> str:
    """Find the URL of the API that an event came from; empty without a gateway."""
    event = _as_mapping(event)
    context = _as_mapping(event.get("requestContext"))
    host = context.get("domainName")
    if not host:
        return ""
    scheme = _as_texts(event.get("headers"), lower=True).get("x-forwarded-proto")
    whole = _as_text(event.get("rawPath") or context.get("path") or event.get("path") or "")
    route = _strip_stage(_as_text(event.get("rawPath") or event.get("path") or ""), context)
    base_path = whole.removesuffix(route) if route else ""
    return f"{scheme if scheme == 'http' else 'https'}://{_as_text(host)}{base_path}"


def _gateway_wait_s(gateway: dict[str, Any], wall_s: float, longest_s: float) -> float:
    """How long the gateway has waited already, for instance for a cold start.

    A time before the gateway's time-out cannot be of a waiting request: it is a sample event.
    """
    received_ms = gateway.get("timeEpoch")
    if not isinstance(received_ms, int | float) or not 0 <= received_ms <= wall_s * 1000:
        return 0.0  # a number of any length can be compared, but not divided
    waited_s = wall_s - received_ms / 1000
    return waited_s if waited_s < longest_s else 0.0


def normalise_event(event: Event, default_path: str) -> dict[str, Any]:
    """Convert an event of any shape; `default_path` applies if it names no route."""
    if not isinstance(event, Mapping):
        return _build_event({}, "POST", default_path, UNREADABLE)
    context = _as_mapping(event.get("requestContext"))
    if "http" in context:
        return _from_version_2(event, context)
    if "httpMethod" in event:
        return _from_version_1(event, context)
    body = event.get("body", event)
    return _build_event(event, "POST", default_path, _body_text(body, event))


def parse_body(text: str) -> dict[str, Any]:
    """Parse a body from JSON text, which may be wrapped into a JSON string.

    Raises:
        BadInput: the body is not a JSON object.
    """
    value: object = text.removeprefix(BYTE_ORDER_MARK)
    has_surrogates = False
    for _ in range(MAX_JSON_NESTING):
        if not isinstance(value, str):
            break
        has_surrogates = has_surrogates or "\\ud" in value.lower()
        value = _parse_json(value)
    if not isinstance(value, dict):
        raise BadInput("The body must be a JSON object.", field="body")
    if has_surrogates:
        _check_characters(value)
    return value


def _check_characters(value: object) -> None:
    """Refuse lone surrogates, which JSON can express but UTF-8 cannot."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            "The body is not valid UTF-8: it contains half a character.", field="body"
        ) from error


def _parse_json(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_reject_constant, parse_float=_parse_number)
    except (ValueError, RecursionError) as error:
        raise BadInput("The body is not JSON.", field="body") from error


def _parse_number(written: str) -> float:
    """Parse 100.0 as 100: JSON does not distinguish them."""
    value = float(written)
    return int(value) if value.is_integer() else value


def _reject_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def find_caller(event: Event) -> str | None:
    """Return the caller that the authorizer admitted, or None.

    Events without a request context did not pass a gateway.
    """
    if not isinstance(event, Mapping) or "requestContext" not in event:
        return DIRECT
    authorizer = _as_mapping(_as_mapping(event["requestContext"]).get("authorizer"))
    caller = _as_mapping(authorizer.get("lambda")).get("caller") or authorizer.get("caller")
    return caller if isinstance(caller, str) and caller and caller == _as_text(caller) else None


def _from_version_2(event: Event, context: Mapping[str, Any]) -> dict[str, Any]:
    http = _as_mapping(context["http"])
    path = _as_text(event.get("rawPath") or http.get("path") or "/")
    method = _as_text(http.get("method") or "POST")
    made = _build_event(
        event, method, _strip_stage(path, context), _body_text(event.get("body"), event)
    )
    return {**made, "rawQueryString": _as_text(event.get("rawQueryString") or "")}


def _from_version_1(event: Event, context: Mapping[str, Any]) -> dict[str, Any]:
    path = _strip_stage(_as_text(event.get("path") or "/"), context)
    made = _build_event(
        event, _as_text(event["httpMethod"]), path, _body_text(event.get("body"), event)
    )
    return {**made, "rawQueryString": urlencode(made["queryStringParameters"])}


def _build_event(event: Event, method: str, path: str, body: str) -> dict[str, Any]:
    """Build the event; its stage is `$default`, so that the path holds no stage."""
    context = _as_mapping(event.get("requestContext"))
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {**_as_texts(event.get("headers"), lower=True), "content-type": JSON_TYPE},
        "queryStringParameters": _as_texts(event.get("queryStringParameters")),
        "requestContext": {
            "requestId": _as_text(context.get("requestId") or ""),
            "stage": "$default",
            "http": {"method": method.upper(), "path": path},
        },
        "body": body,
        "isBase64Encoded": False,
    }


def _body_text(body: object, event: Event) -> str:
    if body is None:
        return ""
    if not isinstance(body, str):
        return json.dumps(body, default=str)
    try:
        if event.get("isBase64Encoded"):
            return base64.b64decode(body, validate=True).decode()
        return body.encode().decode()
    except ValueError:  # neither Base64 nor UTF-8
        return UNREADABLE


def _strip_stage(path: str, context: Mapping[str, Any]) -> str:
    stage = context.get("stage")
    prefix = f"/{stage}"
    if stage and stage != "$default" and (path == prefix or path.startswith(f"{prefix}/")):
        return path.removeprefix(prefix) or "/"
    return path


def _as_mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _as_texts(values: object, *, lower: bool = False) -> dict[str, str]:
    pairs = [(_as_text(k), _as_text(v)) for k, v in _as_mapping(values).items() if v is not None]
    return {k.lower() if lower else k: v for k, v in pairs}


def _as_text(value: object) -> str:
    """Text that UTF-8 can express: a question mark for each half of a character."""
    return str(value).encode(errors="replace").decode()
