"""Secrets: texts of AWS Secrets Manager, and keys of AWS KMS, which sign and never leave it.

KMS is sent a digest, never the data: it accepts at most 4,096 bytes of a message, but any digest.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from mixer.errors import Misconfigured

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient


def read_secret(name: str) -> str:
    """Read a secret by name or ARN; may raise Misconfigured."""
    with _translate_errors(f"The secret {name} cannot be read"):
        return str(_open_secrets().get_secret_value(SecretId=name)["SecretString"])


@cache
def _open_secrets() -> "SecretsManagerClient":
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"total_max_attempts": 3, "mode": "standard"}, connect_timeout=2, read_timeout=3
    )
    return boto3.client("secretsmanager", config=config)


def open_signing_key(name: str) -> "SigningVault":
    """Open a key of this account by its ARN."""
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"total_max_attempts": 4, "mode": "standard"}, connect_timeout=2, read_timeout=5
    )
    return SigningVault(boto3.client("kms", config=config), name)


@contextmanager
def _translate_errors(problem: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise Misconfigured(f"{problem}: {error}") from error


@dataclass(frozen=True, slots=True)
class SigningVault:
    """A key of type ECC_NIST_P256 for signing and verifying; may raise Misconfigured."""

    client: "KMSClient"
    key: str

    def read_public_key(self) -> bytes:
        """Read the public key as DER."""
        with self._translate_errors():
            return self.client.get_public_key(KeyId=self.key)["PublicKey"]

    def sign(self, data: bytes) -> bytes:
        """Sign data; returns DER."""
        with self._translate_errors():
            answer = self.client.sign(
                KeyId=self.key,
                Message=sha256(data).digest(),
                MessageType="DIGEST",
                SigningAlgorithm="ECDSA_SHA_256",
            )
        return answer["Signature"]

    def _translate_errors(self) -> AbstractContextManager[None]:
        return _translate_errors(f"The signing key {self.key} cannot be used")
