"""One request: who asks, under which id, and until when an answer is of use."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from mixer.api.events import Event, find_caller
from mixer.settings import Settings

ANONYMOUS = "anonymous"
"""Everybody, where anybody may call."""

LAMBDA_MARGIN_S = 1.5
"""Before Lambda ends the function: to stop, clean up and answer."""


class InvocationContext(Protocol):
    """What is needed of Lambda's context."""

    @property
    def aws_request_id(self) -> str:
        """Of this invocation."""
        ...

    def get_remaining_time_in_millis(self) -> int:
        """Until Lambda ends the invocation."""
        ...


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One request.

    Attributes:
        request_id: the gateway's, or Lambda's own.
        caller: a name; None when nobody knows who is asking.
        deadline_s: on the monotonic clock.
    """

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
    """What an event and its context say of a request.

    Args:
        event: as Lambda hands it over.
        context: Lambda's.
        settings: the mode of authentication, the gateway's patience.
        now: the monotonic clock.
        wall: the clock on the wall, in seconds since 1970.
    """
    left_s = context.get_remaining_time_in_millis() / 1000 - LAMBDA_MARGIN_S
    gateway = event.get("requestContext") if isinstance(event, dict) else None
    if isinstance(gateway, dict):
        waited_s = _waited_s(gateway, wall(), settings.gateway_timeout_s)
        left_s = min(left_s, settings.gateway_timeout_s - waited_s)
    else:
        gateway = {}
    caller = ANONYMOUS if settings.auth.mode == "none" else find_caller(event)
    request_id = str(gateway.get("requestId") or context.aws_request_id)
    return RequestContext(request_id, caller, now() + left_s)


def _waited_s(gateway: dict[str, Any], wall_s: float, longest_s: float) -> float:
    """How long the gateway has been waiting already, for instance for a cold start.

    A time further back than its patience is no time of a request that still waits: a sample.
    """
    received_ms = gateway.get("timeEpoch")
    if not isinstance(received_ms, int | float):
        return 0.0
    waited_s = wall_s - received_ms / 1000
    return waited_s if 0 <= waited_s < longest_s else 0.0
