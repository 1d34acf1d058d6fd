"""An AWS account in one region, as the clean-up reaches it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.config import Config

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

CLIENT_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 1},
    connect_timeout=5,
    read_timeout=20,
)
"""No retries of botocore's own, which know no deadline: Pace waits and tries again."""


@dataclass(frozen=True, slots=True)
class AwsAccount:
    """What a round needs of an account.

    Attributes:
        account_id: 12 digits.
        s3: a client of S3.
        ecr: a client of ECR.
        functions: a client of Lambda.
    """

    account_id: str
    s3: "S3Client"
    ecr: "ECRClient"
    functions: "LambdaClient"


def open_account(session: "boto3.Session", account_id: str) -> AwsAccount:
    """Clients of a session, for the entry points."""
    return AwsAccount(
        account_id=account_id,
        s3=session.client("s3", config=CLIENT_CONFIG),
        ecr=session.client("ecr", config=CLIENT_CONFIG),
        functions=session.client("lambda", config=CLIENT_CONFIG),
    )
