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

from mixer.parallel import in_parallel, interrupted_after
from mixer.sound.ffmpeg import Children
from mixer.store.objects import ObjectStore

LEFTOVERS = ("mixstory-", "mixdown-", "check-", "tags-", "chunk-")
"""How the folders are called that a killed process leaves in the temporary folder."""

Name = tuple[str, str]
"""What an object is for, and its key: the same key may lie in two stores."""

AT_ONCE = 16
"""Objects looked up or fetched at a time."""


@dataclass(frozen=True, slots=True)
class RequestFolder:
    """Where one request's sounds lie while it is worked on.

    Attributes:
        path: of the folder.
        left: set when the request is over.
    """

    path: Path
    left: threading.Event

    def fetched(
        self, sources: Mapping[Name, ObjectStore], until_s: float | None
    ) -> dict[Name, Path]:
        """Fetch objects in parallel, each into a file of its own.

        Args:
            sources: what to fetch from where.
            until_s: when to stop waiting, on the monotonic clock.

        Raises:
            NotFound: an object is not there any more.
            StoreFailed: the store does not answer, or the disk is full.
            OutOfTime: that moment came.
        """
        files = {name: self.path / str(number) for number, name in enumerate(sources)}

        def fetch(name: Name) -> None:
            if self.left.is_set():
                return
            try:
                sources[name].fetch(name[1], files[name])
            finally:
                if self.left.is_set():
                    rmtree(self.path, ignore_errors=True)

        for _, outcome in in_parallel(files, fetch, AT_ONCE, until_s=until_s):
            outcome.result()
        return files


@contextmanager
def request_folder() -> Iterator[RequestFolder]:
    """A folder that is gone after the block, however it ends."""
    folder = RequestFolder(Path(mkdtemp(prefix="mixstory-")), threading.Event())
    try:
        yield folder
    finally:
        folder.left.set()
        rmtree(folder.path, ignore_errors=True)


@contextmanager
def stopping(children: Children, until_s: float | None) -> Iterator[None]:
    """A block whose FFmpegs are stopped at a moment on the monotonic clock.

    Args:
        children: the job that they belong to.
        until_s: that moment; None for never.
    """
    if until_s is None:
        yield
        return
    with interrupted_after(until_s - time.monotonic(), children.stop):
        yield


def remove_leftovers() -> None:
    """Remove what a process that was killed has left in the temporary folder.

    Only for a process that has the folder to itself, as in Lambda, before its first work.
    """
    for path in Path(gettempdir()).iterdir():
        if path.name.startswith(LEFTOVERS):
            rmtree(path, ignore_errors=True)
