"""Who may call: the secret of callers and the digests of their tokens."""

import json
import secrets
from typing import TYPE_CHECKING

from delivery.errors import Stopped
from mixer.http.tokens import callers_from, digest_of

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

TOKEN_BYTES = 32
MOST_TOKENS = 2
"""A caller's old and new token, while they change from one to the other."""


def first_token(client: "SecretsManagerClient", secret: str, caller: str) -> str | None:
    """A token for the first caller; None when somebody may call already.

    It is kept nowhere: whoever is handed it must write it down.
    """
    if callers_from(_text(client, secret)):
        return None
    return new_token(client, secret, caller)


def new_token(client: "SecretsManagerClient", secret: str, caller: str) -> str:
    """One more token for a caller, who may be new.

    Raises:
        Stopped: the caller has two already.
    """
    callers = {name: list(digests) for name, digests in callers_from(_text(client, secret)).items()}
    digests = callers.setdefault(caller, [])
    if len(digests) >= MOST_TOKENS:
        raise Stopped(f"{caller} has {MOST_TOKENS} tokens; take one out of the secret first.")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    digests.append(digest_of(token))
    client.put_secret_value(SecretId=secret, SecretString=json.dumps(callers))
    return token


def _text(client: "SecretsManagerClient", secret: str) -> str:
    return client.get_secret_value(SecretId=secret)["SecretString"]
