"""PDF to Document: text in reading order, headings by their size, without what only pages need.

A PDF holds letters at places, no paragraphs: lines are those with one height, a paragraph ends at a
gap or an indented line, a heading is set larger than the text. Running heads and page numbers recur
at the edges of pages; footnotes are set smaller, below the text.
"""

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import regex

from mixer.errors import MixerError, ObjectTooLarge, UnreadableText
from mixer.script.document import (
    SCENE_BREAK,
    Block,
    Document,
    has_words,
    heading,
    paragraph,
)
from mixer.script.readers.headings import ends_statement, find_chapter_lines
from mixer.script.readers.hyphenation import LineJoiner
from mixer.script.readers.languages import normalise_language_tag
from mixer.script.readers.marks import is_ornament, is_page_number
from mixer.script.readers.page_blocks import build_verse

if TYPE_CHECKING:
    from pypdf import PdfReader

MAGIC = b"%PDF-"
MAX_PAGES = 10_000
MAX_CHARS = 20_000_000
MIN_CHARS_PER_PAGE = 8
"""Fewer are stamps on a scan."""

MAX_UNREADABLE_SHARE = 0.2
HEADING_RATIO, NOTE_RATIO, RAISED_RATIO = 1.15, 0.88, 0.86
"""Of a letter's size to that of the text."""

EDGE_LINES = 2
"""At the top and bottom of a page, where running heads and page numbers are."""

MIN_HEAD_REPEATS = 2
PARAGRAPH_GAP_RATIO = 1.3
MIN_INDENT_RATIO = 0.8
MAX_VERSE_SHARE = 0.7
"""Of the width of the text: lines of verse are shorter."""

_DIGITS = regex.compile(r"\d+")
_NOTE_LINE = regex.compile(r"\s*(?:\[?\d{1,3}\]?[.)]?|[*†‡])\s*\S")


@dataclass(frozen=True, slots=True)
class _Fragment:
    text: str
    x: float
    y: float
    size: float


@dataclass(slots=True)
class _Line:
    """A line of a page; `y` is measured upwards, in points like all lengths."""

    text: str
    x: float
    y: float
    size: float


def is_pdf(content: bytes) -> bool:
    """Whether a file is a PDF; some begin with a few bytes of junk."""
    return MAGIC in content[:1_024]


def read_pdf(content: bytes, name: str = "The PDF", max_pages: int = MAX_PAGES) -> Document:
    """Read a PDF that has its text.

    Raises:
        UnreadableText: it is damaged, has a password, is a scan, or its letters cannot be told.
        ObjectTooLarge: it has more pages or words than a book.
    """
    from pypdf import PdfReader

    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        _require_readable(reader, name, max_pages)
        pages = list(_read_pages(reader, name))
        metadata, language = _read_metadata(reader)
    except MixerError:
        raise
    except Exception as error:
        raise UnreadableText(
            f"{name} cannot be read: the PDF is damaged ({type(error).__name__})."
        ) from error
    blocks = find_chapter_lines(tuple(_build_blocks(pages)))
    return Document(
        blocks,
        title=metadata.get("title", ""),
        author=metadata.get("author", ""),
        language=language,
    )


def _require_readable(reader: "PdfReader", name: str, max_pages: int) -> None:
    if reader.is_encrypted and not _open_without_password(reader):
        raise UnreadableText(f"{name} is protected by a password: remove it first.")
    if len(reader.pages) > max_pages:
        raise ObjectTooLarge(f"{name} has {len(reader.pages):,} pages, too many for a book.")


def _open_without_password(reader: "PdfReader") -> bool:
    from pypdf.errors import DependencyError

    try:
        return bool(reader.decrypt(""))
    except DependencyError:
        return False


def _read_metadata(reader: "PdfReader") -> tuple[dict[str, str], str]:
    stated = reader.metadata
    found = {"title": stated.title, "author": stated.author} if stated else {}
    root: Any = reader.root_object
    language = normalise_language_tag(str(root.get("/Lang", "")))
    return {key: " ".join(str(value).split()) for key, value in found.items() if value}, language


