"""The context of a request: id, caller and deadline."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from mixer.api.events import Event, find_caller
from mixer.settings import Settings

ANONYMOUS = "anonymous"
"""The caller where no authentication is required."""

LAMBDA_MARGIN_S = 1.5
"""Reserved before Lambda ends the invocation: to stop, clean up and answer."""


class InvocationContext(Protocol):
    """The part of Lambda's context that is used."""

    @property
    def aws_request_id(self) -> str:
        """Id of this invocation."""
        ...

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until Lambda ends the invocation."""
        ...


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Id, caller (None if unknown) and deadline (on the monotonic clock) of a request."""

    request_id: str
    caller: str | None
    deadline_s: float


def build_request_context(
    event: Event,
    context: InvocationContext,
    settings: Settings,
    *,
    now: Callable[[], float] = time.monotonic,
    wall: Callable[[], float] = time.time,
) -> RequestContext:
    """Build the context of a request from the event and Lambda's context.

    `now` is the monotonic clock; `wall` gives seconds since 1970.
    """
    left_s = context.get_remaining_time_in_millis() / 1000 - LAMBDA_MARGIN_S
    gateway = event.get("requestContext") if isinstance(event, dict) else None
    if isinstance(gateway, dict):
        waited_s = _gateway_wait_s(gateway, wall(), settings.gateway_timeout_s)
        left_s = min(left_s, settings.gateway_timeout_s - waited_s)
    else:
        gateway = {}
    caller = ANONYMOUS if settings.auth.mode == "none" else find_caller(event)
    request_id = str(gateway.get("requestId") or context.aws_request_id)
    return RequestContext(request_id, caller, now() + left_s)


def _gateway_wait_s(gateway: dict[str, Any], wall_s: float, longest_s: float) -> float:
    """How long the gateway has waited already, for instance for a cold start.

    A time before the gateway's time-out cannot be of a waiting request: it is a sample event.
    """
    received_ms = gateway.get("timeEpoch")
    if not isinstance(received_ms, int | float):
        return 0.0
    waited_s = wall_s - received_ms / 1000
    return waited_s if 0 <= waited_s < longest_s else 0.0
