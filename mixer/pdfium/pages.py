"""Opens a PDF: starts PDFium's process, checks what it answers, and words what it refuses."""

import json
import math
from array import array
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from mixer.errors import MixerError, ObjectTooLarge, UnreadableText
from mixer.isolation import Call, ProcessStopped, iterate_answer
from mixer.pdfium.refusals import RefusalReason

MAX_PAGES = 10_000
LINE_BYTES = 64 << 20
"""Of a page: a million characters, each of them drawn by itself."""

START_CPU_S, BYTES_PER_CPU_S, MAX_CPU_S = 60, 10_000, 600
"""Of computing time: ten times what the densest books were measured to take."""

START_MEMORY_BYTES, MEMORY_RATIO = 512 << 20, 4
"""Of the address space: for a page, and the file as it is, written again and unpacked."""

REFUSALS: dict[RefusalReason, str] = {
    RefusalReason.LOCK: "is protected by a password: remove it first.",
    RefusalReason.DAMAGE: "cannot be read: the PDF is damaged. Export it again, or paste its text.",
    RefusalReason.PAGES: "has {number:,} pages, too many for a book.",
    RefusalReason.LARGE_PART: "cannot be used: a part of it unpacks to more than a page holds.",
    RefusalReason.REPEATED_PARTS: "cannot be used: it draws the same parts again and again.",
    RefusalReason.CHARACTERS: "holds more than 20,000,000 characters, or 1,000,000 on a page.",
}
_UNREADABLE = frozenset({RefusalReason.LOCK, RefusalReason.DAMAGE})

LENGTHS = 4
Piece = tuple[str, float, float, float, float, bool]
"""Text, x, y, size and right edge in points, and whether it is in bold type; `y` goes upwards."""


Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True)
class PdfStatements:
    """What a PDF states of itself, as it is written there."""

    title: str
    author: str
    language: str


@dataclass(frozen=True, slots=True)
class PdfPage:
    """How many letters a page has, how many of them are unknown, and what is drawn, in order."""

    chars: int
    unreadable: int
    pieces: list[Piece]


@contextmanager
def open_pdf(
    content: bytes, name: str, check_time: Callable[[], None] = lambda: None
) -> Iterator[tuple[PdfStatements, Iterator[PdfPage]]]:
    """Open a PDF for a block, in which its pages are read; an error of `check_time` ends that.

    Raises:
        UnreadableText: it is damaged, has a password, or ends the process that reads it.
        ObjectTooLarge: it has more pages or words than a book, or takes too much.
    """
    cpu_s = min(MAX_CPU_S, START_CPU_S + len(content) // BYTES_PER_CPU_S)
    memory_bytes = START_MEMORY_BYTES + MEMORY_RATIO * len(content)
    call = Call("mixer.pdfium.letters", str(MAX_PAGES), cpu_s, memory_bytes, LINE_BYTES)
    try:
        with closing(iterate_answer(call, content, check_time)) as lines:
            statements, pages = _parse_line(next(lines, b""), name, _build_statements)
            yield statements, _iterate_pages(lines, pages, name)
    except ProcessStopped as error:
        raise _describe_stop(call, name, error) from error


def _iterate_pages(lines: Iterator[bytes], pages: int, name: str) -> Iterator[PdfPage]:
    for _ in range(pages):
        yield _parse_line(next(lines, b""), name, _build_page)


def _parse_line(line: bytes, name: str, build: Callable[[Any], Parsed]) -> Parsed:
    """Read a line of the answer, which a file may have forged; raises what it refuses."""
    try:
        parsed = json.loads(line)
        if isinstance(parsed, dict):
            refusal = RefusalReason(parsed["refusal"])
            sentence = REFUSALS[refusal].format(number=_require(int, parsed.get("number", 0)))
        else:
            return build(parsed)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ProcessStopped("The answer is malformed.") from error
    kind = UnreadableText if refusal in _UNREADABLE else ObjectTooLarge
    raise kind(f"{name} {sentence}")


def _build_statements(parsed: Any) -> tuple[PdfStatements, int]:  # noqa: ANN401 - any JSON
    title, author, language, pages = parsed
    stated = (_require(str, each) for each in (title, author, language))
    return PdfStatements(*stated), _require(int, pages)


def _build_page(parsed: Any) -> PdfPage:  # noqa: ANN401 - any JSON
    chars, unreadable, texts, strong, encoded = _require(list, parsed)
    lengths = array("d", b64decode(encoded, validate=True))
    if not len(_require(list, texts)) == len(_require(list, strong)) == len(lengths) / LENGTHS:
        raise ValueError("a piece lacks something")
    finite = [each if math.isfinite(each) else 0.0 for each in lengths]
    pieces = zip(texts, *(finite[each::LENGTHS] for each in range(LENGTHS)), strong, strict=True)
    return PdfPage(_require(int, chars), _require(int, unreadable), list(map(_check_piece, pieces)))


def _check_piece(piece: Piece) -> Piece:
    _require(str, piece[0])
    _require(bool, piece[-1])
    return piece


def _require(kind: type[Parsed], value: object) -> Parsed:
    """A value of exactly this type; else TypeError."""
    if type(value) is not kind:
        raise TypeError(f"not {kind.__name__}")
    return value


def _describe_stop(call: Call, name: str, error: ProcessStopped) -> MixerError:
    if error.was_slow:
        return ObjectTooLarge(
            f"{name} cannot be used: reading it takes more than {call.cpu_s} s of computing time."
        )
    memory_mb = (call.memory_bytes or 0) >> 20
    return UnreadableText(
        f"{name} cannot be read: the library that reads PDFs stopped, because the PDF is damaged "
        f"or takes more than {memory_mb:,} MB of memory. Export it again, or paste its text."
    )
