"""Makes the boto3 client that PollyEngine speaks through. boto3 is imported late."""

from typing import TYPE_CHECKING

from mixer.errors import MixerError
from mixer.speech.polly.quota import POLLY_QUOTAS

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from mypy_boto3_polly import PollyClient

CONNECT_TIMEOUT_S = 3.0
"""Within a region a connection takes milliseconds; a slower one is retried."""

READ_TIMEOUT_S = 30.0
"""Between two parts of an answer. The longest call, 3,000 characters, begins to answer well
before that; more would let a dead connection use up the time for a retry."""

MAX_CONNECTIONS = max(quota.in_flight for quota in POLLY_QUOTAS.values())
"""The most that any engine keeps in flight; they are opened on demand."""


def create_polly_client(
    *,
    region: str | None = None,
    endpoint_url: str | None = None,
    connections: int = MAX_CONNECTIONS,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
    read_timeout_s: float = READ_TIMEOUT_S,
    session: "boto3.Session | None" = None,
) -> "PollyClient":
    """Create a client without retries of its own; the caller closes it.

    Args:
        region: None for the environment's.
        endpoint_url: of another server that speaks Polly's protocol; None for the real one.
        connections: kept open at most; the parallelism of the engine.
        session: with the credentials; None for boto3's default.

    Raises:
        MixerError: no region is configured, or the profile does not exist.
    """
    import boto3
    from botocore.exceptions import BotoCoreError

    config = _build_client_config(connections, connect_timeout_s, read_timeout_s)
    try:
        source = session or boto3.Session()
        return source.client("polly", region_name=region, endpoint_url=endpoint_url, config=config)
    except BotoCoreError as error:
        raise MixerError(
            f"Amazon Polly cannot be reached: {str(error).rstrip('.')}; set region and credentials "
            "with `aws configure`, or with AWS_DEFAULT_REGION and AWS_PROFILE."
        ) from error


def _build_client_config(
    connections: int, connect_timeout_s: float, read_timeout_s: float
) -> "Config":
    from botocore.config import Config

    return Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=connect_timeout_s,
        read_timeout=read_timeout_s,
        max_pool_connections=connections,
        tcp_keepalive=True,
    )
