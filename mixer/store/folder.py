"""The object store of a laptop: one file per object, metadata in a tree under `.metadata/`."""

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from io import BytesIO
from pathlib import Path
from shutil import copyfileobj, rmtree
from stat import S_ISREG
from typing import IO

from mixer.errors import BadInput, DamagedObject, Misconfigured, NotFound, StoreFailed
from mixer.files import open_atomic, translate_disk_errors, write_once
from mixer.store.links import SignedLinks
from mixer.store.objects import SEAL, StoredObject, UploadForm, validate_key
from mixer.store.seals import compute_seal, report_damage

METADATA_FOLDER = ".metadata"
DAMAGED_FOLDER = ".damaged"

COPY_BYTES = 1 << 20

_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG}
"""Errors for a missing object; a folder is not an object."""

_SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
"""Errors that say nothing about the object."""


class FolderStore:
    """Objects as files under `root`, made on first write. Safe for threads and processes.

    Objects that outlive a power cut are on the disk before they take their names (`is_durable`).
    """

    def __init__(
        self, root: Path, links: SignedLinks | None = None, *, is_durable: bool = True
    ) -> None:
        self._root, self._links, self._is_durable = root, links, is_durable

    def head(self, key: str) -> StoredObject | None:
        """Look up an object's metadata; None if it does not exist."""
        try:
            status = self.path(key).stat()
        except NotFound:
            return None
        except DamagedObject:
            if not self._set_aside_sealed(key):
                raise
            return None
        return StoredObject(
            key, status.st_size, _utc_time(status.st_mtime), self._read_metadata(key)
        )

    def get(self, key: str) -> bytes:
        """Read an object."""
        content = BytesIO()
        self.read_into(key, content)
        return content.getvalue()

    def fetch(self, key: str, path: Path) -> None:
        """Copy an object to a local file."""
        with open_atomic(path, is_durable=False) as file:
            self.read_into(key, file)

    def read_into(self, key: str, file: IO[bytes], begin: int = 0, end: int | None = None) -> None:
        """Append an object, or a range of it, to an open file."""
        try:
            self._copy_range(key, file, begin, end)
        except DamagedObject:
            self._set_aside_sealed(key)
            raise

    def _copy_range(self, key: str, file: IO[bytes], begin: int, end: int | None) -> None:
        with _translate_read_errors(key):
            source = self._path(key).open("rb")
        is_whole = begin == 0 and end is None
        seal = self._read_metadata(key).get(SEAL) if is_whole else None
        content = sha256()
        with source:
            source.seek(begin)
            left = os.fstat(source.fileno()).st_size - begin if end is None else end - begin
            while left > 0 and (block := _read_block(source, min(COPY_BYTES, left), key)):
                file.write(block)
                if seal is not None:
                    content.update(block)
                left -= len(block)
        if seal is not None and seal != compute_seal(key, content.hexdigest()):
            raise report_damage(self, key)

    def path(self, key: str) -> Path:
        """The file of an object, to be read but never written."""
        path = self._path(key)
        with _translate_read_errors(key):
            if not S_ISREG(path.stat().st_mode):
                raise _not_found_error(key)
        return path

    @classmethod
    def open_scratch(cls, root: Path) -> "FolderStore":
        """Open a folder that is deleted after its run, so a power cut does not matter."""
        return cls(root, is_durable=False)

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
        with (
            _open_content(content) as source,
            open_atomic(path, is_durable=self._is_durable) as file,
        ):
            copyfileobj(source, file)
            self._write_metadata(key, about)

    @contextmanager
    def open_writer(
        self,
        key: str,
        max_bytes: int,  # noqa: ARG002 - a disk takes what it can hold
        content_type: str,
    ) -> Iterator[IO[bytes]]:
        """Write an object as a stream; it appears complete if the block succeeds."""
        about = {"content_type": content_type, "metadata": {}}
        with open_atomic(self._path(key), is_durable=self._is_durable) as file:
            yield file
            self._write_metadata(key, about)

    def _write_metadata(self, key: str, about: Mapping[str, object]) -> None:
        with open_atomic(self._metadata_path(key), is_durable=self._is_durable) as file:
            file.write(json.dumps(about).encode())

    def claim(self, key: str, content: bytes) -> bool:
        """Write an object unless it exists."""
        return write_once(self._path(key), content)

    def digest(self, key: str) -> str:
        """Compute the SHA-256 of an object's content."""
        with _translate_read_errors(key), self._path(key).open("rb") as file:
            return file_digest(file, "sha256").hexdigest()

    def set_aside(self, key: str) -> None:
        """Move what is under a key, be it a folder, to `.damaged/`; replaces an earlier one."""
        path, description = self._path(key), self._metadata_path(key)
        if os.path.lexists(path) or description.is_dir():
            self._move_aside(path)
            self._move_aside(description)

    def _move_aside(self, path: Path) -> None:
        kept = self._root / DAMAGED_FOLDER / path.relative_to(self._root)
        with translate_disk_errors(path), suppress(FileNotFoundError, NotADirectoryError):
            path.lstat()
            _remove(kept)
            kept.parent.mkdir(parents=True, exist_ok=True)
            path.replace(kept)

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

    def url(self, key: str, expires_s: int, *, for_head: bool = False) -> str:  # noqa: ARG002
        """Create a link that expires, for both methods.

        Without a server it is the file's address, which never expires.
        """
        path = self._path(key).resolve()
        return self._links.sign_link(key, expires_s) if self._links else path.as_uri()

    def upload_form(
        self, key: str, content_type: str, max_bytes: int, expires_s: int
    ) -> UploadForm:
        """Make a form for one upload that expires; raises Misconfigured without a server."""
        if self._links is None:
            raise Misconfigured("This folder does not accept uploads: it has no server.")
        return self._links.sign_form(validate_key(key), content_type, max_bytes, expires_s)

    def _set_aside_sealed(self, key: str) -> bool:
        """Set aside what cannot be read if it can be made again: then it has a seal."""
        is_sealed = SEAL in self._read_metadata(key)
        if is_sealed:
            report_damage(self, key)
        return is_sealed

    def _path(self, key: str) -> Path:
        """Find the file of a key; raises BadInput if it leads out of the folder or is hidden."""
        return self._root.joinpath(*validate_key(key).split("/"))

    def _metadata_path(self, key: str) -> Path:
        return self._root / METADATA_FOLDER / f"{key}.json"

    def _read_metadata(self, key: str) -> Mapping[str, str]:
        with suppress(NotFound, DamagedObject, ValueError, KeyError, TypeError, AttributeError):
            with _translate_read_errors(key):
                content = self._metadata_path(key).read_bytes()
            record = json.loads(content)
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
        kind = StoreFailed if error.errno in _SHORTAGES else DamagedObject
        raise kind(f"The object {key} cannot be read: {error.strerror}.", key=key) from error


def _read_block(source: IO[bytes], size_bytes: int, key: str) -> bytes:
    with _translate_read_errors(key):
        return source.read(size_bytes)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        rmtree(path)
    else:
        path.unlink(missing_ok=True)


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
