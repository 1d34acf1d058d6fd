"""PDF to Document: its text as pypdf reports it, letter by letter, with places and sizes.

What cannot be read is refused before it is paid: passwords, scans without text, fonts that do not
say which letters they show. `pdf_layout` makes lines and paragraphs of the rest.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mixer.errors import MixerError, ObjectTooLarge, UnreadableText
from mixer.lazy import compile_lazily
from mixer.script.document import Document
from mixer.script.readers.epub_metadata import clean_title, split_authors
from mixer.script.readers.languages import normalise_language_tag
from mixer.script.readers.page_blocks import AnchoredBlock
from mixer.script.readers.paragraph_lines import join_titles
from mixer.script.readers.pdf_layout import build_blocks, drop_running_heads
from mixer.script.readers.pdf_lines import Fragment, Line, build_lines
from mixer.script.readers.web_page import drop_contents, find_headings

if TYPE_CHECKING:
    from pypdf import PdfReader

MAX_PAGES = 10_000
MAX_CHARS = 20_000_000
MIN_CHARS_PER_PAGE = 8
"""Fewer are stamps on a scan."""

MAX_UNREADABLE_SHARE = 0.2
MIN_GAP, CLEAR_GAP = 160, 1_000
"""Between letters, in thousandths of their size: less is no space, more is one for pypdf.

TeX shrinks its spaces to 222, and its fonts state 500 for one that they do not use.
"""

_STRONG_FONT = compile_lazily(r"(?i)bold|black|heavy|(?:cm|sf)bx")


def read_pdf(
    content: bytes,
    name: str = "The PDF",
    max_pages: int = MAX_PAGES,
    check_time: Callable[[], None] = lambda: None,
) -> Document:
    """Read a PDF that has its text; an error that `check_time` raises ends that.

    Raises:
        UnreadableText: it is damaged, has a password, is a scan, or its letters are unknown.
        ObjectTooLarge: it has more pages or words than a book.
    """
    from pypdf import PdfReader

    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        _require_readable(reader, name, max_pages)
        pages = list(_read_pages(reader, name, check_time))
        document = _read_metadata(reader)
    except MixerError:
        raise
    except Exception as error:
        raise UnreadableText(
            f"{name} cannot be read: the PDF is damaged. Export it again, or paste its text."
        ) from error
    titled = join_titles(find_headings(list(build_blocks(pages))))
    kept = drop_contents([AnchoredBlock(each, frozenset()) for each in titled])
    return replace(document, blocks=tuple(each.block for each in kept))


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


def _read_metadata(reader: "PdfReader") -> Document:
    """What a PDF states of itself, without its text."""
    stated = reader.metadata
    names = (stated.title, stated.author) if stated else ("", "")
    title, author = clean_title(str(names[0] or "")), " ".join(str(names[1] or "").split())
    root: Any = reader.root_object
    language = normalise_language_tag(str(root.get("/Lang", "")))
    return Document((), title=title, author=", ".join(split_authors(author)), language=language)


@dataclass
class _PageVisitor:
    """Collects the fragments of a page, and how many letters have no Unicode."""

    fragments: list[Fragment] = field(default_factory=list)
    chars: int = 0
    unreadable: int = 0

    def visit(
        self, text: str, user: Sequence[float], matrix: Sequence[float], font: object, size: float
    ) -> None:
        """What pypdf reports: text, two transformations, its font and size."""
        if not text or (text.isspace() and "\n" in text):
            return
        letters = text.replace("\n", "")
        self.chars += len(letters)
        self.unreadable += len(letters) if _lacks_unicode(font) else sum(map(_is_noise, letters))
        x = matrix[4] * user[0] + matrix[5] * user[2] + user[4]
        y = matrix[4] * user[1] + matrix[5] * user[3] + user[5]
        scale = abs(matrix[3] * user[3]) or abs(matrix[1] * user[1]) or 1.0
        name = str(font.get("/BaseFont", "")) if isinstance(font, Mapping) else ""
        is_strong = _STRONG_FONT.search(name) is not None
        self.fragments.append(Fragment(letters, x, y, size * scale, is_strong))


def _widen_gaps(operator: bytes, operands: list[Any], *_: object) -> None:
    """Make the gaps between words so wide that pypdf sees them in any font."""
    for parts in operands[:1] if operator == b"TJ" else ():
        for index, part in enumerate(parts if isinstance(parts, list) else ()):
            if isinstance(part, (int, float)) and -CLEAR_GAP < part <= -MIN_GAP:
                parts[index] = type(part)(-CLEAR_GAP)


def _lacks_unicode(font: object) -> bool:
    if not isinstance(font, Mapping) or "/ToUnicode" in font:
        return False
    return str(font.get("/Encoding", "")).startswith("/Identity")


def _is_noise(letter: str) -> bool:
    return letter == "\ufffd" or "\ue000" <= letter <= "\uf8ff" or letter < " "


def _read_pages(
    reader: "PdfReader", name: str, check_time: Callable[[], None]
) -> Iterator[list[Line]]:
    chars = unreadable = 0
    pages: list[list[Line]] = []
    for page in reader.pages:
        check_time()
        visitor = _PageVisitor()
        page.extract_text(visitor_text=visitor.visit, visitor_operand_before=_widen_gaps)
        chars, unreadable = chars + visitor.chars, unreadable + visitor.unreadable
        if chars > MAX_CHARS:
            raise ObjectTooLarge(f"{name} holds more than {MAX_CHARS:,} characters.")
        pages.append(build_lines(visitor.fragments))
    if unreadable > MAX_UNREADABLE_SHARE * chars:
        raise UnreadableText(
            f"{name} cannot be read: its fonts do not say which letters they show, so that the "
            "words would be noise; get an EPUB, or a PDF that can be searched."
        )
    if chars < MIN_CHARS_PER_PAGE * len(pages):
        raise UnreadableText(
            f"{name} is a scan without text: recognise its text (OCR) first, or get an EPUB."
        )
    return iter(drop_running_heads(pages))
