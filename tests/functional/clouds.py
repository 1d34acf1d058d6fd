"""S3 in this process and a strict Polly on localhost, for tests of the handlers."""

import functools
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from boto3 import Session
from moto import mock_aws

from mixer.compose import AwsServices
from mixer.script.limits import POLLY_LIMITS
from mixer.settings import Auth, Settings
from mixer.store.s3 import create_s3_client
from tests.emulators.strict_polly import Allowance

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET, MUSIC_BUCKET, FOREIGN_BUCKET = "mixer-output", "mixer-music", "somebody-else"
OPEN_ALLOWANCES = dict.fromkeys(POLLY_LIMITS, Allowance(100, 100, 26))
"""A quota that stands in nobody's way."""


@functools.cache
def session() -> Session:
    """One for all clients: reading the service model is what takes a client's time."""
    return Session("test", "test", region_name="us-east-1")


@contextmanager
def mock_s3() -> Iterator["S3Client"]:
    """A new S3 with the three buckets."""
    with mock_aws(), closing(create_s3_client(session=session())) as s3:
        for name in (BUCKET, MUSIC_BUCKET, FOREIGN_BUCKET):
            s3.create_bucket(Bucket=name)
        yield s3


def build_settings(mode: Literal["token", "none"] = "none", **others: Any) -> Settings:
    """Settings of a deployment with the three buckets."""
    given: dict[str, Any] = {
        "output_bucket": BUCKET,
        "music_bucket": MUSIC_BUCKET,
        "allowed_buckets": frozenset({BUCKET, MUSIC_BUCKET}),
        "allowed_origins": ("https://page.example",),
        "auth": Auth(mode=mode),
    }
    return Settings(**{**given, **others})


@dataclass(frozen=True, kw_only=True, eq=False)
class CloudOverFolder(AwsServices):
    """The parts of a deployment whose store is another one than S3."""

    folder: Any

    @property
    def output_store(self) -> Any:
        return self.folder

    @property
    def music_store(self) -> Any:
        return self.folder


def list_keys(s3: "S3Client", prefix: str = "", bucket: str = BUCKET) -> list[str]:
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
    return [each["Key"] for each in listed.get("Contents", [])]
