"""The context of a Lambda call, with a time that really runs down."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from mixer.devserver.events import ACCOUNT_ID, REGION


@dataclass(frozen=True)
class LambdaContext:
    """What Lambda hands to a handler beside the event (its names are Lambda's).

    Attributes:
        aws_request_id: of this call.
        function_name: of the function that is called.
        memory_limit_in_mb: as Lambda gives it, a text.
        timeout_s: how long the call may take.
        clock_s: a clock that never goes back.
    """

    aws_request_id: str
    function_name: str
    memory_limit_in_mb: str
    timeout_s: float
    clock_s: Callable[[], float] = time.monotonic
    function_version: str = "$LATEST"
    identity: None = None
    client_context: None = None
    log_stream_name: str = "local"
    _begun_s: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_begun_s", self.clock_s())

    @property
    def invoked_function_arn(self) -> str:
        """The function's name in full."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{self.function_name}"

    @property
    def log_group_name(self) -> str:
        """Where Lambda would write the log."""
        return f"/aws/lambda/{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Until the call would be ended; never below zero."""
        left_s = self._begun_s + self.timeout_s - self.clock_s()
        return max(int(left_s * 1000), 0)
