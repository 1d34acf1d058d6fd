"""Lets functions create stories through the Story Lambda.

They need neither the secret of the ids nor the right to start executions.
"""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from mixer.errors import StoreFailed

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from mixer.stories.request import StoryRequest

BEGIN = "begin"
"""The action in its event."""


def open_story_function(name: str) -> "StoryFunction":
    """Open a function by name."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=20)
    return StoryFunction(boto3.client("lambda", config=config), name)


class StoryFunction:
    """The function that creates stories; the client is closed by its creator."""

    def __init__(self, client: "LambdaClient", name: str) -> None:
        self._client = client
        self._name = name

    def invoke(self, story_request: "StoryRequest") -> str:
        """Create a story and return its id; raises StoreFailed if the function fails."""
        from botocore.exceptions import BotoCoreError, ClientError

        event = {"task": BEGIN, "order": asdict(story_request)}
        try:
            done = self._client.invoke(FunctionName=self._name, Payload=json.dumps(event).encode())
            answered = json.loads(done["Payload"].read())
        except (BotoCoreError, ClientError, ValueError) as error:
            raise StoreFailed(f"The function {self._name} cannot start a story: {error}") from error
        if done.get("FunctionError") or "story_id" not in answered:
            raise StoreFailed(f"The function {self._name} cannot start a story.")
        return str(answered["story_id"])
