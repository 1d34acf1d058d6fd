"""What Lambda and its gateways hand to a handler, for tests."""

import json
from collections.abc import Callable
from typing import Any

from mixer.settings import Settings
from tests.functional.clouds import build_settings


class FakeContext:
    """Lambda's context, with as much time left as a test wants."""

    def __init__(self, left_s: float = 600.0, request_id: str = "lambda-request") -> None:
        self.aws_request_id = request_id
        self._left_s = left_s

    def get_remaining_time_in_millis(self) -> int:
        return round(self._left_s * 1000)


def event_v2(
    body: Any,
    path: str = "/synthesize",
    method: str = "POST",
    *,
    caller: str | None = None,
    stage: str = "$default",
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> dict[str, Any]:
    """An HTTP API event, payload format 2.0; a named stage stands in the path."""
    full = path if stage == "$default" else f"/{stage}{path}"
    context = {
        "stage": stage,
        "requestId": "gateway-request",
        "http": {"method": method, "path": full},
    }
    if caller:
        context["authorizer"] = {"lambda": {"caller": caller}}
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": full,
        "rawQueryString": "",
        "headers": headers or {},
        "queryStringParameters": query or {},
        "requestContext": context,
        "body": body if isinstance(body, str) or body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def event_v1(
    body: Any,
    path: str = "/synthesize",
    method: str = "POST",
    *,
    caller: str | None = None,
    stage: str = "prod",
    stage_in_path: bool = True,
) -> dict[str, Any]:
    """A REST or HTTP API event, payload format 1.0."""
    return {
        "version": "1.0",
        "resource": path,
        "path": f"/{stage}{path}" if stage_in_path else path,
        "httpMethod": method,
        "headers": {"Content-Type": "text/plain"},
        "queryStringParameters": None,
        "requestContext": {
            "stage": stage,
            "requestId": "gateway-request",
            **({"authorizer": {"caller": caller}} if caller else {}),
        },
        "body": body if isinstance(body, str) or body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def parse_body(answer: dict[str, Any]) -> dict[str, Any]:
    """The body of an answer."""
    body: dict[str, Any] = json.loads(answer["body"])
    return body


class WarmHandlers:
    """Handlers of deployments that stay warm, asked by calling it.

    Args:
        endpoint: the handler for some settings.
    """

    def __init__(self, endpoint: Callable[[Settings], Callable[..., dict[str, Any]]]) -> None:
        self._endpoint = endpoint
        self._handlers: dict[str, Callable[..., dict[str, Any]]] = {}

    def __call__(self, event: Any, context: FakeContext | None = None, **settings: Any) -> Any:
        name = json.dumps(settings, default=str, sort_keys=True)
        if name not in self._handlers:
            self._handlers[name] = self._endpoint(build_settings(**settings))
        return self._handlers[name](event, context or FakeContext())


def expect_ok(answer: dict[str, Any]) -> Any:
    """What a request that must succeed was told."""
    assert answer["statusCode"] == 200, answer["body"]
    return parse_body(answer)


def expect_refusal(answer: dict[str, Any], status: int, code: str) -> Any:
    """What a request that must fail was told."""
    body = parse_body(answer)
    assert (answer["statusCode"], body["code"]) == (status, code), body
    assert set(body) == {"error", "code", "request_id", "details"}
    return body
