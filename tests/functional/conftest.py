"""What several functional tests stand on."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.functional.retention.cleanup_world import REGION, CleanupWorld


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[CleanupWorld]:
    """An account with buckets, a repository and functions, for the clean-up."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("MOTO_LAMBDA_STUB_ECR", "false")
    with mock_aws():
        yield CleanupWorld.build()
