"""An untrusted zip archive: nothing outside of it is read, nothing without a limit.

Sizes in an archive's directory may be false, so reading stops by itself at the limits.
"""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from mixer.errors import ObjectTooLarge, UnreadableText

MAX_FILES = 20_000
"""The largest books have some thousands."""

MAX_FILE_BYTES = 32 << 20
"""Of one file unpacked: a novel in one piece has one megabyte, a large cover ten."""

MAX_READ_BYTES = 128 << 20
"""Of all files that are read together."""

MAX_RATIO = 200
"""Of unpacked to packed, for files of more than FREE_BYTES; markup seldom reaches 20."""

FREE_BYTES = 1 << 20

_ENCRYPTED = 0x1
"""APPNOTE.TXT 4.4.4, general purpose bit 0."""


class Archive:
    """The files of a zip archive in memory, by path.

    Raises:
        UnreadableText: it is damaged, or a path leads out of it.
        ObjectTooLarge: it holds more files than a book can.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self.name = name
        self._left_bytes = MAX_READ_BYTES
        with self._translate_errors("the archive is damaged"):
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            self._files = {info.filename: info for info in self._zip.infolist()}
        if len(self._files) > MAX_FILES:
            raise ObjectTooLarge(f"{name} holds {len(self._files):,} files, too many for a book.")
        for path in self._files:
            self.resolve_path(path)

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def read(self, path: str) -> bytes:
        """Unpack a file.

        Raises:
            UnreadableText: it is missing, encrypted or damaged.
            ObjectTooLarge: it unpacks to more than a book can hold.
        """
        info = self._files.get(path)
        if info is None:
            raise UnreadableText(f"{self.name} is incomplete: it lacks the file {path}.")
        if info.flag_bits & _ENCRYPTED:
            raise UnreadableText(f"{self.name} is protected by a password: remove it first.")
        limit = min(MAX_FILE_BYTES, self._left_bytes, self._max_unpacked_bytes(info))
        with (
            self._translate_errors(f"{path} cannot be unpacked"),
            self._zip.open(info) as file,
        ):
            content = file.read(limit + 1)
        if len(content) > limit:
            raise ObjectTooLarge(
                f"{self.name} cannot be used: its file {path} unpacks to more than a book holds."
            )
        self._left_bytes -= len(content)
        return content

    def resolve_path(self, reference: str, base: str = "") -> str:
        """Resolve a reference from one file to another.

        Args:
            reference: a relative URL, perhaps with a fragment; a path where `base` is empty.
            base: the path of the file that contains the reference.

        Raises:
            UnreadableText: it leads out of the archive.
        """
        parts = urlsplit(reference)
        path = unquote(parts.path) if base else reference
        resolved = posixpath.normpath(posixpath.join(posixpath.dirname(base), path))
        is_outside = resolved.startswith(("/", "../", "\\", "..\\")) or resolved == ".."
        if is_outside or (base and (parts.scheme or parts.netloc)):
            raise UnreadableText(
                f"{self.name} cannot be used: its reference {reference} leads out of it."
            )
        return resolved

    @staticmethod
    def _max_unpacked_bytes(info: zipfile.ZipInfo) -> int:
        return max(FREE_BYTES, info.compress_size * MAX_RATIO)

    @contextmanager
    def _translate_errors(self, problem: str) -> Iterator[None]:
        try:
            yield
        except (
            zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError,
            RuntimeError,
        ) as error:  # fmt: skip
            raise UnreadableText(f"{self.name} cannot be read: {problem} ({error}).") from error
