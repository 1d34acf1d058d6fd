"""The readers by text type: from what an author hands in to a Document."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum

from mixer.errors import UnreadableText
from mixer.lazy import compile_lazily
from mixer.script.document import (
    Block,
    Document,
    collapse_whitespace,
    normalise_newlines,
    paragraph,
)
from mixer.script.readers.archive import is_archive
from mixer.script.readers.chapter_levels import open_parts
from mixer.script.readers.encodings import decode_text, restore_punctuation
from mixer.script.readers.fictionbook import is_fictionbook
from mixer.script.readers.imprint import drop_imprint
from mixer.script.script import Role

SENTENCE_NAME = "The new text"
"""Of a sentence, in errors."""


class TextType(StrEnum):
    """How a text is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    SSML = "ssml"
    EPUB = "epub"
    DOCX = "docx"
    PDF = "pdf"

    @property
    def is_book(self) -> bool:
        """Whether it is a file of its own kind, and not a text."""
        return self in BOOK_TYPES


BOOK_TYPES = frozenset({TextType.EPUB, TextType.DOCX, TextType.PDF})


def read_document(
    content: str | bytes,
    text_type: TextType,
    name: str = "This text",
    *,
    front_matter: bool = True,
    check_time: Callable[[], None] = lambda: None,
) -> Document:
    """Read a text or a book.

    Args:
        content: text, or its bytes in UTF-8; of a book its bytes, or Base64 where it came as JSON.
        text_type: how it is written.
        name: what to call it in errors.
        front_matter: whether a book's title page, imprint and the like are read.
        check_time: called for each part of a book; an error that it raises ends the reading.

    Raises:
        UnreadableText: it is not of that type.
        ObjectTooLarge: the book unpacks to more than a book can hold.
    """
    if text_type.is_book:
        book = _read_book(decode_book(content, name), name, front_matter, check_time)
        return replace(book, blocks=open_parts(drop_imprint(book.blocks, book.title), book.author))
    text = content if isinstance(content, str) else decode_text(content, name)
    if half := _HALF_CHARACTER.search(text):
        line = text.count("\n", 0, half.start()) + 1
        raise UnreadableText(f"{name} contains half a character in line {line}: remove it.")
    document = _read_text(restore_punctuation(text), text_type, name, check_time)
    is_own = text_type in (TextType.MARKDOWN, TextType.SSML)  # written for this program
    blocks = document.blocks if is_own else drop_imprint(document.blocks, document.title)
    return replace(document, blocks=open_parts(blocks, document.author))


def _read_text(
    text: str, text_type: TextType, name: str, check_time: Callable[[], None]
) -> Document:
    """Read a text; only its own reader is imported, since each takes some milliseconds."""
    match text_type:
        case TextType.MARKDOWN:
            from mixer.script.readers.markdown import read_markdown

            return read_markdown(text, name)
        case TextType.HTML:
            from mixer.script.readers.web_page import read_html

            return read_html(text, name, check_time)
        case TextType.SSML:
            from mixer.script.readers.ssml_text import read_ssml_text

            return read_ssml_text(text, name)
    from mixer.script.readers.plain_text import read_plain_text

    return read_plain_text(text, name)


def _read_book(
    content: bytes,
    name: str,
    front_matter: bool,
    check_time: Callable[[], None],
) -> Document:
    """Read a book by what it is, whatever its name says."""
    match _detect_book_type(content):
        case TextType.PDF:
            from mixer.script.readers.pdf import read_pdf

            return read_pdf(content, name, check_time=check_time)
        case TextType.DOCX:
            from mixer.script.readers.docx import read_docx

            return read_docx(content, name, check_time)
        case TextType.EPUB:
            from mixer.script.readers.epub import read_epub

            return read_epub(content, name, front_matter=front_matter, check_time=check_time)
    raise UnreadableText(f"{name} {_explain_unread(content)}")


def _explain_unread(content: bytes) -> str:
    if _is_open_document(content):
        return "is an OpenDocument text: save it as a DOCX or an EPUB."
    if content.startswith(_OLE):
        return "is an old Word document, or a DOCX with a password: save it as a DOCX without one."
    return "is not an EPUB, a DOCX or a PDF."


def _is_open_document(content: bytes) -> bool:
    return _OPEN_DOCUMENT in content[:_SNIFFED_BYTES]


def _detect_book_type(content: bytes) -> TextType | None:
    if _PDF in content[:_SNIFFED_BYTES]:
        return TextType.PDF
    if is_archive(content) and not _is_open_document(content):
        return TextType.DOCX if _DOCX_PART in content else TextType.EPUB
    return None


