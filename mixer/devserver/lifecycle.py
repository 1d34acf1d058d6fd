"""From the first request to a clean end: Ctrl-C, or a polite request to end, and what follows.

The first signal stops accepting and lets requests at work finish, for a while. When that is over,
or at the second signal, what they work with is closed under them, and they end with an error.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue

from mixer.devserver.listener import Application, Listener

SIGNALS = (signal.SIGINT, signal.SIGTERM)

ABANDON_S = 5.0
"""For requests to notice that what they work with is closed; far more than they need."""


@contextmanager
def catch_signals() -> Iterator["SimpleQueue[int]"]:
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
    signals: "SimpleQueue[int]",
    *,
    grace_s: float,
    close_resources: Callable[[], None],
) -> bool:
    """Answer requests until a signal comes, then end.

    Args:
        listener: listens already.
        application: answers.
        signals: the signals.
        grace_s: how long requests at work may go on.
        close_resources: closes what requests work with.

    Returns:
        Whether no request is left at work.
    """
    listener.start(application)
    try:
        signals.get()
    finally:
        has_finished = listener.stop(grace_s, lambda: _has_signal(signals))
        close_resources()
    return has_finished or listener.stop(ABANDON_S)


def _has_signal(signals: "SimpleQueue[int]") -> bool:
    try:
        signals.get_nowait()
    except Empty:
        return False
    return True
