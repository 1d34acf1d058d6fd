"""Temporary folders, which also vanish after their process was killed.

A process holds a lock on each of its folders, which ends with the process, however it ends. The
first folder that another process opens removes those without a lock.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir, mkdtemp

PREFIX = "mixer-"


@contextmanager
def open_scratch_folder(purpose: str) -> Iterator[Path]:
    """Open a folder that is deleted after the block, whatever is still in it; never raises then."""
    _remove_leftovers_once()
    folder, lock = _make_locked_folder(purpose)
    try:
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_leftovers() -> None:
    """Remove the folders of processes that were killed."""
    for folder in Path(gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # of another user, removed meanwhile, or in use
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


@cache
def _remove_leftovers_once() -> None:
    remove_leftovers()


def _make_locked_folder(purpose: str) -> tuple[Path, int]:
    """Make a folder, again if another process took it for a leftover before it was locked."""
    while True:
        folder = Path(mkdtemp(prefix=f"{PREFIX}{purpose}-"))
        with suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_SH)
            if folder.is_dir():
                return folder, lock
            os.close(lock)
