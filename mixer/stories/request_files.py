"""Files of one request in a temporary folder, fetched in parallel.

A fetch cannot be interrupted while S3 is silent; one that outlives its request removes its file.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from mixer.files import open_scratch_folder
from mixer.parallel import run_in_parallel
from mixer.store import ObjectStore

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
        if not sources:
            return {}
        folder = Path(mkdtemp(dir=self.path))
        files = {name: folder / str(number) for number, name in enumerate(sources)}

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
    """Open a folder that is deleted after the block, or after the last fetch into it."""
    with open_scratch_folder("request") as path:
        folder = RequestFolder(path, threading.Event())
        try:
            yield folder
        finally:
            folder.closed.set()
