"""Whether a story was cancelled, looked up before a step and now and then while it works."""

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
    """Begin no step of an attempt that was cancelled.

    Raises:
        StoryCancelled: it was.
    """
    if folder.has(cancelled_name(attempt)):
        raise StoryCancelled("The story was cancelled.")


@contextmanager
def stop_when_cancelled(
    folder: StoryFolder, attempt: int, processes: ProcessGroup
) -> Iterator[threading.Event]:
    """A block whose job is stopped when the story is cancelled; what it yields is set then."""
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
