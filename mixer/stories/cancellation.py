"""Checks whether a story was cancelled, before a step and while it runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mixer.errors import MixerError, StoryCancelled
from mixer.sound import ProcessGroup
from mixer.stories.folder import StoryFolder
from mixer.stories.keys import cancelled_name

CHECK_INTERVAL_S = 3.0
"""A request to the store costs half a millionth of a dollar; a call of the engine far more."""


def raise_if_cancelled(folder: StoryFolder, attempt: int) -> None:
    """Raise StoryCancelled if an attempt was cancelled."""
    if folder.has(cancelled_name(attempt)):
        raise StoryCancelled("The story was cancelled.")


@contextmanager
def stop_when_cancelled(
    folder: StoryFolder, attempt: int, processes: ProcessGroup
) -> Iterator[threading.Event]:
    """Stop the processes of a block when the story is cancelled; sets the yielded event."""
    cancelled, ended = threading.Event(), threading.Event()

    def look() -> None:
        while not ended.wait(CHECK_INTERVAL_S):
            with suppress(MixerError):
                if folder.has(cancelled_name(attempt)):
                    cancelled.set()
                    processes.stop()
                    return

    watcher = threading.Thread(target=look, name="cancel-watch", daemon=True)
    watcher.start()
    try:
        yield cancelled
    finally:
        ended.set()
