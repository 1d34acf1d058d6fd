"""The object store of a laptop: a folder in which every object is a file of its own.

Metadata is kept in a tree of its own under `.metadata/`.
"""

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from shutil import copyfileobj, rmtree
from stat import S_ISREG
from tempfile import NamedTemporaryFile
from typing import IO

from mixer.errors import BadInput, Misconfigured, NotFound, StoreFailed
from mixer.files import open_atomic, translate_disk_errors, write_atomic
from mixer.store.links import SignedLinks
from mixer.store.objects import StoredObject, UploadForm, validate_key

METADATA_FOLDER = ".metadata"

COPY_BYTES = 1 << 20
"""Read at a time: few system calls, little memory."""

_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG}
"""How a disk says that an object does not exist; a folder is not an object."""


class FolderStore:
    """Objects as files under one folder. Safe for many threads and processes.

    Args:
        root: the folder; made when the first object is written.
        links: makes links for `url`, where a server honours them.
    """

    def __init__(self, root: Path, links: SignedLinks | None = None) -> None:
        self._root, self._links = root, links

    def head(self, key: str) -> StoredObject | None:
        """What is known of an object, or None where there is none."""
        try:
            status = self.path(key).stat()
        except NotFound:
            return None
        return StoredObject(
            key, status.st_size, _utc_time(status.st_mtime), self._read_metadata(key)
        )

    def get(self, key: str) -> bytes:
        """An object's content."""
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
        """Append an object's content, or a stretch of it, to an open file."""
        with _translate_read_errors(key):
            source = self._path(key).open("rb")
        with source:
            source.seek(begin)
            left = os.fstat(source.fileno()).st_size - begin if end is None else end - begin
            while left > 0 and (block := source.read(min(COPY_BYTES, left))):
                file.write(block)
                left -= len(block)

    def path(self, key: str) -> Path:
        """The file that holds an object: to read it in place, never to write it."""
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
        """Write an object, replacing what was there."""
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
        """Write an object as a stream; it appears whole when the block ends well."""
        about = {"content_type": content_type, "metadata": dict(metadata or {})}
        with open_atomic(self._path(key)) as file:
            yield file
            write_atomic(self._metadata_path(key), json.dumps(about).encode())

    def claim(self, key: str, content: bytes) -> bool:
        """Write an object only where there is none."""
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
        """Make an object as young as a new one."""
        path = self.path(key)
        with _translate_read_errors(key):
            os.utime(path)

    def list(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """Every object whose key starts with the prefix, in key order, without metadata.

        Args:
            prefix: that the keys start with; only the folder that it names is walked through.
            after: only keys behind this one.
        """
        folder = prefix.rpartition("/")[0]
        try:
            inside = self._path(folder) if folder else self._root
        except BadInput:  # no key can begin like that
            return
        keys = sorted(path.relative_to(self._root).as_posix() for path in _iterate_files(inside))
        for key in keys:
            with suppress(FileNotFoundError):
                if key.startswith(prefix) and key > after:
                    status = (self._root / key).stat()
                    yield StoredObject(key, status.st_size, _utc_time(status.st_mtime))

    def delete(self, key: str) -> None:
        """Remove an object and what is known of it."""
        with suppress(NotFound):
            path = self.path(key)
            with translate_disk_errors(path):
                path.unlink(missing_ok=True)
                self._metadata_path(key).unlink(missing_ok=True)

    def delete_folder(self, folder: str) -> None:
        """Remove all objects under `{folder}/`, and the folders that held them.

        Args:
            folder: not in use.
        """
        for path in (self._path(folder), self._root / METADATA_FOLDER / folder):
            rmtree(path, ignore_errors=True)

    def url(self, key: str, expires_s: int) -> str:
        """A link that lets anybody on this machine fetch an object for a while.

        Without a server that would honour links it is the file's own address, which never ends.

        Args:
            key: of the object; whether it is there is not checked.
            expires_s: seconds from now.
        """
        path = self._path(key).resolve()
        return self._links.sign_link(key, expires_s) if self._links else path.as_uri()

    def upload_form(
        self, key: str, content_type: str, max_bytes: int, expires_s: int
    ) -> UploadForm:
        """A form that lets anybody on this machine send one file for a while.

        Args:
            key: where it will be.
            expires_s: seconds from now.

        Raises:
            Misconfigured: no server would honour it.
        """
        if self._links is None:
            raise Misconfigured("This folder does not accept uploads: it has no server.")
        return self._links.sign_form(validate_key(key), content_type, max_bytes, expires_s)

    def _path(self, key: str) -> Path:
        """The file of a key.

        Raises:
            BadInput: the key would lead out of the folder, or hide in it.
        """
        return self._root.joinpath(*validate_key(key).split("/"))

    def _metadata_path(self, key: str) -> Path:
        return self._root / METADATA_FOLDER / f"{key}.json"

    def _read_metadata(self, key: str) -> Mapping[str, str]:
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            about = json.loads(self._metadata_path(key).read_bytes())
            return {str(name): str(value) for name, value in about["metadata"].items()}
        return {}


def _iterate_files(inside: Path) -> Iterator[Path]:
    """Every file in a folder and below that may be an object."""
    for folder, folders, names in os.walk(inside):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(folder, name) for name in names if not name.startswith("."))


@contextmanager
def _translate_read_errors(key: str) -> Iterator[None]:
    """Name the object in what the disk says while it is read."""
    try:
        yield
    except OSError as error:
        if error.errno in _ABSENT:
            raise _not_found_error(key) from error
        raise StoreFailed(f"The object {key} cannot be read: {error.strerror}.", key=key) from error


def _open_content(content: bytes | Path) -> IO[bytes]:
    """Content to read from."""
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
