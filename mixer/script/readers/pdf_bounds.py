"""Refuses PDFs of a few bytes that would take all memory or time: PDFium has no limits of its own.

Parts that unpack to too much, packed several times or by LZW; that draw each other too often; that
nest states; and letters that stand for pages of text.
"""

import io
import zlib
from base64 import a85decode
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
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

MAX_REPEATED = 20
"""How often one part may be in the list of those that make a page; tools repeat only short ones."""

MAX_STATES = 1_000
"""Graphics states that a part keeps at once; tools keep some tens."""

LZW_CLEAR, LZW_END, LZW_FULL = 256, 257, 4_096
"""Codes of LZW (ISO 32000-2, 7.4.4.2), and how many there are."""

_OBJECT = compile_lazily(rb"(?<![0-9])(?P<number>\d{1,8}) 0 obj\b")
_REFERENCE = compile_lazily(rb"(?<![0-9])(\d{1,8}) 0 R\b")
_ARRAY = compile_lazily(rb"\[[^\[\]]*\]")
_DRAWING = compile_lazily(rb"\bDo\b")
_STATE = compile_lazily(rb"(?<![^\s()<>\[\]{}%])[qQ](?![^\s()<>\[\]{}/%])")
_INLINE_LZW = compile_lazily(rb"/LZW[^\x00]{0,200}?\bID\s")
_LONG_LETTER = compile_lazily(rb"<[0-9A-Fa-f\s]{1000,}+>")
"""What one letter stands for in a table of letters; ligatures have at most some twenty."""


def require_bounded(pdf: "PdfDocument", name: str, check_time: Callable[[], None]) -> None:
    """Raise ObjectTooLarge for a PDF of a few bytes that would take all memory or time."""
    from pypdfium2.raw import FPDF_REMOVE_SECURITY

    copy = io.BytesIO()
    pdf.save(copy, flags=FPDF_REMOVE_SECURITY)
    content, parts = copy.getvalue(), _Parts()
    unpacker = _Unpacker(content, b"LZW" in content, check_time)
    found = list(_OBJECT.finditer(content))
    for match, following in zip(found, [*found[1:], None], strict=True):
        check_time()
        end = following.start() if following else len(content)
        start = content.find(b"stream", match.end(), end)
        head = content[match.end() : start if start >= 0 else end]
        unpacked = unpacker.unpack_stream(start, end, b"/Image" in head) if start >= 0 else b""
        if unpacked is None or _takes_too_much(unpacked):
            raise _bomb_error(name)
        parts.add(int(match["number"]), head, unpacked)
    if parts.has_large_page():
        raise _bomb_error(name)
    if any(parts.count_drawn(number) > MAX_DRAWN for number in parts.forms):
        raise ObjectTooLarge(f"{name} cannot be used: it draws the same parts again and again.")


def _bomb_error(name: str) -> ObjectTooLarge:
    return ObjectTooLarge(f"{name} cannot be used: a part of it unpacks to more than a page holds.")


def _takes_too_much(unpacked: bytes) -> bool:
    """Whether a part keeps too many states, or has letters that stand for pages."""
    if b"beginbf" in unpacked and _LONG_LETTER.search(unpacked):
        return True
    signs = (1 if sign == b"q" else -1 for sign in _STATE.findall(unpacked))
    return max(accumulate(signs), default=0) > MAX_STATES


@dataclass
class _Parts:
    """The objects of a PDF: what each refers to, and how often those that are drawn draw others."""

    references: dict[int, list[int]] = field(default_factory=dict)
    forms: dict[int, int] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    arrays: list[list[int]] = field(default_factory=list)
    _drawn: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, number: int, head: bytes, unpacked: bytes) -> None:
        """Add an object."""
        self.references[number] = _list_references(head)
        self.sizes[number] = len(unpacked)
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


@dataclass(frozen=True, slots=True)
class _Unpacker:
    """Unpacks the streams of a file; `has_lzw` if any of them may be packed by LZW."""

    content: bytes
    has_lzw: bool
    check_time: Callable[[], None]

    def unpack_stream(self, start: int, end: int, is_picture: bool) -> bytes | None:
        """What a stream unpacks to; None where that is too much."""
        content = self.content
        begin = start + len("stream") + (content[start + 6 : start + 8] == b"\r\n") + 1
        limit = max(MAX_STREAM_BYTES, (end - start) * MAX_PICTURE_RATIO * is_picture)
        data: bytes | memoryview = memoryview(content)[begin:end]
        unpacked = b""
        for _ in range(MAX_FILTERS):
            if self._is_lzw_bomb(data, limit):
                return None
            data = _unpack(data, limit + 1)
            if len(data) > limit:
                return None
            unpacked = bytes(data) or unpacked
        return None if self._is_lzw_bomb(data, limit) else unpacked or content[begin:end]

    def _is_lzw_bomb(self, data: bytes | memoryview, limit: int) -> bool:
        """Whether LZW makes too much of data, or of an inline picture in it.

        A code stands for fewer than LZW_FULL bytes and is at least one byte long.
        """
        if len(data) * LZW_FULL <= limit:
            return False
        starts = [match.end() for match in _INLINE_LZW.finditer(data)]
        for start in [0] * self.has_lzw + starts:
            for early in (1, 0):
                self.check_time()
                if count_lzw_bytes(data[start:], limit, early) > limit:
                    return True
        return False


def count_lzw_bytes(data: bytes | memoryview, limit: int, early: int = 1) -> int:
    """How many bytes LZW makes of data, counted up to a limit; `early` is `EarlyChange`."""
    lengths, last, total = [1] * (LZW_END + 1), 0, 0
    for code in _iter_lzw_codes(data, early):
        if code in (LZW_CLEAR, LZW_END):
            lengths, last = lengths[: LZW_END + 1], 0
            continue
        own = lengths[code] if code < len(lengths) else last + 1
        if last and len(lengths) < LZW_FULL:
            lengths.append(last + 1)
        last, total = own, total + own
        if total > limit:
            break
    return total


def _iter_lzw_codes(data: bytes | memoryview, early: int) -> Iterator[int]:
    width = held = bits = 0
    known = LZW_END + 1
    for byte in data:
        held, bits = (held << 8 | byte) & 0xFFFFF, bits + 8
        width = min(12, max(9, (known + early).bit_length()))
        if bits < width:
            continue
        bits -= width
        code = held >> bits & (1 << width) - 1
        yield code
        if code == LZW_END:
            return
        known = LZW_END if code == LZW_CLEAR else known + (known < LZW_FULL)


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
