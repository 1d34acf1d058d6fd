"""An untrusted zip archive: nothing outside of it is read, nothing without a limit.

Sizes in an archive's directory may be false, so reading stops by itself at the limits.
"""

import io
import posixpath
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from urllib.parse import unquote

from mixer.errors import ObjectTooLarge, UnreadableText
from mixer.lazy import compile_lazily

MAX_FILES = 20_000
"""The largest books have some thousands."""

MAX_FILE_BYTES = 32 << 20
"""Of one file unpacked: a novel in one piece has one megabyte, a large cover ten."""

MAX_READ_BYTES = 128 << 20
"""Of all files that are read together."""

MAX_RATIO = 200
"""Of unpacked to packed, for files of more than FREE_BYTES; markup seldom reaches 20."""

FREE_BYTES = 1 << 20

SNIFFED_BYTES = 1_024
"""Before them, a few bytes of junk do not matter."""

_ENCRYPTED, _UTF8_NAME = 0x1, 0x800
"""APPNOTE.TXT 4.4.4, general purpose bits 0 and 11."""

MAX_QUOTED_CHARS = 80
"""Of a path that a message repeats."""

_SCHEME = compile_lazily(r"[A-Za-z][A-Za-z0-9+.-]*+:|//")


def has_scheme(reference: str) -> bool:
    """Whether a reference is an address outside of the archive."""
    return _SCHEME.match(reference.strip()) is not None


def split_reference(reference: str) -> tuple[str, str]:
    """The path and the fragment of a reference, both without escapes."""
    path, _, fragment = reference.strip().partition("#")
    return unquote(path.partition("?")[0]), unquote(fragment)


MAGIC = b"PK\x03\x04"
_MIMETYPE = b"mimetypeapplication/epub+zip"
"""What an EPUB begins with, behind its first file's header."""


def is_archive(content: bytes) -> bool:
    """Whether a file is a zip archive, as books are; no text begins so."""
    return content.startswith(MAGIC) or _MIMETYPE in content[:SNIFFED_BYTES]


class Archive:
    """The files of a zip archive in memory, by path.

    Paths begin in the folder that holds the file `marker`, where an archive was made of a folder.

    `check_time` is called before each file is read; an error that it raises ends that.

    Raises:
        UnreadableText: it is damaged, or a path leads out of it.
        ObjectTooLarge: it holds more files than a book can.
    """

    def __init__(
        self,
        content: bytes,
        name: str,
        marker: str = "",
        max_bytes: int = MAX_READ_BYTES,
        check_time: Callable[[], None] = lambda: None,
    ) -> None:
        self.name, self.check_time = name, check_time
        self._left_bytes = max_bytes
        with self._translate_errors("the archive is damaged"):
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            listed = {
                _decode_name(info): info
                for info in self._zip.infolist()
                if info.filename and not info.is_dir()
            }
        if len(listed) > MAX_FILES:
            raise ObjectTooLarge(f"{name} holds {len(listed):,} files, too many for a book.")
        files = {self.resolve_path(path): info for path, info in listed.items()}
        folder = _find_top_folder(files, marker)
        self._files = {path.removeprefix(folder): info for path, info in files.items()}
        self._aliases = {_fold(path): path for path in reversed(self._files)}

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def find(self, path: str) -> str:
        """The file's path as the archive writes it, where only case or composition differ."""
        return path if path in self._files else self._aliases.get(_fold(path), path)

    def read(self, path: str) -> bytes:
        """Unpack a file.

        Raises:
            UnreadableText: it is missing, encrypted or damaged.
            ObjectTooLarge: it unpacks to more than a book can hold.
        """
        self.check_time()
        info = self._files.get(path)
        if info is None:
            raise UnreadableText(
                f"{self.name} is incomplete: it lacks the file {path[:MAX_QUOTED_CHARS]}."
            )
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
        path = split_reference(reference)[0] if base else reference
        resolved = posixpath.normpath(posixpath.join(posixpath.dirname(base), path))
        is_outside = resolved.startswith(("/", "../", "\\", "..\\")) or resolved == ".."
        if is_outside or (base and has_scheme(reference)):
            raise UnreadableText(
                f"{self.name} cannot be used: its reference “{reference[:MAX_QUOTED_CHARS]}” leads "
                "out of it."
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


def _decode_name(info: zipfile.ZipInfo) -> str:
    """A file's name; some tools write UTF-8 without saying so."""
    if not info.flag_bits & _UTF8_NAME:
        try:
            return info.filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return info.filename


def _fold(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _find_top_folder(paths: Collection[str], marker: str) -> str:
    """The folder of the marker, with a slash, unless it is in the archive's own root."""
    folders = [path.removesuffix(marker) for path in paths if path.endswith(f"/{marker}")]
    return folders[0] if marker and len(folders) == 1 and marker not in paths else ""