def is_book(content: bytes) -> bool:
    """Whether bytes are a book (EPUB, DOCX, PDF, or another that is refused by its name)."""
    is_refused = content.startswith(_OLE) or _is_open_document(content)
    return is_refused or _detect_book_type(content) is not None


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Compound File Binary Format: Word before 2007, and DOCX with a password."""

_PDF = b"%PDF-"
_SNIFFED_BYTES = 1_024
"""Some PDFs begin with a few bytes of junk."""

_DOCX_PART = b"word/document"
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument"

_HALF_CHARACTER = compile_lazily(r"[\ud800-\udfff]")
"""A surrogate code point (Unicode 3.9), which no encoding can write."""

_BOOKS_IN_BASE64 = {"UEsDB": TextType.EPUB, "JVBERi": TextType.PDF}
"""How archives and PDFs begin in Base64; no word of any language does."""

MAX_COMMENTS = 50
"""In front of a page's first element."""

MAX_SNIFFED_CHARS = 100_000

_UNREAD = {"{\\rtf": "Rich Text (RTF)", "\\documentclass": "LaTeX"}
_HTML_STARTS = ("<!doctype html", "<html>", "<html ", "<html\n", "<html\t")
_FRAGMENT_STARTS = ("<p>", "<p ", "<div", "<body", "<article", "<section", "<main", "<h1", "<h2")
_SSML_STARTS = ("<speak>", "<speak ", "<speak\n", "<speak\t")


def detect_text_type(content: str | bytes, name: str = "This text") -> TextType:
    """Recognise how a text is written; Markdown counts as plain text.

    Raises:
        UnreadableText: the text is RTF or LaTeX, or its bytes are not UTF-8.
    """
    if isinstance(content, bytes):
        if is_book(content):
            return _detect_book_type(content) or TextType.DOCX
        content = decode_text(content, name)
    text = normalise_newlines(content).strip()
    for beginning, kind in _UNREAD.items():
        if text.startswith(beginning):
            raise UnreadableText(
                f"{name} is {kind}, which cannot be read: save it as plain text, Markdown, HTML or "
                "EPUB."
            )
    for beginning, text_type in _BOOKS_IN_BASE64.items():
        if text.startswith(beginning):
            return text_type
    start = _find_first_tag(text)
    if _is_page(text, start):
        return TextType.HTML
    is_closed = text.rpartition("</speak")[2].strip() == ">"
    is_ssml = is_closed and text.startswith(_SSML_STARTS, start)
    return TextType.SSML if is_ssml else TextType.TEXT


def _is_page(text: str, start: int) -> bool:
    """Whether a text is a page, a part of one, or a FictionBook; `start` is its first tag."""
    if text[start : start + len(_HTML_STARTS[0])].lower().startswith(_HTML_STARTS):
        return True
    is_part = text.startswith(_FRAGMENT_STARTS, start) and text.endswith(">")
    return (is_part and text.count("</p>") > 1) or is_fictionbook(text)


def _find_first_tag(text: str) -> int:
    """Where a text begins behind an XML declaration and comments."""
    start = 0
    for opening, closing in (("<?xml", "?>"), *(("<!--", "-->"),) * MAX_COMMENTS):
        if text.startswith(opening, start):
            closed = text.find(closing, start + len(opening))
            if closed < 0:
                return start
            start = closed + len(closing)
            start += len(text[start:MAX_SNIFFED_CHARS]) - len(
                text[start:MAX_SNIFFED_CHARS].lstrip()
            )
    return start


def decode_upload(content: bytes) -> str | bytes:
    """Decode an upload for `read_document`: text as str, a book as it is; else UnreadableText."""
    return content if is_book(content) else decode_text(content, "The upload")


def decode_book(content: str | bytes, name: str = "This text") -> bytes:
    """The bytes of a book, which is Base64 where it came as JSON; else UnreadableText."""
    if isinstance(content, bytes):
        return content
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadableText(f"{name} is not a book: it is not valid Base64.") from error


def read_sentence(
    text: str, cast: Sequence[Role], speaker: str, *, is_markdown: bool
) -> tuple[Block, ...]:
    """Read some words of a paragraph; one block for each voice, none without words.

    Raises:
        UnreadableText: a tag is malformed.
    """
    from mixer.script.readers.inline_tags import InlineTagReader
    from mixer.script.readers.markdown import read_markdown_line
    from mixer.script.readers.sound_tags import SoundDefinitions

    tags = InlineTagReader(
        cast, SENTENCE_NAME, 1, SoundDefinitions(None, {}), {}, has_explicit_headings=True
    )
    line = collapse_whitespace(text)
    if cast or "[[" in line:
        line = collapse_whitespace(tags.prepare_text(line))
    words = read_markdown_line(line) if is_markdown else line
    return tuple(tags.split_voices(paragraph(words), speaker))
