"""The ObjectStore protocol, shared by S3 and local folders, and objects as seekable files."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from io import BufferedReader, BytesIO, RawIOBase
from os import SEEK_CUR, SEEK_END
from pathlib import Path
from typing import IO, TYPE_CHECKING, ClassVar, Protocol

from mixer.errors import BadInput, NotFound

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SEAL = "seal"
"""Name of the seal in an object's metadata."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A store's information about an object; its metadata is ASCII, at most 2 kB (S3's limit).

    `sha256` of the content, in hexadecimal digits, is empty where the store does not know it.
    """

    key: str
    size_bytes: int
    modified: datetime
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    sha256: str = ""
    seal_field: ClassVar[str] = SEAL

    @property
    def is_sealed(self) -> bool:
        """Whether its content can be checked (`seals`)."""
        return SEAL in self.metadata


@dataclass(frozen=True, slots=True)
class UploadForm:
    """A multipart form for one key and content type, which expires; the field `file` goes last."""

    url: str
    fields: Mapping[str, str]
    max_bytes: int
    expires_s: int


class ObjectStore(Protocol):
    """Stores complete objects under keys. Safe for threads.

    Objects appear complete or not at all. Every method may raise StoreFailed; reading a missing
    object raises NotFound with its key. Reading the whole of a damaged object raises DamagedObject
    where it has a seal (`seals`) or, in S3, a checksum.
    """

    def head(self, key: str) -> StoredObject | None:
        """Look up an object's metadata; None if it does not exist."""
        ...

    def get(self, key: str) -> bytes:
        """Read a small object."""
        ...

    def fetch(self, key: str, path: Path) -> None:
        """Copy an object to a local file, which appears complete or not at all."""
        ...

    def read_into(self, key: str, file: IO[bytes], begin: int = 0, end: int | None = None) -> None:
        """Append an object, or its bytes from `begin` up to `end`, to an open file."""
        ...

    def put(
        self,
        key: str,
        content: bytes | Path,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Write an object, from memory or from a local file, replacing an existing one."""
        ...

    def open_writer(
        self, key: str, max_bytes: int, content_type: str
    ) -> AbstractContextManager[IO[bytes]]:
        """Write an object of at most `max_bytes` as a stream, in bounded memory and without a disk.

        It appears complete, replacing an existing one, if the block succeeds; otherwise nothing is
        left. The file cannot seek.
        """
        ...

    def claim(self, key: str, content: bytes) -> bool:
        """Write an object unless it exists; False if another writer was first."""
        ...

    def digest(self, key: str) -> str:
        """Compute the SHA-256 of an object's content, in hexadecimal digits."""
        ...

    def set_aside(self, key: str) -> None:
        """Make room for a new object where a damaged one is; a missing one is ignored.

        A folder keeps it in `.damaged/`; a versioned bucket keeps it as an older version once it is
        replaced.
        """
        ...

    def touch(self, key: str) -> None:
        """Set an object's time of modification to now; content and metadata stay."""
        ...

    def list(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """List objects by prefix in key order, after the key `after`, lazily, without metadata."""
        ...

    def delete(self, key: str) -> None:
        """Delete an object; a missing one is ignored."""
        ...

    def url(self, key: str, expires_s: int, *, for_head: bool = False) -> str:
        """Create a link for anyone to download an object, which need not exist yet.

        It expires with the credentials that sign it: a Lambda's last some hours, so promise at most
        two. `for_head`: for a HEAD request instead of GET.
        """
        ...

    def upload_form(
        self, key: str, content_type: str, max_bytes: int, expires_s: int
    ) -> UploadForm:
        """Make a form for anyone to upload one file; raises Misconfigured without a server."""
        ...


MAX_KEY_BYTES = 1_024
"""Limit for a key in UTF-8 (S3 user guide, naming objects)."""


def validate_key(key: str) -> str:
    """Check that every store can hold a key.

    Raises BadInput if it is empty, absolute, hidden or too long, leads upwards, or has unsafe
    characters.
    """
    parts = key.split("/")
    if not key.isprintable() or "\\" in key or any(p == "" or p[0] == "." for p in parts):
        raise BadInput(f"“{key}” is not a valid object key.", key=key)
    if len(key.encode()) > MAX_KEY_BYTES:
        raise BadInput(f"An object key has at most {MAX_KEY_BYTES:,} bytes.", key=key)
    return key


UPLOADS_PREFIX = "uploads/"
"""Prefix of callers' own files. Their names are secrets: a name gives access."""


RANGE_BYTES = 1 << 20
"""Smallest fetch: a request to S3 takes longer than a megabyte."""


def open_object(store: ObjectStore, key: str) -> BufferedReader:
    """Open an object, fetched as it is read; raises NotFound if it does not exist."""
    found = store.head(key)
    if found is None:
        raise NotFound(f"The object {key} does not exist.", key=key)
    return BufferedReader(_RangedObject(store, key, found.size_bytes), RANGE_BYTES)


class _RangedObject(RawIOBase):
    def __init__(self, store: ObjectStore, key: str, size_bytes: int) -> None:
        self._store, self._key, self._size_bytes = store, key, size_bytes
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        origin = {SEEK_CUR: self._position, SEEK_END: self._size_bytes}.get(whence, 0)
        self._position = max(0, origin + offset)
        return self._position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        end = min(self._size_bytes, self._position + len(view))
        if end <= self._position:
            return 0
        content = BytesIO()
        self._store.read_into(self._key, content, self._position, end)
        count = len(content.getvalue())
        view[:count] = content.getvalue()
        self._position += count
        return count
