"""PDF to Document: its text as PDFium reports it, letter by letter, with places and sizes.

What cannot be read is refused before it is paid: passwords, scans without text, fonts that do not
say which letters they show, and what takes too much (`mixer.pdfium`). `pdf_layout` makes lines and
paragraphs of the rest.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from mixer.errors import UnreadableText
from mixer.pdfium import PdfPage, PdfStatements, open_pdf
from mixer.script.document import Document
from mixer.script.readers.metadata import clean_title, normalise_language_tag, split_authors
from mixer.script.readers.page_blocks import AnchoredBlock
from mixer.script.readers.paragraph_lines import join_titles
from mixer.script.readers.pdf_layout import build_blocks
from mixer.script.readers.pdf_lines import Fragment, Line, build_lines
from mixer.script.readers.pdf_pages import drop_running_heads
from mixer.script.readers.web_page import drop_contents, find_headings

MIN_CHARS_PER_PAGE = 8
"""Fewer are stamps on a scan."""

MAX_UNREADABLE_SHARE = 0.2


def read_pdf(
    content: bytes, name: str = "The PDF", check_time: Callable[[], None] = lambda: None
) -> Document:
    """Read a PDF that has its text; an error that `check_time` raises ends that.

    Raises:
        UnreadableText: it is damaged, has a password, is a scan, or its letters are unknown.
        ObjectTooLarge: it has more pages or words than a book, or takes too much to read.
    """
    with open_pdf(content, name, check_time) as (statements, opened):
        pages = _build_pages(opened, name)
    titled = join_titles(find_headings(list(build_blocks(drop_running_heads(pages)))))
    kept = drop_contents([AnchoredBlock(each, frozenset()) for each in titled])
    return replace(_clean_statements(statements), blocks=tuple(each.block for each in kept))


def _clean_statements(statements: PdfStatements) -> Document:
    """What a PDF states of itself, without its text."""
    return Document(
        (),
        title=clean_title(statements.title),
        author=", ".join(split_authors(" ".join(statements.author.split()))),
        language=normalise_language_tag(statements.language),
    )


def _build_pages(opened: Iterable[PdfPage], name: str) -> list[list[Line]]:
    chars = unreadable = 0
    pages: list[list[Line]] = []
    for page in opened:
        chars += page.chars
        unreadable += page.unreadable
        pages.append(build_lines([Fragment(*piece) for piece in page.pieces]))
    _require_letters(pages, chars, unreadable, name)
    return pages


def _require_letters(pages: Sequence[object], chars: int, unreadable: int, name: str) -> None:
    if unreadable > MAX_UNREADABLE_SHARE * chars:
        raise UnreadableText(
            f"{name} cannot be read: its fonts do not say which letters they show, so that the "
            "words would be noise; get an EPUB, or a PDF that can be searched."
        )
    if chars < MIN_CHARS_PER_PAGE * len(pages):
        raise UnreadableText(
            f"{name} is a scan without text: recognise its text (OCR) first, or get an EPUB."
        )
