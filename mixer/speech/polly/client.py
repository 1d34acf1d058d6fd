"""Makes the boto3 client that PollyEngine speaks through. boto3 is loaded only here, and late."""

from typing import TYPE_CHECKING

from mixer.errors import MixerError
from mixer.speech.polly.quota import POLLY_QUOTAS

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_polly import PollyClient

CONNECT_TIMEOUT_S = 3.0
"""Within a region a connection takes milliseconds; one that takes longer is tried again."""

READ_TIMEOUT_S = 30.0
"""Between two pieces of an answer. The longest call, 3,000 characters, begins to answer well
before that; more would let a dead connection eat the time that a retry needs."""

MAX_CONNECTIONS = max(quota.in_flight for quota in POLLY_QUOTAS.values())
"""As many as any engine keeps in flight; they are opened only when needed."""


def create_polly_client(
    *,
    region: str | None = None,
    endpoint_url: str | None = None,
    connections: int = MAX_CONNECTIONS,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
    read_timeout_s: float = READ_TIMEOUT_S,
    session: "boto3.Session | None" = None,
) -> "PollyClient":
    """A client without retries of its own; whoever asks for it closes it.

    Args:
        region: None for what boto3 finds in the environment.
        endpoint_url: of another server that speaks Polly's protocol; None for the real one.
        connections: how many stay open; the parallelism of the engine.
        connect_timeout_s: see CONNECT_TIMEOUT_S.
        read_timeout_s: see READ_TIMEOUT_S.
        session: whose credentials to use; None for boto3's default.

    Raises:
        MixerError: no region is configured, or there is no such profile.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=connect_timeout_s,
        read_timeout=read_timeout_s,
        max_pool_connections=connections,
        tcp_keepalive=True,
    )
    try:
        source = session or boto3.Session()
        return source.client("polly", region_name=region, endpoint_url=endpoint_url, config=config)
    except BotoCoreError as error:
        raise MixerError(
            f"Amazon Polly cannot be asked: {str(error).rstrip('.')}; `aws configure` or "
            "AWS_DEFAULT_REGION and AWS_PROFILE say where and as whom."
        ) from error
