"""The authorizer Lambda of the HTTP API (payload format 2.0, simple responses).

With AUTH_MODE `token`, the bearer token must belong to a named caller; with `none`, every caller is
`anonymous`. While the secret cannot be read, the function fails and the gateway answers 500.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from mixer.api.tokens import TokenRegistry, find_holder, parse_bearer
from mixer.settings import Auth, load_auth

ANONYMOUS = "anonymous"

Answer = dict[str, Any]


def answer_question(event: Mapping[str, Any], _context: object) -> Answer:
    """Authorize the request of one event."""
    auth = load_auth(os.environ)
    registry = _load_registry(auth.tokens_secret) if auth.mode == "token" else None
    return authorize_request(event, auth, registry)


def authorize_request(
    event: Mapping[str, Any], auth_settings: Auth, registry: TokenRegistry | None
) -> Answer:
    """Authorize a request; the registry is None where the mode requires no token."""
    if auth_settings.mode == "none":
        return _allow_caller(ANONYMOUS)
    token = parse_bearer(_header_value(event, "authorization"))
    caller = find_holder(registry.load_callers(), token) if registry and token else None
    return _allow_caller(caller) if caller else {"isAuthorized": False, "context": {}}


def _allow_caller(caller: str) -> Answer:
    return {"isAuthorized": True, "context": {"caller": caller}}


def _header_value(event: Mapping[str, Any], name: str) -> str:
    headers = event.get("headers") or {}
    return next((str(v) for k, v in headers.items() if str(k).lower() == name), "")


@cache
def _load_registry(secret: str) -> TokenRegistry:
    from mixer.aws import read_secret

    return TokenRegistry(lambda: read_secret(secret))
