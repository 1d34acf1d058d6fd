"""The ObjectStore protocol: what S3 and a folder on a laptop have in common."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Protocol

from mixer.errors import BadInput


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a store says of an object without handing it out.

    Attributes:
        key: its address, `/`-separated, relative.
        modified: when it was last written or refreshed, in UTC.
        metadata: short texts kept with it; ASCII, at most 2 kB in all (S3's limit).
    """

    key: str
    size_bytes: int
    modified: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UploadForm:
    """A form of type multipart/form-data, good for one key, one content type, and not for long.

    Attributes:
        url: where it is sent.
        fields: come before the field `file`, which is the last.
        expires_s: how long the form is good.
    """

    url: str
    fields: Mapping[str, str]
    max_bytes: int
    expires_s: int


class ObjectStore(Protocol):
    """Keeps whole objects under keys. Safe to call from many threads at once.

    Writing publishes an object whole or not at all. Every method may raise StoreFailed; reading
    a key that is not there raises NotFound that names it.
    """

    def head(self, key: str) -> StoredObject | None:
        """What is known of an object, or None where there is none."""
        ...

    def get(self, key: str) -> bytes:
        """A small object's content."""
        ...

    def fetch(self, key: str, path: Path) -> None:
        """Copy an object to a local file, which appears whole or not at all."""
        ...

    def read_into(self, key: str, file: IO[bytes], begin: int = 0, end: int | None = None) -> None:
        """Append an object's content, or its bytes from `begin` up to `end`, to an open file."""
        ...

    def put(
        self,
        key: str,
        content: bytes | Path,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Write an object, from memory or from a local file, replacing what was there."""
        ...

    def open_writer(
        self,
        key: str,
        *,
        max_bytes: int,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> AbstractContextManager[IO[bytes]]:
        """Write an object as a stream, in bounded memory and without a disk of one's own.

        It appears whole when the block ends well, replacing what was there; when the block fails,
        nothing is left. The file can be written, not sought.

        Args:
            max_bytes: no more will be written.
        """
        ...

    def claim(self, key: str, content: bytes) -> bool:
        """Write an object only where there is none; False when another writer was first."""
        ...

    def touch(self, key: str) -> None:
        """Make an object as young as a new one, its content and metadata unchanged."""
        ...

    def list(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """Every object whose key starts with the prefix, in key order, without metadata.

        A store in the cloud lists a thousand at a time, and only as far as they are read.

        Args:
            prefix: that the keys start with.
            after: only keys behind this one.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove an object; a missing one is ignored."""
        ...

    def url(self, key: str, expires_s: int) -> str:
        """A link by which anyone can fetch an object for a while; it need not exist yet.

        A link signed with a role's credentials ends with them, even before it expires: a
        Lambda's last some hours, so promise no more than one or two.
        """
        ...

    def upload_form(
        self, key: str, content_type: str, max_bytes: int, expires_s: int
    ) -> UploadForm:
        """A form by which anyone can send one file for a while.

        Raises:
            Misconfigured: there is no server that would accept it.
        """
        ...


MAX_KEY_BYTES = 1_024
"""Of a key in UTF-8 (S3 user guide, naming objects)."""


def validate_key(key: str) -> str:
    """A key that every store can keep.

    Raises:
        BadInput: it is empty, absolute, leads upwards, hides, is too long, or holds characters that
            no name should.
    """
    parts = key.split("/")
    if not key.isprintable() or "\\" in key or any(p == "" or p[0] == "." for p in parts):
        raise BadInput(f"{key!r} is not a valid object key.", key=key)
    if len(key.encode()) > MAX_KEY_BYTES:
        raise BadInput(f"An object key has at most {MAX_KEY_BYTES:,} bytes.", key=key)
    return key


UPLOADS_PREFIX = "uploads/"
"""Where callers' own files are. Their names are secrets: knowing one is enough to use it."""


def select_music_store(key: str, library: ObjectStore, output: ObjectStore) -> ObjectStore:
    """Where a piece of music is: callers' own files are with the output.

    Args:
        library: the deployment's music.
        output: everything that is made.
    """
    return output if key.startswith(UPLOADS_PREFIX) else library
