"""AWS services that only stories use: functions, the state machine, the bus, secrets, keys.

Functions that create stories through the Story Lambda need neither the secret of the ids nor the
right to start executions. A function that was idle for weeks rejects calls while its image is
loaded, and a busy account throttles: both are retried while the caller's gateway may still wait.

An execution is named by story and attempt. Starting it again while it runs has no effect; once it
has ended, the name is unusable for 90 days (Step Functions developer guide, StartExecution).

KMS is sent a digest, never the data: it accepts at most 4,096 bytes of a message, but any digest.
Its keys never leave it. boto3 is imported late.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mixer.errors import Misconfigured, StoreFailed
from mixer.parallel import retry_call

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.literals import InvocationTypeType
    from mypy_boto3_lambda.type_defs import InvocationResponseTypeDef
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_stepfunctions import SFNClient

    from mixer.stories import StoryRequest

BEGIN = "begin"
"""The action in its event."""

PASSING = frozenset(
    {
        "CodeArtifactUserPendingException",
        "ResourceConflictException",
        "ResourceNotReadyException",
        "ServiceException",
        "TooManyRequestsException",
    }
)
"""Codes of calls that were rejected for now (Lambda API reference, Invoke; function states)."""

SERVER_FAULT, BUSY = 500, 429
"""HTTP statuses: from the first on a service is at fault, the second refuses calls for now."""

THROTTLED = ("Throttl", "TooManyRequests", "RequestLimitExceeded")
"""How codes of refusals for now begin. Source: botocore's standard retry mode."""

WAITS_S = (0.2, 0.5, 1.0)
"""Before each retry: the caller has about five seconds left (docs/scaling.md)."""

LISTEN = "listen"
"""The action of an event that asks for the pieces of a story."""

SOURCE, DETAIL_TYPE = "mixer", "Story ended"


def open_story_function(name: str) -> "StoryFunction":
    """Open a function by name."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=20)
    return StoryFunction(boto3.client("lambda", config=config), name)


def open_listening_function(name: str) -> Callable[[str], None]:
    """Open what starts the function that renders a story for its listeners, without waiting.

    It raises StoreFailed if the function cannot be started.
    """
    function = open_story_function(name)
    return function.start_listening


class StoryFunction:
    """The function that creates stories; the client is closed by its creator."""

    def __init__(
        self, client: "LambdaClient", name: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._name = name
        self._sleep = sleep

    def invoke(self, story_request: "StoryRequest") -> str:
        """Create a story and return its id; raises StoreFailed if the function fails."""
        from botocore.exceptions import BotoCoreError, ClientError

        event = {"task": BEGIN, "order": asdict(story_request)}
        try:
            done = self._invoke_with_retries(json.dumps(event).encode())
            answered = json.loads(done["Payload"].read())
        except (BotoCoreError, ClientError, ValueError) as error:
            raise StoreFailed(f"The function {self._name} cannot start a story: {error}") from error
        if done.get("FunctionError") or "story_id" not in answered:
            raise StoreFailed(f"The function {self._name} cannot start a story.")
        return str(answered["story_id"])

    def start_listening(self, story: str) -> None:
        """Start rendering a story; raises StoreFailed if the function cannot be started."""
        from botocore.exceptions import BotoCoreError, ClientError

        payload = json.dumps({"task": LISTEN, "story_id": story}).encode()
        try:
            self._invoke_with_retries(payload, "Event")
        except (BotoCoreError, ClientError) as error:
            raise StoreFailed(f"The function {self._name} cannot be started: {error}") from error

    def _invoke_with_retries(
        self, payload: bytes, kind: "InvocationTypeType" = "RequestResponse"
    ) -> "InvocationResponseTypeDef":
        return retry_call(
            lambda: self._client.invoke(
                FunctionName=self._name, InvocationType=kind, Payload=payload
            ),
            _is_passing,
            WAITS_S,
            self._sleep,
        )


def _is_passing(error: Exception) -> bool:
    response = getattr(error, "response", None) or {}
    return response.get("Error", {}).get("Code") in PASSING


def open_event_bus(name: str) -> "EventBus":
    """Open a bus of this account by name."""
    import boto3

    return EventBus(boto3.client("events"), name)


class EventBus:
    """Sends notices to a bus; the client is closed by its creator."""

    def __init__(self, client: "EventBridgeClient", name: str) -> None:
        self._client = client
        self._name = name

    def notify(self, notice: dict[str, Any], request: object) -> None:
        """Send a notice for any caller's story; raises StoreFailed if the bus rejects it."""
        from botocore.exceptions import BotoCoreError, ClientError

        del request
        entry: PutEventsRequestEntryTypeDef = {
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": json.dumps(notice, ensure_ascii=False),
            "EventBusName": self._name,
        }
        try:
            answer = self._client.put_events(Entries=[entry])
        except (BotoCoreError, ClientError) as error:
            raise StoreFailed(f"The event bus {self._name} cannot be reached: {error}") from error
        if answer["FailedEntryCount"]:
            raise StoreFailed(f"The event bus {self._name} rejected the event.")


def open_state_machine(arn: str) -> "StateMachine":
    """Open a state machine by ARN."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 4, "mode": "standard"}, read_timeout=10)
    return StateMachine(boto3.client("stepfunctions", config=config), arn)


class StateMachine:
    """Launches stories; the client is closed by its creator."""

    def __init__(self, client: "SFNClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def start(self, story: str, attempt: int, kind: str) -> bool:
        """Start an attempt unless it is running; False if it has ended before.

        Raises:
            StoreFailed: Step Functions failed.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        given = json.dumps({"story_id": story, "attempt": attempt, "kind": str(kind)})
        try:
            return self._start(execution_name(story, attempt), given)
        except (BotoCoreError, ClientError) as error:
            raise StoreFailed(f"Step Functions failed: {error}") from error

    def _start(self, name: str, given: str) -> bool:
        try:
            self._client.start_execution(stateMachineArn=self._arn, name=name, input=given)
        except self._client.exceptions.ExecutionAlreadyExists:
            return self._is_running(name)
        return True

    def _is_running(self, name: str) -> bool:
        machine = self._arn.replace(":stateMachine:", ":execution:")
        found = self._client.describe_execution(executionArn=f"{machine}:{name}")
        return found["status"] == "RUNNING"


def execution_name(story: str, attempt: int) -> str:
    """Name the execution of an attempt, in at most 80 characters."""
    return f"{story}-{attempt}"


def read_secret(name: str) -> str:
    """Read a secret by name or ARN.

    Raises Misconfigured if it cannot be read, StoreFailed if it may be read later.
    """
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
        error_type = StoreFailed if _is_temporary(error) else Misconfigured
        raise error_type(f"{problem}: {error}") from error


def _is_temporary(error: Exception) -> bool:
    """Whether a service was too busy, failed or could not be reached, so that it may work later."""
    from botocore import exceptions as botocore

    if not isinstance(error, botocore.ClientError):
        return isinstance(error, (botocore.HTTPClientError, botocore.ConnectionError))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = error.response.get("Error", {}).get("Code", "")
    return status >= SERVER_FAULT or status == BUSY or code.startswith(THROTTLED)


@dataclass(frozen=True, slots=True)
class SigningVault:
    """A key of type ECC_NIST_P256 for signing and verifying.

    Every call raises Misconfigured if the key cannot be used, StoreFailed if it may work later.
    """

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
