"""Archives of audio, stored uncompressed, since it is compressed already.

Every entry has the earliest date that an archive allows, so equal contents make equal archives.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import SEEK_CUR, SEEK_END, BufferedIOBase
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, cast
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from mixer.files import open_atomic

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

BLOCK_BYTES = 1 << 20
_READABLE_BY_ALL = 0o644 << 16


def build_entry(name: str) -> ZipInfo:
    """Build an entry that everyone may read when it is unpacked."""
    entry = ZipInfo(name)
    entry.external_attr = _READABLE_BY_ALL
    return entry


def add_file(archive: ZipFile, name: str, path: Path) -> None:
    """Add a file to an archive, a block at a time."""
    entry = build_entry(name)
    entry.file_size = path.stat().st_size
    entry.compress_type = ZIP_STORED
    with path.open("rb") as source, archive.open(entry, "w") as target:
        copyfileobj(source, target, BLOCK_BYTES)


@contextmanager
def open_zip(file: IO[bytes]) -> Iterator[ZipFile]:
    """Open an archive to be written into a stream, with the bytes that a file would get.

    ZipFile goes back to complete the header of each entry, so the disk holds one entry at a time.
    """
    stream = _EntryBuffer(file)
    with ZipFile(cast("IO[bytes]", stream), "w") as archive:
        yield archive
    stream.release()


class _EntryBuffer(BufferedIOBase):
    """A file to seek in whose content goes on into a stream once it is final."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target, self._held, self._begin = target, TemporaryFile(), 0  # noqa: SIM115

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == SEEK_CUR:  # how IOBase finds the position; ZipFile counts from the beginning
            return self._begin + self._held.tell()
        if self._begin + self._held.seek(0, SEEK_END) == offset:
            self.release()
        self._held.seek(offset - self._begin)
        return offset

    def write(self, content: "ReadableBuffer") -> int:
        return self._held.write(content)

    def release(self) -> None:
        """Pass everything on."""
        self._begin += self._held.seek(0, SEEK_END)
        self._held.seek(0)
        copyfileobj(self._held, self._target, BLOCK_BYTES)
        self._held.seek(0)
        self._held.truncate()

    def close(self) -> None:
        self._held.close()
        super().close()


def write_zip(file: IO[bytes], entries: Iterable[tuple[str, Path | bytes]]) -> None:
    """Write an archive of names with files or contents.

    A file is no longer needed when the next entry is requested.
    """
    with open_zip(file) as archive:
        for name, content in entries:
            if isinstance(content, bytes):
                archive.writestr(build_entry(name), content)
            else:
                add_file(archive, name, content)


def unpack_zip(archive: Path, folder: Path) -> None:
    """Unpack an archive of `write_zip` into a folder; other files there are left alone.

    Raises:
        StoreFailed: a file cannot be written.
    """
    with ZipFile(archive) as opened:
        for name in opened.namelist():
            with opened.open(name) as source, open_atomic(folder / name) as file:
                copyfileobj(source, file, BLOCK_BYTES)
