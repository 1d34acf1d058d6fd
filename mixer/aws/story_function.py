"""Has the Story Lambda begin stories, for functions that answer at once.

They are given neither the secret that ids are made with nor the right to start executions.
"""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from mixer.errors import StoreFailed

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from mixer.stories.request import StoryRequest

BEGIN = "begin"
"""What its event asks for."""


def open_story_function(name: str) -> "StoryFunction":
    """The function of a name."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=20)
    return StoryFunction(boto3.client("lambda", config=config), name)


class StoryFunction:
    """The function that takes stories in.

    Args:
        client: of Lambda; whoever made it closes it.
        name: of the function.
    """

    def __init__(self, client: "LambdaClient", name: str) -> None:
        self._client = client
        self._name = name

    def invoke(self, story_request: "StoryRequest") -> str:
        """Have a story told.

        Returns:
            Its id.

        Raises:
            StoreFailed: there is no such function, or it could not.
        """
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
