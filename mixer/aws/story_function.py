"""Lets functions start others: to create stories, and to render for listeners.

Those that create stories through the Story Lambda need neither the secret of the ids nor the right
to start executions. A function that was idle for weeks rejects calls while its image is loaded, and
a busy account throttles: both are retried while the caller's gateway may still wait.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from mixer.errors import StoreFailed
from mixer.parallel import retry_call

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.literals import InvocationTypeType
    from mypy_boto3_lambda.type_defs import InvocationResponseTypeDef

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

WAITS_S = (0.2, 0.5, 1.0)
"""Before each retry: the caller has about five seconds left (docs/scaling.md)."""


def open_story_function(name: str) -> "StoryFunction":
    """Open a function by name."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=20)
    return StoryFunction(boto3.client("lambda", config=config), name)


LISTEN = "listen"
"""The action of an event that asks for the pieces of a story."""


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
