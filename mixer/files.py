"""Writes local files atomically, explains disk errors, opens temporary folders.

The folders vanish even if their process was killed: it holds a lock on each, which ends with it.
The first folder that another process opens removes those without a lock.
"""

import errno
import fcntl
import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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
Remove = Callable[[Path], object]

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""How file systems without hard links refuse one (link(2))."""


SCRATCH_PREFIX = "mixer-"
PARTIAL_PREFIX = ".partial-"
MAX_REMOVALS = 5


@contextmanager
def open_atomic(path: Path, *, is_durable: bool = True) -> Iterator[IO[bytes]]:
    """Open a temporary file that takes its own name if the block succeeds, or vanishes.

    Missing folders are created. A durable file is on the disk before it takes its name, so that a
    power cut leaves no empty one. Raises StoreFailed if it cannot be written.
    """
    with translate_disk_errors(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "", str(path))
        with _open_partial(path.parent, 0o666) as (file, partial):
            yield file
            file.flush()
            if is_durable:
                os.fsync(file.fileno())
            partial.replace(path)


@contextmanager
def _open_partial(folder: Path, mode: int) -> Iterator[tuple[IO[bytes], Path]]:
    """Open a temporary file in a folder, which is made if missing; deleted unless it is renamed.

    It is locked while it is open: what has no lock is a leftover of a process that was killed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _remove_partials_once(folder)
    while True:
        partial = folder / f"{PARTIAL_PREFIX}{token_hex(8)}"
        opener = functools.partial(os.open, mode=mode)
        with open(partial, "xb", opener=opener) as file:
            try:
                if _lock_partial(file) and partial.exists():
                    yield file, partial
                    return
            finally:
                partial.unlink(missing_ok=True)


def _lock_partial(file: IO[bytes]) -> bool:
    """Lock a new file; False if it is about to be deleted as a leftover."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


@functools.lru_cache(1024)
def _remove_partials_once(folder: Path) -> None:
    for partial in folder.glob(f"{PARTIAL_PREFIX}*"):
        _delete_unlocked(partial, Path.unlink)


def _delete_unlocked(path: Path, delete: Callable[[Path], object]) -> None:
    with suppress(OSError):  # of another user, removed meanwhile, or in use
        lock = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            delete(path)
        finally:
            os.close(lock)


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
    with translate_disk_errors(path), _open_partial(path.parent, 0o600) as (file, partial):
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        return _publish_once(partial, path, link)


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
        fcntl.flock(lock, fcntl.LOCK_EX)  # released with the file, also by a killed process
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
        if path.exists() and not path.is_file():  # to open a pipe could take for ever
            raise OSError(errno.EINVAL, "it is not a file", str(path))
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


def resolve_path(path: Path) -> Path:
    """Follow links, except in a circle; raises StoreFailed where the current folder is gone."""
    with translate_disk_errors(path):
        return Path(os.path.realpath(path))


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


def _remove_tree(folder: Path) -> None:
    rmtree(folder, ignore_errors=True)


@contextmanager
def open_scratch_folder(purpose: str) -> Iterator[Path]:
    """Open a folder that is deleted after the block, whatever is still in it; never raises then."""
    _remove_leftovers_once()
    folder, lock = _make_locked_folder(purpose)
    try:
        yield folder
    finally:
        _remove_folder(_remove_tree, folder)
        os.close(lock)


def remove_leftovers(remove: Remove = _remove_tree) -> None:
    """Remove the folders of processes that were killed.

    Args:
        remove: a folder, as far as it can, as `rmtree` does.
    """
    for folder in Path(gettempdir()).glob(f"{SCRATCH_PREFIX}*"):
        _delete_unlocked(folder, functools.partial(_remove_folder, remove))


def _remove_folder(remove: Remove, folder: Path) -> None:
    """Remove it again if a child that outlives its killed process has just written into it."""
    for _ in range(MAX_REMOVALS):
        remove(folder)
        if not folder.exists():
            return


@functools.cache
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
