"""The authorizer Lambda: says who is calling, or that nobody is.

Handler: `authorizer.handler`, for an HTTP API with payload format 2.0 and simple responses. With
AUTH_MODE `token` the bearer token must be one of a named caller (see mixer/api/tokens.py); with
`none` everybody is let in as `anonymous`. While the secret cannot be read at all, nobody is let in:
the gateway answers 500.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from mixer.api.tokens import TokenRegistry, find_holder, parse_bearer
from mixer.settings import Auth, load_auth

ANONYMOUS = "anonymous"

Answer = dict[str, Any]


def handler(event: Mapping[str, Any], _context: object) -> Answer:
    """Answer one question of the gateway."""
    chosen = load_auth(os.environ)
    return authorize_request(
        event, chosen, _load_registry(chosen.tokens_secret) if chosen.mode == "token" else None
    )


def authorize_request(
    event: Mapping[str, Any], auth_settings: Auth, registry: TokenRegistry | None
) -> Answer:
    """The answer to one question of the gateway.

    Args:
        event: a request without its body.
        auth_settings: who may call.
        registry: who holds tokens; needed only where tokens are wanted.
    """
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
    """One for the life of the process, with a client that is made when first needed."""
    return TokenRegistry(lambda: _read_secret(secret))


def _read_secret(secret: str) -> str:
    return str(_secrets_client().get_secret_value(SecretId=secret)["SecretString"])


@cache
def _secrets_client() -> Any:  # noqa: ANN401 - mypy_boto3_secretsmanager is not there at run time
    import boto3
    from botocore.config import Config

    retries = {"total_max_attempts": 3, "mode": "standard"}
    config = Config(retries=retries, connect_timeout=2, read_timeout=3)  # type: ignore[arg-type]
    return boto3.client("secretsmanager", config=config)
