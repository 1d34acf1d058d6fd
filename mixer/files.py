"""Local files that appear whole or not at all, and errors of the disk in plain words."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from mixer.errors import StoreFailed

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "this user may not write there",
    errno.EPERM: "this user may not write there",
    errno.EROFS: "the disk is read-only",
    errno.EISDIR: "a folder has that name",
    errno.ENOTDIR: "part of its path is a file",
    errno.ENOENT: "its folder is not there",
    errno.ENAMETOOLONG: "its name is too long",
}


@contextmanager
def published(path: Path) -> Iterator[IO[bytes]]:
    """A file to write under a temporary name; it takes its own name when the block ends well.

    The folder is made where it is missing. When the block fails, nothing is left behind.

    Raises:
        StoreFailed: it cannot be written.
    """
    with disk_errors_named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name[:32]}.", delete=False
        ) as file:
            partial = Path(file.name)
            try:
                yield file
                file.flush()
                partial.chmod(0o666 & ~_umask())
                partial.replace(path)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise


def publish(path: Path, content: bytes) -> None:
    """Write a whole file at once, or leave what was there.

    Raises:
        StoreFailed: it cannot be written.
    """
    with published(path) as file:
        file.write(content)


@contextmanager
def disk_errors_named(path: Path) -> Iterator[None]:
    """Turn errors of the disk into a sentence that names the file in question.

    Raises:
        StoreFailed: an OSError came up in the block.
    """
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        raise StoreFailed(f"{path} cannot be written: {reason}.", path=str(path)) from error


def _umask() -> int:
    """The process's mask for new files, which temporary files do not heed."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
