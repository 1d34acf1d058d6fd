"""The authorizer Lambda: says who is calling, or that nobody is.

Handler: `authorizer.handler`, for an HTTP API with payload format 2.0 and simple responses. With
AUTH_MODE `token` the bearer token must be one of a named caller (see mixer/http/tokens.py); with
`none` everybody is let in as `anonymous`. While the secret cannot be read at all, nobody is let in:
the gateway answers 500.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from mixer.http.tokens import TokenBook, bearer, holder
from mixer.settings import Auth, auth

ANONYMOUS = "anonymous"

Answer = dict[str, Any]


def handler(event: Mapping[str, Any], _context: object) -> Answer:
    """Answer one question of the gateway."""
    chosen = auth(os.environ)
    return authorized(
        event, chosen, _book(chosen.tokens_secret) if chosen.mode == "token" else None
    )


def authorized(event: Mapping[str, Any], chosen: Auth, book: TokenBook | None) -> Answer:
    """The answer to one question of the gateway.

    Args:
        event: a request without its body.
        chosen: who may call.
        book: who holds tokens; needed only where tokens are wanted.
    """
    if chosen.mode == "none":
        return _let_in(ANONYMOUS)
    token = bearer(_header(event, "authorization"))
    caller = holder(book.callers(), token) if book and token else None
    return _let_in(caller) if caller else {"isAuthorized": False, "context": {}}


def _let_in(caller: str) -> Answer:
    return {"isAuthorized": True, "context": {"caller": caller}}


def _header(event: Mapping[str, Any], name: str) -> str:
    headers = event.get("headers") or {}
    return next((str(v) for k, v in headers.items() if str(k).lower() == name), "")


@cache
def _book(secret: str) -> TokenBook:
    """One for the life of the process, with a client that is made when first needed."""
    return TokenBook(lambda: _secret_text(secret))


def _secret_text(secret: str) -> str:
    return str(_client().get_secret_value(SecretId=secret)["SecretString"])


@cache
def _client() -> Any:  # noqa: ANN401 - mypy_boto3_secretsmanager is not there at run time
    import boto3
    from botocore.config import Config

    retries = {"total_max_attempts": 3, "mode": "standard"}
    config = Config(retries=retries, connect_timeout=2, read_timeout=3)  # type: ignore[arg-type]
    return boto3.client("secretsmanager", config=config)
