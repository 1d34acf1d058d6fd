"""Archives of audio, stored uncompressed, since it is compressed already.

Every entry has the earliest date that an archive allows, so equal contents make equal archives.
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


def write_zip(file: IO[bytes], entries: Iterable[tuple[str, Path | bytes]]) -> None:
    """Write an archive of names with files or contents.

    A file is no longer needed when the next entry is requested.
    """
    with ZipFile(file, "w") as archive:
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
