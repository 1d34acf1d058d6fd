"""Archives that hold sound: it is stored as it is, since it is compressed already.

Every entry bears the first date that an archive knows, so equal contents make equal archives.
"""

from collections.abc import Iterable
from pathlib import Path
from shutil import copyfileobj
from typing import IO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from mixer.files import open_atomic

BLOCK_BYTES = 1 << 20


_READABLE_BY_ALL = 0o644 << 16


def build_entry(name: str) -> ZipInfo:
    """An entry that everybody may read once it is unpacked."""
    entry = ZipInfo(name)
    entry.external_attr = _READABLE_BY_ALL
    return entry


def add_file(archive: ZipFile, name: str, path: Path) -> None:
    """Put a file into an archive, a block at a time."""
    entry = build_entry(name)
    entry.file_size = path.stat().st_size
    entry.compress_type = ZIP_STORED
    with path.open("rb") as source, archive.open(entry, "w") as into:
        copyfileobj(source, into, BLOCK_BYTES)


def unpack(archive: Path, folder: Path) -> None:
    """Take an archive of `write_zip` apart into a folder; others' files in it are left alone.

    Raises:
        StoreFailed: a file cannot be written.
    """
    with ZipFile(archive) as opened:
        for name in opened.namelist():
            with opened.open(name) as source, open_atomic(folder / name) as file:
                copyfileobj(source, file, BLOCK_BYTES)


def write_zip(file: IO[bytes], entries: Iterable[tuple[str, Path | bytes]]) -> None:
    """Write an archive.

    Args:
        file: to be written.
        entries: names with their files or contents; a file is no longer needed when the next entry
            is asked for.
    """
    with ZipFile(file, "w") as archive:
        for name, content in entries:
            if isinstance(content, bytes):
                archive.writestr(build_entry(name), content)
            else:
                add_file(archive, name, content)
