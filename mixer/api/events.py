"""Every shape of event becomes one: HTTP API, payload format 2.0, body as a JSON text.

What arrives depends on who calls: an HTTP API with payload 2.0 or 1.0 (their stage in the path or
not), a REST API, an old client that invokes the function with a bare `{"body": ...}`, or one that
sends the body's own fields. Bodies come as text, as an object, or base64-encoded. Source: API
Gateway guide, "Working with AWS Lambda proxy integrations for HTTP APIs".
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from mixer.errors import BadInput

Event = Any
"""Whatever somebody invokes a function with; usually a JSON object."""

JSON_TYPE = "application/json"
"""What every body is read as: old clients call it anything, or nothing."""

UNREADABLE = "\ufffd"
"""Stands for a body that is not text; no JSON, so it is refused where bodies are read."""

MAX_JSON_NESTING = 3
"""How often a body is read as JSON: clients have been seen to encode it twice."""

DIRECT = "direct"
"""Who calls without a gateway: IAM has let them in."""


def normalise_event(event: Event, default_path: str) -> dict[str, Any]:
    """An event of any shape as an HTTP API event of payload format 2.0.

    Args:
        event: as Lambda hands it over.
        default_path: the route meant by an event that names none.
    """
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
    """The fields of a request's body.

    Args:
        text: JSON, perhaps wrapped into a JSON string.

    Raises:
        BadInput: it is no JSON object.
    """
    value: object = text
    for _ in range(MAX_JSON_NESTING):
        if not isinstance(value, str):
            break
        value = _parse_json(value)
    if not isinstance(value, dict):
        raise BadInput("The body must be a JSON object.", field="body")
    if "\\ud" in text.lower():
        _check_characters(value)
    return value


def _check_characters(value: object) -> None:
    """Refuse halves of characters, which JSON can write and nothing can encode."""
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
    """A number with a point; JSON knows no difference between 100 and 100.0."""
    value = float(written)
    return int(value) if value.is_integer() else value


def _reject_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def find_caller(event: Event) -> str | None:
    """Whom the gateway's authorizer let in; None when it says nobody.

    Args:
        event: as Lambda hands it over; an event without a request context came past no gateway.
    """
    if not isinstance(event, Mapping) or "requestContext" not in event:
        return DIRECT
    authorizer = _as_mapping(_as_mapping(event["requestContext"]).get("authorizer"))
    caller = _as_mapping(authorizer.get("lambda")).get("caller") or authorizer.get("caller")
    return caller if isinstance(caller, str) and caller else None


def _from_version_2(event: Event, context: Mapping[str, Any]) -> dict[str, Any]:
    http = _as_mapping(context["http"])
    path = str(event.get("rawPath") or http.get("path") or "/")
    method = str(http.get("method") or "POST")
    made = _build_event(
        event, method, _strip_stage(path, context), _body_text(event.get("body"), event)
    )
    return {**made, "rawQueryString": str(event.get("rawQueryString") or "")}


def _from_version_1(event: Event, context: Mapping[str, Any]) -> dict[str, Any]:
    path = _strip_stage(str(event.get("path") or "/"), context)
    made = _build_event(event, str(event["httpMethod"]), path, _body_text(event.get("body"), event))
    return {**made, "rawQueryString": urlencode(made["queryStringParameters"])}


def _build_event(event: Event, method: str, path: str, body: str) -> dict[str, Any]:
    """The event that all the others become; its stage is `$default`, so no path holds one."""
    context = _as_mapping(event.get("requestContext"))
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {**_as_texts(event.get("headers"), lower=True), "content-type": JSON_TYPE},
        "queryStringParameters": _as_texts(event.get("queryStringParameters")),
        "requestContext": {
            "requestId": str(context.get("requestId") or ""),
            "stage": "$default",
            "http": {"method": method.upper(), "path": path},
        },
        "body": body,
        "isBase64Encoded": False,
    }


def _body_text(body: object, event: Event) -> str:
    """A body as JSON text."""
    if body is None:
        return ""
    if not isinstance(body, str):
        return json.dumps(body, default=str)
    if not event.get("isBase64Encoded"):
        return body
    try:
        return base64.b64decode(body, validate=True).decode()
    except (binascii.Error, ValueError):
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
    """Headers or parameters, without those that hold nothing."""
    pairs = _as_mapping(values).items()
    return {str(k).lower() if lower else str(k): str(v) for k, v in pairs if v is not None}
