"""A request's own folder: objects fetched into it in parallel, gone with the request.

A fetch cannot be interrupted while S3 is silent. One that is still under way when its request is
over, because the time ran out, cleans up behind itself when it ends.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir, mkdtemp

from mixer.parallel import interrupt_after, run_in_parallel
from mixer.sound import ProcessGroup
from mixer.store import ObjectStore

LEFTOVER_PREFIXES = ("mixstory-", "mixdown-", "check-", "tags-", "chunk-")
"""How the folders are called that a killed process leaves in the temporary folder."""

InputName = tuple[str, str]
"""What an object is for, and its key: the same key may lie in two stores."""

PARALLEL_REQUESTS = 16
"""Objects looked up or fetched at a time."""


@dataclass(frozen=True, slots=True)
class RequestFolder:
    """Where one request's sounds lie while it is worked on.

    Attributes:
        path: of the folder.
        closed: set when the request is over.
    """

    path: Path
    closed: threading.Event

    def fetch_all(
        self, sources: Mapping[InputName, ObjectStore], deadline_s: float | None
    ) -> dict[InputName, Path]:
        """Fetch objects in parallel, each into a file of its own.

        Args:
            sources: what to fetch from where.
            deadline_s: when to stop waiting, on the monotonic clock.

        Raises:
            NotFound: an object is not there any more.
            StoreFailed: the store does not answer, or the disk is full.
            OutOfTime: that moment came.
        """
        files = {name: self.path / str(number) for number, name in enumerate(sources)}

        def fetch(name: InputName) -> None:
            if self.closed.is_set():
                return
            try:
                sources[name].fetch(name[1], files[name])
            finally:
                if self.closed.is_set():
                    rmtree(self.path, ignore_errors=True)

        for _, outcome in run_in_parallel(files, fetch, PARALLEL_REQUESTS, deadline_s=deadline_s):
            outcome.result()
        return files


@contextmanager
def open_request_folder() -> Iterator[RequestFolder]:
    """A folder that is gone after the block, however it ends."""
    folder = RequestFolder(Path(mkdtemp(prefix="mixstory-")), threading.Event())
    try:
        yield folder
    finally:
        folder.closed.set()
        rmtree(folder.path, ignore_errors=True)


@contextmanager
def stop_at_deadline(processes: ProcessGroup, deadline_s: float | None) -> Iterator[None]:
    """A block whose FFmpegs are stopped at a moment on the monotonic clock.

    Args:
        processes: the job that they belong to.
        deadline_s: that moment; None for never.
    """
    if deadline_s is None:
        yield
        return
    with interrupt_after(deadline_s - time.monotonic(), processes.stop):
        yield


def remove_leftovers() -> None:
    """Remove what a process that was killed has left in the temporary folder.

    Only for a process that has the folder to itself, as in Lambda, before its first work.
    """
    for path in Path(gettempdir()).iterdir():
        if path.name.startswith(LEFTOVER_PREFIXES):
            rmtree(path, ignore_errors=True)
