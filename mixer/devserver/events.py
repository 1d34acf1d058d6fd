"""HTTP requests as API Gateway's events, and Lambda's answers as HTTP replies. Pure.

Shapes: HTTP API, payload format 2.0 ("Working with AWS Lambda proxy integrations for HTTP APIs"
and "Control access to HTTP APIs with AWS Lambda authorizers" in the API Gateway guide).
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mixer.devserver.messages import JSON, HttpRequest, Reply

Event = dict[str, Any]
"""What a handler is given: a JSON object of API Gateway's making."""

ACCOUNT_ID = "000000000000"
API_ID = "local"
STAGE = "$default"
REGION = "local"

TEXT_TYPES = (JSON, "application/javascript", "application/xml")
"""Besides `text/*` what the gateway passes on as text; anything else comes base64-encoded."""

HOP_HEADERS = {"cookie", "connection", "keep-alive", "transfer-encoding", "upgrade", "te"}
"""What is between client and server alone, or has a field of its own in the event."""


OWN_HEADERS = {"connection", "content-length", "date", "server", "transfer-encoding"}
"""Those of an answer that only whoever sends it can know."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token (RFC 9110, section 5.6.2)."""


class BadAnswer(ValueError):
    """A handler's answer is none that the gateway could send on."""


def build_event(request: HttpRequest, route_key: str, parameters: Mapping[str, str]) -> Event:
    """The event that API Gateway makes of a request.

    Args:
        request: as it came.
        route_key: the route that it matched, such as `POST /synthesize`.
        parameters: the named parts of the path.
    """
    event = _common_fields(request, route_key)
    event["isBase64Encoded"] = not _is_text(request)
    if parameters:
        event["pathParameters"] = dict(parameters)
    if request.body:
        is_encoded = event["isBase64Encoded"]
        event["body"] = (base64.b64encode(request.body) if is_encoded else request.body).decode()
    return event


def build_authorizer_event(request: HttpRequest, route_key: str) -> Event:
    """The event that API Gateway asks an authorizer with; it holds no body."""
    stage = f"{API_ID}/{STAGE}/{request.method}{request.path}"
    return {
        **_common_fields(request, route_key),
        "type": "REQUEST",
        "routeArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT_ID}:{stage}",
        "identitySource": [request.header("authorization")],
    }


def parse_reply(answer: object) -> Reply:
    """The HTTP reply that API Gateway makes of a handler's answer.

    Raises:
        BadAnswer: it is nothing that can be sent.
    """
    if not isinstance(answer, Mapping) or "statusCode" not in answer:
        return Reply(200, (("Content-Type", JSON),), _dump_json(answer))
    try:
        return Reply(_status(answer), _reply_headers(answer), _reply_body(answer))
    except (TypeError, ValueError, AttributeError) as error:
        raise BadAnswer(f"no answer for a gateway: {error}") from error


def _common_fields(request: HttpRequest, route_key: str) -> Event:
    """What both kinds of event hold."""
    event: Event = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": request.path,
        "rawQueryString": request.raw_query,
        "headers": {k: v for k, v in request.headers_by_name.items() if k not in HOP_HEADERS},
        "requestContext": _request_context(request, route_key),
    }
    if request.header("cookie"):
        event["cookies"] = [each.strip() for each in request.header("cookie").split(";")]
    if request.query:
        event["queryStringParameters"] = dict(request.query)
    return event


def _request_context(request: HttpRequest, route_key: str) -> Event:
    host = request.header("host")
    return {
        "accountId": ACCOUNT_ID,
        "apiId": API_ID,
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": request.header("user-agent"),
        },
        "requestId": request.request_id,
        "routeKey": route_key,
        "stage": STAGE,
        "time": request.received.strftime("%d/%b/%Y:%H:%M:%S %z"),
        "timeEpoch": int(request.received.timestamp() * 1000),
    }


def _is_text(request: HttpRequest) -> bool:
    """Whether a body is passed on as it is: text by its type and by its bytes."""
    content_type = request.header("content-type").partition(";")[0].strip().lower()
    if content_type and not content_type.startswith("text/") and content_type not in TEXT_TYPES:
        return not request.body
    try:
        request.body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _status(answer: Mapping[str, Any]) -> int:
    status = int(answer["statusCode"])
    if not 200 <= status <= 599:  # noqa: PLR2004 (the final statuses)
        raise BadAnswer(f"no status of a reply: {status}")
    return status


def _reply_headers(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Headers and cookies, those of several values once for each."""
    headers: list[tuple[str, str]] = []
    for name, value in (answer.get("headers") or {}).items():
        headers += [_header(name, each) for each in _values(value)]
    for name, values in (answer.get("multiValueHeaders") or {}).items():
        headers += [_header(name, each) for each in values]
    headers += [_header("Set-Cookie", each) for each in answer.get("cookies") or ()]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "text/plain; charset=utf-8"))
    return [(name, value) for name, value in headers if name.lower() not in OWN_HEADERS]


def _values(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else [value]


def _header(name: str, value: object) -> tuple[str, str]:
    """A header that cannot begin another one.

    Raises:
        BadAnswer: it holds a line break, or what HTTP cannot carry.
    """
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not (_HEADER_NAME.fullmatch(name) and text.isprintable() and text.isascii()):
        raise BadAnswer(f"no header: {name!r}: {text!r}")
    return name, text


def _reply_body(answer: Mapping[str, Any]) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if answer.get("isBase64Encoded"):
        try:
            return base64.b64decode(body, validate=True)
        except binascii.Error as error:
            raise BadAnswer(f"the body is no base64: {error}") from error
    return body.encode() if isinstance(body, str) else _dump_json(body)


def _dump_json(answer: object) -> bytes:
    try:
        return json.dumps(answer).encode()
    except (TypeError, ValueError) as error:
        raise BadAnswer(f"no JSON: {error}") from error
