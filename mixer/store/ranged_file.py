"""A stored object as a seekable file, fetched in ranges."""

from io import BufferedReader, BytesIO, RawIOBase
from os import SEEK_CUR, SEEK_END
from typing import TYPE_CHECKING

from mixer.errors import NotFound
from mixer.store.objects import ObjectStore

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

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
