"""A temporary folder per request, with objects fetched in parallel.

A fetch cannot be interrupted while S3 is silent; one that outlives its request removes its file.
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
"""Names of folders that a killed process leaves in the temporary folder."""

InputName = tuple[str, str]
"""Purpose and key of an object, as two stores may hold the same key."""

PARALLEL_REQUESTS = 16
"""Objects looked up or fetched at a time."""


@dataclass(frozen=True, slots=True)
class RequestFolder:
    """The temporary folder of a request; `closed` is set at its end."""

    path: Path
    closed: threading.Event

    def fetch_all(
        self, sources: Mapping[InputName, ObjectStore], deadline_s: float | None
    ) -> dict[InputName, Path]:
        """Fetch objects in parallel, each into its own file, until a monotonic deadline.

        Raises:
            NotFound: an object was deleted meanwhile.
            StoreFailed: the store does not answer, or the disk is full.
            OutOfTime: the deadline has passed.
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
    """Open a folder that is deleted after the block."""
    folder = RequestFolder(Path(mkdtemp(prefix="mixstory-")), threading.Event())
    try:
        yield folder
    finally:
        folder.closed.set()
        rmtree(folder.path, ignore_errors=True)


@contextmanager
def stop_at_deadline(processes: ProcessGroup, deadline_s: float | None) -> Iterator[None]:
    """Stop the processes of a block at a time on the monotonic clock; None for never."""
    if deadline_s is None:
        yield
        return
    with interrupt_after(deadline_s - time.monotonic(), processes.stop):
        yield


def remove_leftovers() -> None:
    """Remove temporary files of a killed process.

    Only for a process that owns the temporary folder, as in Lambda, before its first work.
    """
    for path in Path(gettempdir()).iterdir():
        if path.name.startswith(LEFTOVER_PREFIXES):
            rmtree(path, ignore_errors=True)
