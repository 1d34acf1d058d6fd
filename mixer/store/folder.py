"""The object store of a laptop: one file per object, metadata in a tree under `.metadata/`."""

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from shutil import copyfileobj
from stat import S_ISREG
from tempfile import NamedTemporaryFile
from typing import IO

from mixer.errors import BadInput, Misconfigured, NotFound, StoreFailed
from mixer.files import open_atomic, translate_disk_errors, write_atomic
from mixer.store.links import SignedLinks
from mixer.store.objects import StoredObject, UploadForm, validate_key

METADATA_FOLDER = ".metadata"

COPY_BYTES = 1 << 20

_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG}
"""Errors for a missing object; a folder is not an object."""


class FolderStore:
    """Objects as files under `root`, made on first write. Safe for threads and processes."""

    def __init__(self, root: Path, links: SignedLinks | None = None) -> None:
        self._root, self._links = root, links

    def head(self, key: str) -> StoredObject | None:
        """Look up an object's metadata; None if it does not exist."""
        try:
            status = self.path(key).stat()
        except NotFound:
            return None
        return StoredObject(
            key, status.st_size, _utc_time(status.st_mtime), self._read_metadata(key)
        )

    def get(self, key: str) -> bytes:
        """Read an object."""
        with _translate_read_errors(key):
            return self._path(key).read_bytes()

    def fetch(self, key: str, path: Path) -> None:
        """Copy an object to a local file."""
        with (
            _translate_read_errors(key),
            self._path(key).open("rb") as source,
            open_atomic(path) as file,
        ):
            copyfileobj(source, file)

    def read_into(self, key: str, file: IO[bytes], begin: int = 0, end: int | None = None) -> None:
        """Append an object, or a range of it, to an open file."""
        with _translate_read_errors(key):
            source = self._path(key).open("rb")
        with source:
            source.seek(begin)
            left = os.fstat(source.fileno()).st_size - begin if end is None else end - begin
            while left > 0 and (block := source.read(min(COPY_BYTES, left))):
                file.write(block)
                left -= len(block)

    def path(self, key: str) -> Path:
        """The file of an object, to be read but never written."""
        path = self._path(key)
        with _translate_read_errors(key):
            if not S_ISREG(path.stat().st_mode):
                raise _not_found_error(key)
        return path

    def put(
        self,
        key: str,
        content: bytes | Path,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Write an object, replacing an existing one."""
        path = self._path(key)
        about = {"content_type": content_type, "metadata": dict(metadata or {})}
        with _open_content(content) as source, open_atomic(path) as file:
            copyfileobj(source, file)
            write_atomic(self._metadata_path(key), json.dumps(about).encode())

    @contextmanager
    def open_writer(
        self,
        key: str,
        *,
        max_bytes: int,  # noqa: ARG002 - a disk takes what it can hold
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> Iterator[IO[bytes]]:
        """Write an object as a stream; it appears complete if the block succeeds."""
        about = {"content_type": content_type, "metadata": dict(metadata or {})}
        with open_atomic(self._path(key)) as file:
            yield file
            write_atomic(self._metadata_path(key), json.dumps(about).encode())

    def claim(self, key: str, content: bytes) -> bool:
        """Write an object unless it exists."""
        path = self._path(key)
        with translate_disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=path.parent, prefix=".claim.") as file:
                file.write(content)
                file.flush()
                with suppress(FileExistsError):
                    os.link(file.name, path)
                    return True
        return False

    def touch(self, key: str) -> None:
        """Set an object's time of modification to now."""
        path = self.path(key)
        with _translate_read_errors(key):
            os.utime(path)

    def list(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """List objects by prefix in key order, after the key `after`, without metadata."""
        folder = prefix.rpartition("/")[0]
        try:
            inside = self._path(folder) if folder else self._root
        except BadInput:  # not a valid beginning of a key
            return
        keys = sorted(path.relative_to(self._root).as_posix() for path in _iterate_files(inside))
        for key in keys:
            with suppress(FileNotFoundError):
                if key.startswith(prefix) and key > after:
                    status = (self._root / key).stat()
                    yield StoredObject(key, status.st_size, _utc_time(status.st_mtime))

    def delete(self, key: str) -> None:
        """Delete an object and its metadata."""
        with suppress(NotFound):
            path = self.path(key)
            with translate_disk_errors(path):
                path.unlink(missing_ok=True)
                self._metadata_path(key).unlink(missing_ok=True)

    def url(self, key: str, expires_s: int) -> str:
        """Make a link that expires; without a server, the file's address, which never expires."""
        path = self._path(key).resolve()
        return self._links.sign_link(key, expires_s) if self._links else path.as_uri()

    def upload_form(
        self, key: str, content_type: str, max_bytes: int, expires_s: int
    ) -> UploadForm:
        """Make a form for one upload that expires; raises Misconfigured without a server."""
        if self._links is None:
            raise Misconfigured("This folder does not accept uploads: it has no server.")
        return self._links.sign_form(validate_key(key), content_type, max_bytes, expires_s)

    def _path(self, key: str) -> Path:
        """Find the file of a key; raises BadInput if it leads out of the folder or is hidden."""
        return self._root.joinpath(*validate_key(key).split("/"))

    def _metadata_path(self, key: str) -> Path:
        return self._root / METADATA_FOLDER / f"{key}.json"

    def _read_metadata(self, key: str) -> Mapping[str, str]:
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            record = json.loads(self._metadata_path(key).read_bytes())
            return {str(name): str(value) for name, value in record["metadata"].items()}
        return {}


def _iterate_files(inside: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(inside):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(folder, name) for name in names if not name.startswith("."))


@contextmanager
def _translate_read_errors(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _ABSENT:
            raise _not_found_error(key) from error
        raise StoreFailed(f"The object {key} cannot be read: {error.strerror}.", key=key) from error


def _open_content(content: bytes | Path) -> IO[bytes]:
    if isinstance(content, bytes):
        return BytesIO(content)
    try:
        return content.open("rb")
    except FileNotFoundError as error:
        raise NotFound(f"The file {content} does not exist.", key=str(content)) from error


def _not_found_error(key: str) -> NotFound:
    return NotFound(f"The object {key} does not exist.", key=key)


def _utc_time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