@dataclass
class _PageVisitor:
    """Collects the fragments of a page, and how many letters have no Unicode."""

    fragments: list[_Fragment] = field(default_factory=list)
    chars: int = 0
    unreadable: int = 0

    def visit(
        self, text: str, user: Sequence[float], matrix: Sequence[float], font: object, size: float
    ) -> None:
        """What pypdf reports: text, two transformations, its font and size."""
        if not text or text.isspace():
            return
        letters = text.replace("\n", "")
        self.chars += len(letters)
        self.unreadable += len(letters) if _lacks_unicode(font) else sum(map(_is_noise, letters))
        x = matrix[4] * user[0] + matrix[5] * user[2] + user[4]
        y = matrix[4] * user[1] + matrix[5] * user[3] + user[5]
        scale = abs(matrix[3] * user[3]) or abs(matrix[1] * user[1]) or 1.0
        self.fragments.append(_Fragment(letters, x, y, size * scale))


def _lacks_unicode(font: object) -> bool:
    if not isinstance(font, Mapping) or "/ToUnicode" in font:
        return False
    return str(font.get("/Encoding", "")).startswith("/Identity")


def _is_noise(letter: str) -> bool:
    return letter == "\ufffd" or "\ue000" <= letter <= "\uf8ff" or letter < " "


def _read_pages(reader: "PdfReader", name: str) -> Iterator[list[_Line]]:
    chars = unreadable = 0
    pages: list[list[_Line]] = []
    for page in reader.pages:
        visitor = _PageVisitor()
        page.extract_text(visitor_text=visitor.visit)
        chars, unreadable = chars + visitor.chars, unreadable + visitor.unreadable
        if chars > MAX_CHARS:
            raise ObjectTooLarge(f"{name} holds more than {MAX_CHARS:,} characters.")
        pages.append(_build_lines(visitor.fragments))
    if unreadable > MAX_UNREADABLE_SHARE * chars:
        raise UnreadableText(
            f"{name} cannot be read: its fonts do not say which letters they show, so that the "
            "words would be noise; get an EPUB, or a PDF that can be searched."
        )
    if chars < MIN_CHARS_PER_PAGE * len(pages):
        raise UnreadableText(
            f"{name} is a scan without text: recognise its text (OCR) first, or get an EPUB."
        )
    return iter(_drop_running_heads(pages))


def _build_lines(fragments: Sequence[_Fragment]) -> list[_Line]:
    """The lines of a page from top to bottom, in the order of its text."""
    sizes = Counter[float]()
    for each in fragments:
        sizes[round(each.size, 1)] += len(each.text)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    lines: list[_Line] = []
    for each in fragments:
        last = lines[-1] if lines else None
        if last is None or abs(each.y - last.y) > max(each.size, last.size) * 0.6:
            lines.append(_Line(each.text, each.x, each.y, each.size))
        elif not (each.size < body * RAISED_RATIO and is_page_number(each.text)):
            last.text += each.text
            last.size = max(last.size, each.size)
    return lines


def _drop_running_heads(pages: list[list[_Line]]) -> list[list[_Line]]:
    """Drop lines at the edges of pages that recur, or are page numbers."""
    places = Counter(head for page in pages for head in set(map(_fold_head, _find_edges(page))))
    kept = []
    for page in pages:
        edges = [
            line
            for line in _find_edges(page)
            if is_page_number(line.text) or places[_fold_head(line)] >= MIN_HEAD_REPEATS
        ]
        kept.append([line for line in page if not any(line is edge for edge in edges)])
    return kept


def _find_edges(page: Sequence[_Line]) -> list[_Line]:
    ordered = sorted(page, key=lambda line: -line.y)
    return [*ordered[:EDGE_LINES], *ordered[EDGE_LINES:][-EDGE_LINES:]]


