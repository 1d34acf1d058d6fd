"""Runs stories with AWS Step Functions, one execution per attempt.

The execution is named by story and attempt. Starting it again while it runs has no effect; once it
has ended, the name is unusable for 90 days (Step Functions developer guide, StartExecution).
"""

import json
from typing import TYPE_CHECKING

from mixer.errors import StoreFailed

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

USED_UP = frozenset({"ExecutionAlreadyExists"})


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
        """Start an attempt unless it is running; False if it has ended before."""
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
        found = self._client.describe_execution(executionArn=self._execution_arn(story, attempt))
        return found["status"] == "RUNNING"

    def _execution_arn(self, story: str, attempt: int) -> str:
        machine = self._arn.replace(":stateMachine:", ":execution:")
        return f"{machine}:{execution_name(story, attempt)}"


def execution_name(story: str, attempt: int) -> str:
    """Name the execution of an attempt, in at most 80 characters."""
    return f"{story}-{attempt}"


def _error_code(error: "Exception") -> str:
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def _store_error(error: Exception) -> StoreFailed:
    return StoreFailed(f"Step Functions failed: {error}")
