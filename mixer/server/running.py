"""From the first request to a clean end: Ctrl-C, or a polite request to end, and what follows.

The first signal stops accepting and lets requests at work finish, for a while. When that is over,
or at the second signal, what they work with is closed under them, and they end with an error.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue

from mixer.server.listener import Application, Listener

SIGNALS = (signal.SIGINT, signal.SIGTERM)

ABANDON_S = 5.0
"""For requests to notice that what they work with is closed; far more than they need."""


@contextmanager
def requests_to_end() -> Iterator["SimpleQueue[int]"]:
    """A queue that holds the signals that have come; inside, they do nothing else.

    A SimpleQueue, because its `put` may be called from a signal handler at any moment.
    """
    came: SimpleQueue[int] = SimpleQueue()
    before = {each: signal.signal(each, lambda number, _: came.put(number)) for each in SIGNALS}
    try:
        yield came
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def serve(
    listener: Listener,
    application: Application,
    came: "SimpleQueue[int]",
    *,
    grace_s: float,
    abandon: Callable[[], None],
) -> bool:
    """Answer requests until a signal comes, then end.

    Args:
        listener: listens already.
        application: answers.
        came: the signals.
        grace_s: how long requests at work may go on.
        abandon: closes what requests work with.

    Returns:
        Whether no request is left at work.
    """
    listener.start(application)
    try:
        came.get()
    finally:
        has_finished = listener.stop(grace_s, lambda: _has_come(came))
        abandon()
    return has_finished or listener.stop(ABANDON_S)


def _has_come(came: "SimpleQueue[int]") -> bool:
    try:
        came.get_nowait()
    except Empty:
        return False
    return True
