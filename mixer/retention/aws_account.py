"""An AWS account in one region, as the clean-up reaches it, and how long a run may take.

botocore retries what is throttled or fails in passing. It knows no deadline: a hook before each
attempt, retries and further pages included, ends the run in time.
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

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 20
ATTEMPTS = 12
"""botocore waits up to 1, 2, 4, 8, 16 and then 20 s between them: 75 s on average, at most 151."""

RESERVE_S = 60.0
"""An attempt that starts may take 25 s, and the pause after it 20 s; the rest is for the report."""

RUN_ERRORS = (OutOfTime, ClientError, BotoCoreError)
"""What a call may raise."""


def build_config(attempts: int = ATTEMPTS) -> Config:
    """Time-outs and retries of the clients."""
    return Config(
        retries={"mode": "adaptive", "total_max_attempts": attempts},
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
    )


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a run must end.

    Attributes:
        remaining_s: how long it may still take.
        sleep: waits, in seconds.
    """

    remaining_s: Callable[[], float] = lambda: math.inf
    sleep: Callable[[float], None] = time.sleep

    def check(self, **_event: object) -> None:
        """Raise OutOfTime when no other call should start."""
        if self.remaining_s() <= RESERVE_S:
            raise OutOfTime("the deadline is near; the next run goes on")

    def wait(self, seconds: float) -> None:
        """Wait, or raise OutOfTime when the deadline would come first."""
        if self.remaining_s() - seconds <= RESERVE_S:
            raise OutOfTime("the service asks for a longer wait than this run allows")
        self.sleep(seconds)


@dataclass(frozen=True, slots=True)
class AwsAccount:
    """What a run needs of an account.

    Attributes:
        account_id: 12 digits.
    """

    account_id: str
    s3: "S3Client"
    ecr: "ECRClient"
    functions: "LambdaClient"

    @contextmanager
    def enforce(self, deadline: Deadline) -> Iterator[None]:
        """Make every attempt of every call raise OutOfTime when the deadline is near."""
        hooks = [client.meta.events for client in (self.s3, self.ecr, self.functions)]
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
    """Clients of an account.

    Args:
        account_id: 12 digits; empty: the account of the credentials, which STS is asked for.
        session: None: the ordinary credentials and region.
        attempts: of each call.
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
    )


def create_sns_client() -> "SNSClient":
    """A client for the message about a run."""
    import boto3

    return boto3.client("sns", config=build_config(attempts=1))


def describe_error(error: Exception) -> str:
    """What a service answered, as `Code: sentence`."""
    if isinstance(error, ClientError):
        answer = error.response.get("Error", {})
        return f"{answer.get('Code', 'Error')}: {answer.get('Message', '')}"
    return f"{type(error).__name__}: {error}"


def error_code(error: Exception) -> str:
    """The word for programs in a service's refusal; empty for other errors."""
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
