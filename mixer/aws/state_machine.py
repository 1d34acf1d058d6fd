"""Stories run by AWS Step Functions: an execution for each attempt.

The execution's name is made of story and attempt. Starting it again while it runs changes nothing;
once it has ended its name is used up for 90 days (Step Functions developer guide, StartExecution),
and the caller takes the next attempt.
"""

import json
from typing import TYPE_CHECKING

from mixer.errors import StoreFailed

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

USED_UP = frozenset({"ExecutionAlreadyExists"})


def open_state_machine(arn: str) -> "StateMachine":
    """The state machine of an ARN."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 4, "mode": "standard"}, read_timeout=10)
    return StateMachine(boto3.client("stepfunctions", config=config), arn)


class StateMachine:
    """A launcher of stories.

    Args:
        client: of Step Functions; whoever made it closes it.
        arn: of the state machine.
    """

    def __init__(self, client: "SFNClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def start(self, story: str, attempt: int, kind: str) -> bool:
        """Run an attempt; one that runs already is left alone."""
        from botocore.exceptions import BotoCoreError, ClientError

        given = json.dumps({"story_id": story, "attempt": attempt, "kind": str(kind)})
        try:
            self._client.start_execution(
                stateMachineArn=self._arn, name=execution_name(story, attempt), input=given
            )
        except ClientError as error:
            if _error_code(error) in USED_UP:
                return self._is_running(story, attempt)
            raise _store_error(error) from error
        except BotoCoreError as error:
            raise _store_error(error) from error
        return True

    def _is_running(self, story: str, attempt: int) -> bool:
        """Whether the name is taken by an execution that goes on."""
        found = self._client.describe_execution(executionArn=self._execution_arn(story, attempt))
        return found["status"] == "RUNNING"

    def _execution_arn(self, story: str, attempt: int) -> str:
        machine = self._arn.replace(":stateMachine:", ":execution:")
        return f"{machine}:{execution_name(story, attempt)}"


def execution_name(story: str, attempt: int) -> str:
    """How an attempt's execution is called; at most 80 characters."""
    return f"{story}-{attempt}"


def _error_code(error: "Exception") -> str:
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def _store_error(error: Exception) -> StoreFailed:
    return StoreFailed(f"Step Functions failed: {error}")
