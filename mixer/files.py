"""Writes local files atomically, explains disk errors, opens temporary folders.

The folders vanish even if their process was killed: it holds a lock on each, which ends with it.
The first folder that another process opens removes those without a lock.
"""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from functools import cache
from hashlib import file_digest
from pathlib import Path
from secrets import token_hex
from shutil import rmtree
from tempfile import gettempdir, mkdtemp
from typing import IO

from mixer.errors import StoreFailed

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would exceed this user's size limit",
    errno.EACCES: "this user has no permission to write there",
    errno.EPERM: "this user has no permission to write there",
    errno.EROFS: "the disk is read-only",
    errno.EISDIR: "a folder with that name exists",
    errno.ENOTDIR: "part of its path is a file",
    errno.EEXIST: "part of its path is a file",
    errno.ENOENT: "its folder does not exist",
    errno.ENAMETOOLONG: "its name is too long",
}

Link = Callable[[Path, Path], object]

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""How file systems without hard links refuse one (link(2))."""


SCRATCH_PREFIX = "mixer-"


@contextmanager
def open_atomic(path: Path, *, is_durable: bool = True) -> Iterator[IO[bytes]]:
    """Open a temporary file that takes its own name if the block succeeds, or vanishes.

    Missing folders are created. A durable file is on the disk before it takes its name, so that a
    power cut leaves no empty one. Raises StoreFailed if it cannot be written.
    """
    with translate_disk_errors(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "", str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name[:32]}.{token_hex(8)}")
        with partial.open("xb") as file:
            try:
                yield file
                file.flush()
                if is_durable:
                    os.fsync(file.fileno())
                partial.replace(path)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise


def write_atomic(path: Path, content: bytes) -> None:
    """Write a complete file or leave the old one; raises StoreFailed if it cannot be written."""
    with open_atomic(path) as file:
        file.write(content)


def write_once(path: Path, content: bytes, link: Link = os.link) -> bool:
    """Write a complete file, for its owner only, unless it exists; False if another was first.

    Safe for threads and processes. Missing folders are created. Raises StoreFailed if it cannot be
    written.

    Args:
        link: gives a file a second name, as `os.link` does, or fails with an OSError.
    """
    with translate_disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".once.{token_hex(8)}")
        try:
            _write_private(partial, content)
            return _publish_once(partial, path, link)
        finally:
            partial.unlink(missing_ok=True)


def _write_private(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _publish_once(partial: Path, path: Path, link: Link) -> bool:
    try:
        link(partial, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _rename_once(partial, path)
    return True


def _rename_once(partial: Path, path: Path) -> bool:
    """Rename under a lock: for file systems without hard links (FAT, some network shares)."""
    with path.with_name(".once.lock").open("wb") as lock:
        flock(lock, LOCK_EX)  # released with the file, also by a killed process
        if path.exists():
            return False
        partial.replace(path)
        return True


def require_writable(path: Path) -> None:
    """Check that a file can be written, before anything is paid for it; it stays unchanged.

    Missing folders are created. Raises StoreFailed if it cannot be written.
    """
    with translate_disk_errors(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "", str(path))
        _probe_folder(path.parent)


def require_writable_folder(folder: Path) -> None:
    """Check that a folder is writable, creating it if missing; raises StoreFailed if it is not."""
    with translate_disk_errors(folder):
        _probe_folder(folder)


def _probe_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f".writable.{token_hex(8)}"
    try:
        probe.write_bytes(b"?")
    finally:
        probe.unlink(missing_ok=True)


@contextmanager
def translate_disk_errors(path: Path) -> Iterator[None]:
    """Translate an OSError in the block into a StoreFailed that names the file."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        raise StoreFailed(f"{path} cannot be written: {reason}.", path=str(path)) from error


def hash_file(path: Path) -> str:
    """Hash a file, to distinguish it from others of the same name."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


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
    for folder in Path(gettempdir()).glob(f"{SCRATCH_PREFIX}*"):
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
        folder = Path(mkdtemp(prefix=f"{SCRATCH_PREFIX}{purpose}-"))
        with suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_SH)
            if folder.is_dir():
                return folder, lock
            os.close(lock)