def _fold_head(line: _Line) -> tuple[str, int]:
    """A head without its page number, and its size, in which a title differs."""
    return _DIGITS.sub("#", "".join(line.text.split()).casefold()), round(line.size)


def _build_blocks(pages: Sequence[Sequence[_Line]]) -> Iterator[Block]:
    lines = [line for page in pages for line in page]
    if not lines:
        return
    layout = _Layout.measure(pages)
    joiner = LineJoiner("\n".join(line.text for line in lines))
    groups = [group for page in pages for group in layout.group_lines(layout.drop_notes(page))]
    for group in _join_over_pages(groups, layout):
        texts = [" ".join(line.text.split()) for line in group]
        text = joiner.join(texts)
        level = layout.find_level(group)
        if is_ornament(text):
            yield SCENE_BREAK
        elif not has_words(text):
            continue
        elif level:
            yield heading(text, level)
        elif len(group) > 1 and all(len(each) <= layout.verse_chars for each in texts):
            yield from build_verse(texts)
        else:
            yield paragraph(text)


def _join_over_pages(groups: list[list[_Line]], layout: "_Layout") -> list[list[_Line]]:
    """Paragraphs that a page's end divides are one: they stop inside a sentence."""
    joined: list[list[_Line]] = []
    for group in groups:
        last = joined[-1] if joined else None
        is_prose = last is not None and not layout.find_level(last) and not layout.find_level(group)
        starts_low = group[0].text.lstrip()[:1].islower()
        if last is not None and is_prose and starts_low and not ends_statement(last[-1].text):
            last += group
        else:
            joined.append(list(group))
    return joined


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the text is set: its size, the distance of its lines, its left edge, larger sizes."""

    size: float
    leading: float
    left: float
    verse_chars: int
    larger: tuple[float, ...]

    @classmethod
    def measure(cls, pages: Sequence[Sequence[_Line]]) -> "_Layout":
        """Measure what most letters have."""
        lines = [line for page in pages for line in page]
        sizes, lefts = Counter[float](), Counter[float]()
        for line in lines:
            sizes[round(line.size, 1)] += len(line.text)
            lefts[round(line.x)] += 1
        size = sizes.most_common(1)[0][0]
        gaps = [a.y - b.y for page in pages for a, b in pairwise(page) if 0 < a.y - b.y < 3 * size]
        longest = max(len(line.text) for line in lines if abs(line.size - size) < 1)
        larger = sorted((each for each in sizes if each >= size * HEADING_RATIO), reverse=True)
        left = lefts.most_common(1)[0][0]
        leading = sorted(gaps)[len(gaps) // 3] if gaps else size
        return cls(size, leading, left, int(longest * MAX_VERSE_SHARE), tuple(larger))

    def find_level(self, group: Sequence[_Line]) -> int:
        """The level of a heading, by the rank of its size; 0 for text."""
        size = round(min(line.size for line in group), 1)
        return min(self.larger.index(size) + 1, 6) if size in self.larger else 0

    def drop_notes(self, page: Sequence[_Line]) -> list[_Line]:
        """Drop footnotes: the last lines of a page, set smaller, of which the first has a mark."""
        start = len(page)
        while start and page[start - 1].size < self.size * NOTE_RATIO:
            start -= 1
        is_note = start < len(page) and _NOTE_LINE.match(page[start].text) is not None
        return list(page[:start] if is_note else page)

    def group_lines(self, page: Sequence[_Line]) -> Iterator[list[_Line]]:
        """The paragraphs of a page."""
        group: list[_Line] = []
        for line in page:
            if group and self._starts_paragraph(group[-1], line):
                yield group
                group = []
            group.append(line)
        if group:
            yield group

    def _starts_paragraph(self, last: _Line, line: _Line) -> bool:
        gap = last.y - line.y
        is_apart = gap > self.leading * PARAGRAPH_GAP_RATIO or gap < 0
        is_indented = line.x - last.x > self.size * MIN_INDENT_RATIO and line.x > self.left
        return is_apart or is_indented or abs(line.size - last.size) > 1
