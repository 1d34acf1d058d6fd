"""The clean-up's access to one AWS account and region, and the deadline of a run.

botocore retries throttled and transient errors but knows no deadline: a hook before each attempt,
retries and further pages included, ends the run in time.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mixer.errors import OutOfTime

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 20
ATTEMPTS = 12
"""botocore waits up to 1, 2, 4, 8, 16 and then 20 s between them: 75 s on average, at most 151."""

RESERVE_S = 60.0
"""An attempt may take 25 s and the pause after it 20 s; the rest is for the report."""

RUN_ERRORS = (OutOfTime, ClientError, BotoCoreError)
"""Exceptions that a call may raise."""


def build_config(attempts: int = ATTEMPTS) -> Config:
    """Configure time-outs and retries of the clients."""
    return Config(
        retries={"mode": "adaptive", "total_max_attempts": attempts},
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
    )


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of a run; `sleep` waits, in seconds."""

    remaining_s: Callable[[], float] = lambda: math.inf
    sleep: Callable[[float], None] = time.sleep

    def check(self, **_event: object) -> None:
        """Raise OutOfTime if no further call should start."""
        if self.remaining_s() <= RESERVE_S:
            raise OutOfTime("the deadline is near; the next run continues")

    def wait(self, seconds: float) -> None:
        """Wait, or raise OutOfTime if the deadline comes first."""
        if self.remaining_s() - seconds <= RESERVE_S:
            raise OutOfTime("the service asks for a longer wait than this run allows")
        self.sleep(seconds)


@dataclass(frozen=True, slots=True)
class AwsAccount:
    """Clients and settings of an account; `account_id` has 12 digits."""

    account_id: str
    s3: "S3Client"
    ecr: "ECRClient"
    functions: "LambdaClient"
    states: "SFNClient"

    @property
    def _clients(self) -> "tuple[S3Client, ECRClient, LambdaClient, SFNClient]":
        return self.s3, self.ecr, self.functions, self.states

    @contextmanager
    def enforce(self, deadline: Deadline) -> Iterator[None]:
        """Make every attempt of every call raise OutOfTime near the deadline."""
        hooks = [client.meta.events for client in self._clients]
        for events in hooks:
            events.register_first("request-created", deadline.check)
        try:
            yield
        finally:
            for events in hooks:
                events.unregister("request-created", deadline.check)


def open_account(
    account_id: str = "", session: "boto3.Session | None" = None, *, attempts: int = ATTEMPTS
) -> AwsAccount:
    """Create the clients of an account.

    Args:
        account_id: 12 digits; if empty, the account of the credentials (a call of STS).
        session: the default credentials and region when None.
    """
    import boto3

    session = session or boto3.Session()
    config = build_config(attempts)
    sts = None if account_id else session.client("sts", config=config)
    return AwsAccount(
        account_id=sts.get_caller_identity()["Account"] if sts else account_id,
        s3=session.client("s3", config=config),
        ecr=session.client("ecr", config=config),
        functions=session.client("lambda", config=config),
        states=session.client("stepfunctions", config=config),
    )


def create_sns_client() -> "SNSClient":
    """Create the client for the report's message."""
    import boto3

    return boto3.client("sns", config=build_config(attempts=1))


def describe_error(error: Exception) -> str:
    """Format a service's error as `Code: sentence`."""
    if isinstance(error, ClientError):
        answer = error.response.get("Error", {})
        return f"{answer.get('Code', 'Error')}: {answer.get('Message', '')}"
    return f"{type(error).__name__}: {error}"


def error_code(error: Exception) -> str:
    """Return a service's error code; empty for other errors."""
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
