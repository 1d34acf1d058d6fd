"""Limits on what a PDF unpacks to, and on how often it draws its parts: PDFium has none."""

import io
import zlib
from base64 import a85decode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mixer.errors import ObjectTooLarge
from mixer.lazy import compile_lazily

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

MAX_STREAM_BYTES, MAX_PICTURE_RATIO = 32 << 20, 100
"""Of a part of a page, unpacked; of a picture, to its packed size."""

MAX_FILTERS, CHUNK_BYTES = 4, 1 << 16
MAX_DRAWN, MAX_NESTED = 20_000, 30
"""How often a part may draw others, and how deep parts may be in each other."""

_OBJECT = compile_lazily(rb"(?<![0-9])(?P<number>\d{1,8}) 0 obj\b")
_REFERENCE = compile_lazily(rb"(?<![0-9])(\d{1,8}) 0 R\b")
_DRAWING = compile_lazily(rb"\bDo\b")


def require_bounded(pdf: "PdfDocument", name: str, check_time: Callable[[], None]) -> None:
    """Raise ObjectTooLarge for a PDF of a few bytes that would take all memory or time."""
    from pypdfium2.raw import FPDF_REMOVE_SECURITY

    copy = io.BytesIO()
    pdf.save(copy, flags=FPDF_REMOVE_SECURITY)
    content, parts = copy.getvalue(), _Parts()
    found = list(_OBJECT.finditer(content))
    for match, following in zip(found, [*found[1:], None], strict=True):
        check_time()
        end = following.start() if following else len(content)
        start = content.find(b"stream", match.end(), end)
        head = content[match.end() : start if start >= 0 else end]
        unpacked = _unpack_stream(content, start, end, b"/Image" in head) if start >= 0 else b""
        if unpacked is None:
            raise ObjectTooLarge(
                f"{name} cannot be used: a part of it unpacks to more than a page holds."
            )
        parts.add(int(match["number"]), head, unpacked)
    if any(parts.count_drawn(number) > MAX_DRAWN for number in parts.forms):
        raise ObjectTooLarge(f"{name} cannot be used: it draws the same parts again and again.")


@dataclass
class _Parts:
    """The objects of a PDF: what each refers to, and how often those that are drawn draw others."""

    references: dict[int, list[int]] = field(default_factory=dict)
    forms: dict[int, int] = field(default_factory=dict)
    _drawn: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, number: int, head: bytes, unpacked: bytes) -> None:
        """Add an object."""
        self.references[number] = [int(each) for each in _REFERENCE.findall(head)]
        if b"/Form" in head and unpacked:
            self.forms[number] = len(_DRAWING.findall(unpacked))

    def count_drawn(self, number: int, depth: int = 0) -> int:
        """How many parts an object draws at most, those in its parts included."""
        if depth > MAX_NESTED:
            return 0
        key = (number, depth)
        if key not in self._drawn:
            self._drawn[key] = 0
            below = (self.count_drawn(each, depth + 1) for each in self.references.get(number, ()))
            most = min(max(below, default=0), MAX_DRAWN + 1)
            times = self.forms.get(number)
            self._drawn[key] = most if times is None else 1 + times * most
        return self._drawn[key]


def _unpack_stream(content: bytes, start: int, end: int, is_picture: bool) -> bytes | None:
    """What a stream unpacks to; None where that is too much."""
    begin = start + len("stream") + (content[start + 6 : start + 8] == b"\r\n") + 1
    limit = max(MAX_STREAM_BYTES, (end - start) * MAX_PICTURE_RATIO * is_picture)
    data: bytes | memoryview = memoryview(content)[begin:]
    unpacked = b""
    for _ in range(MAX_FILTERS):
        data = _unpack(data, limit + 1)
        if len(data) > limit:
            return None
        unpacked = bytes(data) or unpacked
    return unpacked or content[begin:end]


def _unpack(data: bytes | memoryview, limit: int) -> bytes:
    """At most so many bytes of what is packed; none where it is not."""
    stream, made = zlib.decompressobj(), bytearray()
    try:
        beginning = bytes(data[:CHUNK_BYTES])
        if b"~>" in beginning and beginning.partition(b"~>")[0].isascii():
            data = a85decode(beginning.partition(b"~>")[0], ignorechars=b"\r\n\t <~")
        for start in range(0, len(data), CHUNK_BYTES):
            made += stream.decompress(data[start : start + CHUNK_BYTES], limit - len(made))
            if stream.eof or len(made) >= limit:
                break
    except (zlib.error, ValueError):
        pass
    return bytes(made)
