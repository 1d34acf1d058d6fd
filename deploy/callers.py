"""The secret of callers and the digests of their tokens."""

import json
import secrets
from typing import TYPE_CHECKING

from deploy.errors import DeploymentError
from mixer.api import digest_token, parse_callers

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

TOKEN_BYTES = 32
MAX_TOKENS = 2
"""Per caller: the old and the new token during a rotation."""


def create_first_token(client: "SecretsManagerClient", secret: str, caller: str) -> str | None:
    """Create a token for the first caller, stored nowhere; None if a caller exists."""
    if parse_callers(_read_secret(client, secret)):
        return None
    return create_token(client, secret, caller)


def create_token(client: "SecretsManagerClient", secret: str, caller: str) -> str:
    """Add a token for a caller, who may be new.

    Raises:
        DeploymentError: the caller has two already.
    """
    callers = {
        name: list(digests) for name, digests in parse_callers(_read_secret(client, secret)).items()
    }
    digests = callers.setdefault(caller, [])
    if len(digests) >= MAX_TOKENS:
        raise DeploymentError(
            f"{caller} has {MAX_TOKENS} tokens; remove one from the secret first."
        )
    token = secrets.token_urlsafe(TOKEN_BYTES)
    digests.append(digest_token(token))
    client.put_secret_value(SecretId=secret, SecretString=json.dumps(callers))
    return token


def _read_secret(client: "SecretsManagerClient", secret: str) -> str:
    return client.get_secret_value(SecretId=secret)["SecretString"]
