"""Refuses PDFs of a few bytes that would take all of their time: PDFium has no limits of its own.

Parts that unpack to too much, packed several times, or draw each other too often; pages that are
shown again and again. What takes memory instead ends this process in a moment.
"""

import io
import zlib
from base64 import a85decode
from collections import Counter
from dataclasses import dataclass, field

from pypdfium2 import PdfDocument
from pypdfium2.raw import FPDF_REMOVE_SECURITY

from mixer.lazy import compile_lazily
from mixer.pdfium.refusals import PdfRefused, RefusalReason

MAX_STREAM_BYTES, MAX_PICTURE_RATIO = 32 << 20, 100
"""Of a part of a page, unpacked; of a picture, to its packed size."""

MAX_FILTERS, CHUNK_BYTES = 4, 1 << 16
MAX_DRAWN, MAX_NESTED = 20_000, 30
"""How often a part may draw others, and how deep parts may be in each other."""

MAX_REPEATED = 20
"""How often one part may be in the list of those that make a page; tools repeat only short ones.
And how often a page may be in a document, on average."""

_OBJECT = compile_lazily(rb"(?<![0-9])(?P<number>\d{1,8}) 0 obj\b")
_PAGE = compile_lazily(rb"/Type\s*/Page(?![A-Za-z])")
_REFERENCE = compile_lazily(rb"(?<![0-9])(\d{1,8}) 0 R\b")
_ARRAY = compile_lazily(rb"\[[^\[\]]*\]")
_DRAWING = compile_lazily(rb"\bDo\b")


def require_bounded(pdf: PdfDocument) -> None:
    """Raise PdfRefused for a PDF of a few bytes that would take all of its time."""
    copy = io.BytesIO()
    pdf.save(copy, flags=FPDF_REMOVE_SECURITY)
    content, parts = copy.getvalue(), _Parts()
    found = list(_OBJECT.finditer(content))
    for match, following in zip(found, [*found[1:], None], strict=True):
        end = following.start() if following else len(content)
        start = content.find(b"stream", match.end(), end)
        head = content[match.end() : start if start >= 0 else end]
        ratio = MAX_PICTURE_RATIO * (b"/Image" in head)
        unpacked = _unpack_stream(content, start, end, ratio) if start >= 0 else b""
        if unpacked is None:
            raise PdfRefused(RefusalReason.LARGE_PART)
        parts.add(int(match["number"]), head, unpacked)
    if parts.has_large_page():
        raise PdfRefused(RefusalReason.LARGE_PART)
    if parts.repeats_pages(len(pdf)) or parts.draws_again_and_again():
        raise PdfRefused(RefusalReason.REPEATED_PARTS)


@dataclass
class _Parts:
    """The objects of a PDF: what each refers to, and how often those that are drawn draw others."""

    references: dict[int, list[int]] = field(default_factory=dict)
    forms: dict[int, int] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    arrays: list[list[int]] = field(default_factory=list)
    pages: int = 0
    _drawn: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, number: int, head: bytes, unpacked: bytes) -> None:
        """Add an object."""
        self.references[number] = _list_references(head)
        self.sizes[number] = len(unpacked)
        self.pages += _PAGE.search(head) is not None
        self.arrays += map(_list_references, _ARRAY.findall(head))
        if b"/Form" in head and unpacked:
            self.forms[number] = len(_DRAWING.findall(unpacked))

    def has_large_page(self) -> bool:
        """Whether a page that is written as a list of parts is too large, or repeats them."""
        for numbers in self.arrays:
            parts = Counter(each for each in numbers if self.sizes.get(each))
            total = sum(self.sizes[each] * times for each, times in parts.items())
            if total > MAX_STREAM_BYTES or max(parts.values(), default=0) > MAX_REPEATED:
                return True
        return False

    def repeats_pages(self, count: int) -> bool:
        """Whether a PDF of so many pages shows the same again and again."""
        return 0 < self.pages * MAX_REPEATED < count

    def draws_again_and_again(self) -> bool:
        """Whether a part draws others too often."""
        return any(self.count_drawn(number) > MAX_DRAWN for number in self.forms)

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


def _list_references(written: bytes) -> list[int]:
    return [int(each) for each in _REFERENCE.findall(written)]


def _unpack_stream(content: bytes, start: int, end: int, ratio: int) -> bytes | None:
    """What a stream unpacks to; None where that is more than a part, or `ratio` times its size."""
    begin = start + len("stream") + (content[start + 6 : start + 8] == b"\r\n") + 1
    limit = max(MAX_STREAM_BYTES, (end - start) * ratio)
    data: bytes | memoryview = memoryview(content)[begin:end]
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
