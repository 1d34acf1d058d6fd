"""Reads secrets from AWS Secrets Manager."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


def read_secret(name: str) -> str:
    """Read a secret by name or ARN."""
    return str(_open_secrets().get_secret_value(SecretId=name)["SecretString"])


@cache
def _open_secrets() -> "SecretsManagerClient":
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"total_max_attempts": 3, "mode": "standard"}, connect_timeout=2, read_timeout=3
    )
    return boto3.client("secretsmanager", config=config)
