"""Convert HTTP requests to API Gateway's events, and Lambda's answers to HTTP responses.

Shapes: HTTP API, payload format 2.0 ("Working with AWS Lambda proxy integrations for HTTP APIs" and
"Control access to HTTP APIs with AWS Lambda authorizers" in the API Gateway guide).
"""

import base64
import binascii
import json
import re
from collections.abc import AsyncIterator, Generator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

Event = dict[str, Any]
"""A JSON object in API Gateway's form."""

JSON = "application/json"

ACCOUNT_ID = "000000000000"
API_ID = "local"
STAGE = "$default"
REGION = "local"

TEXT_TYPES = (JSON, "application/javascript", "application/xml")
"""Passed on as text, like `text/*`; other types are encoded as Base64."""

STREAM_THREADS = CapacityLimiter(64)
"""Answers that are sent while they are made, as many as there may be connections."""

HOP_HEADERS = {"cookie", "connection", "keep-alive", "transfer-encoding", "upgrade", "te"}
"""Headers of the connection, and those with a field of their own in the event."""

OWN_HEADERS = {"connection", "content-length", "date", "server", "transfer-encoding"}
"""Response headers that only the server sets."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token (RFC 9110, section 5.6.2)."""


class BadAnswer(ValueError):
    """A handler's answer that API Gateway could not send."""


def build_event(request: Request, body: bytes, route_key: str) -> Event:
    """Build API Gateway's event; `route_key` is the matched route, such as `POST /synthesize`."""
    event = _common_fields(request, route_key)
    is_text = _is_text(request.headers.get("content-type", ""), body)
    event["isBase64Encoded"] = not is_text
    if request.path_params:
        event["pathParameters"] = dict(request.path_params)
    if body:
        event["body"] = (body if is_text else base64.b64encode(body)).decode()
    return event


def build_authorizer_event(request: Request, route_key: str) -> Event:
    """Build the event for an authorizer; it holds no body."""
    stage = f"{API_ID}/{STAGE}/{request.method}{request.scope['path']}"
    return {
        **_common_fields(request, route_key),
        "type": "REQUEST",
        "routeArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT_ID}:{stage}",
        "identitySource": [request.headers.get("authorization", "")],
    }


def build_response(answer: object) -> Response:
    """Build API Gateway's HTTP response to a handler's answer.

    Raises:
        BadAnswer: it cannot be sent.
    """
    if not isinstance(answer, Mapping) or "statusCode" not in answer:
        return Response(_dump_json(answer), media_type=JSON)
    try:
        response = _build_body_response(answer)
        response.raw_headers += [
            (name.lower().encode("ascii"), value.encode("ascii"))
            for name, value in _headers(answer)
        ]
    except (TypeError, ValueError, AttributeError) as error:
        raise BadAnswer(f"not an answer for a gateway: {error}") from error
    return response


def _build_body_response(answer: Mapping[str, Any]) -> Response:
    if isinstance(answer.get("body"), Generator):
        return StreamingResponse(_iterate_blocks(answer["body"]), _status(answer))
    return Response(_body(answer), _status(answer))


async def _iterate_blocks(blocks: "Generator[bytes]") -> AsyncIterator[bytes]:
    """Take each block in a thread; a client that leaves ends the work."""
    try:
        while block := await to_thread.run_sync(next, blocks, b"", limiter=STREAM_THREADS):
            yield block
    finally:
        blocks.close()


def _common_fields(request: Request, route_key: str) -> Event:
    headers = _join_values(request.headers.items())
    event: Event = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": request.scope["path"],
        "rawQueryString": request.scope["query_string"].decode("latin-1"),
        "headers": {
            **{name: text for name, text in headers.items() if name not in HOP_HEADERS},
            "x-forwarded-proto": "http",
        },
        "requestContext": _request_context(request, route_key),
    }
    if "cookie" in headers:
        event["cookies"] = [each.strip() for each in headers["cookie"].split(";")]
    if request.query_params:
        event["queryStringParameters"] = _join_values(request.query_params.multi_items())
    return event


def _request_context(request: Request, route_key: str) -> Event:
    host, now = request.headers.get("host", ""), datetime.now(UTC)
    return {
        "accountId": ACCOUNT_ID,
        "apiId": API_ID,
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "http": {
            "method": request.method,
            "path": request.scope["path"],
            "protocol": f"HTTP/{request.scope['http_version']}",
            "sourceIp": request.scope["client"][0],
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": request.state.request_id,
        "routeKey": route_key,
        "stage": STAGE,
        "time": now.strftime("%d/%b/%Y:%H:%M:%S %z"),
        "timeEpoch": int(now.timestamp() * 1000),
    }


def _join_values(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Join values of the same name with commas."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _is_text(content_type: str, body: bytes) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    if kind and not kind.startswith("text/") and kind not in TEXT_TYPES:
        return not body
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _status(answer: Mapping[str, Any]) -> int:
    status = int(answer["statusCode"])
    if not 200 <= status <= 599:  # noqa: PLR2004 (the final statuses)
        raise BadAnswer(f"not the status of a response: {status}")
    return status


def _headers(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
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
    """Validate a header: no line breaks or anything else that HTTP cannot carry."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not (_HEADER_NAME.fullmatch(name) and text.isprintable() and text.isascii()):
        raise BadAnswer(f"not a header: {name!r}: {text!r}")
    return name, text


def _body(answer: Mapping[str, Any]) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if answer.get("isBase64Encoded"):
        try:
            return base64.b64decode(body, validate=True)
        except binascii.Error as error:
            raise BadAnswer(f"the body is not Base64: {error}") from error
    return body.encode() if isinstance(body, str) else _dump_json(body)


def _dump_json(answer: object) -> bytes:
    try:
        return json.dumps(answer).encode()
    except (TypeError, ValueError) as error:
        raise BadAnswer(f"not JSON: {error}") from error
