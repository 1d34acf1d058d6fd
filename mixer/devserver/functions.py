"""Functions as Lambda would run them, and the one that says who may call the others."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from mixer.devserver.events import Event, build_authorizer_event
from mixer.devserver.lambda_context import LambdaContext
from mixer.devserver.messages import Headers, HttpRequest

Handler = Callable[[Event, LambdaContext], Any]

RETRY_AFTER_S = 5
"""What a client is told to wait when all calls of a function are taken."""


class Refused(Exception):
    """The gateway does not let a request through.

    Args:
        status: of the reply.
        code: a word for a program.
        message: a sentence for a person.
        headers: of the reply.
    """

    def __init__(self, status: HTTPStatus, code: str, message: str, headers: Headers = ()) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers


@dataclass(frozen=True)
class Function:
    """A Lambda function.

    Attributes:
        name: of the function.
        handler: what it runs.
        timeout_s: how long its context says a call may take (by default the most Lambda allows).
        memory_mb: what its context says it has.
        max_concurrent: calls at a time, like reserved concurrency.
        max_wait_s: how long a call waits for its turn.
    """

    name: str
    handler: Handler
    timeout_s: float = 900
    memory_mb: int = 1_024
    max_concurrent: int = 16
    max_wait_s: float = 60
    _slots: threading.BoundedSemaphore = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_slots", threading.BoundedSemaphore(self.max_concurrent))

    def call(self, event: Event, request_id: str) -> Any:  # noqa: ANN401 - whatever it answers
        """Call the handler.

        Raises:
            Refused: it was not its turn for too long.
        """
        with self._acquire_slot():
            context = LambdaContext(request_id, self.name, str(self.memory_mb), self.timeout_s)
            return self.handler(event, context)

    @contextmanager
    def _acquire_slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self.max_wait_s):
            message = "Too many requests are being worked on; try again soon."
            after = [("Retry-After", str(RETRY_AFTER_S))]
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "busy", message, after)
        try:
            yield
        finally:
            self._slots.release()


def request_permission(
    authorizer: Function, request: HttpRequest, route_key: str
) -> Mapping[str, Any]:
    """Ask an authorizer, in the form of simple responses, and return its context.

    Raises:
        Refused: there is no token, or it is not accepted.
    """
    if not request.header("authorization"):
        message = "This API needs a token: send the header Authorization: Bearer TOKEN."
        challenge = [("WWW-Authenticate", "Bearer")]
        raise Refused(HTTPStatus.UNAUTHORIZED, "unauthorized", message, challenge)
    answer = authorizer.call(build_authorizer_event(request, route_key), request.request_id)
    if answer.get("isAuthorized") is not True:
        message = "This token is not accepted."
        raise Refused(HTTPStatus.FORBIDDEN, "forbidden", message)
    return dict(answer.get("context") or {})
