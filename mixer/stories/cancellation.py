"""Ends a step early: when its story is cancelled, and at its deadline."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mixer.errors import MixerError, OutOfTime, StoryCancelled
from mixer.parallel import interrupt_after
from mixer.sound import ProcessGroup
from mixer.stories.folder import StoryFolder
from mixer.stories.keys import cancellation_name

CHECK_INTERVAL_S = 1.0
"""A request to the store costs half a millionth of a dollar; a call of the engine far more."""


def raise_if_cancelled(folder: StoryFolder, attempt: int) -> None:
    """Raise StoryCancelled if an attempt was cancelled."""
    if folder.has(cancellation_name(attempt)):
        raise StoryCancelled("The story was cancelled.")


@contextmanager
def stop_when_cancelled(
    folder: StoryFolder, attempt: int, processes: ProcessGroup
) -> Iterator[None]:
    """Stop the processes of a block when the story is cancelled, and raise StoryCancelled."""
    cancelled, ended = threading.Event(), threading.Event()

    def look() -> None:
        while not ended.wait(CHECK_INTERVAL_S):
            with suppress(MixerError):
                if folder.has(cancellation_name(attempt)):
                    cancelled.set()
                    processes.stop()
                    return

    watcher = threading.Thread(target=look, name="cancel-watch", daemon=True)
    watcher.start()
    try:
        yield
    except OutOfTime as error:
        if cancelled.is_set():
            raise StoryCancelled("The story was cancelled.") from error
        raise
    finally:
        ended.set()


@contextmanager
def stop_at_deadline(processes: ProcessGroup, deadline_s: float | None) -> Iterator[None]:
    """Stop the processes of a block at a time on the monotonic clock; None for never."""
    if deadline_s is None:
        yield
        return
    with interrupt_after(deadline_s - time.monotonic(), processes.stop):
        yield
