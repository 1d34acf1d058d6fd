"""How a text is written, by its bytes or its beginning, whatever its name says."""

from enum import StrEnum

from mixer.errors import UnreadableText
from mixer.script.document import normalise_newlines
from mixer.script.readers.archive import is_archive
from mixer.script.readers.encodings import decode_text
from mixer.script.readers.fictionbook import is_fictionbook


class TextType(StrEnum):
    """How a text is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    SSML = "ssml"
    EPUB = "epub"
    DOCX = "docx"
    ODT = "odt"
    PDF = "pdf"

    @property
    def is_book(self) -> bool:
        """Whether it is a file of its own kind, and not a text."""
        return self in BOOK_TYPES


BOOK_TYPES = frozenset({TextType.EPUB, TextType.DOCX, TextType.ODT, TextType.PDF})

BOOK_NAMES = "an EPUB, a DOCX, an OpenDocument text or a PDF"

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Compound File Binary Format: Word before 2007, and DOCX with a password."""

_PDF = b"%PDF-"
_SNIFFED_BYTES = 1_024
"""Some PDFs begin with a few bytes of junk."""

_DOCX_PART = b"word/document"
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument"
_MANIFEST, _CONTAINER = b"META-INF/manifest.xml", b"META-INF/container.xml"
"""Every OpenDocument file has the one, every EPUB the other."""

_FLAT_TYPE = 'office:mimetype="application/vnd.oasis.opendocument.text'
_BYTE_ORDER_MARKS = "\ufeffï»¿"
"""As it is, and as its bytes in UTF-8 are in Latin-1."""

_FLAT_CHARS = 8_192
"""Before the type of a flat document its first element declares all namespaces."""

_BOOKS_IN_BASE64 = {"UEsDB": TextType.EPUB, "JVBERi": TextType.PDF}
"""How archives and PDFs begin in Base64; no word of any language does."""

MAX_COMMENTS = 50
"""In front of a page's first element."""

MAX_SNIFFED_CHARS = 100_000

_UNREAD = {"{\\rtf": "Rich Text (RTF)", "\\documentclass": "LaTeX"}
_HTML_STARTS = ("<!doctype html", "<html>", "<html ", "<html\n", "<html\t")
_FRAGMENT_STARTS = ("<p>", "<p ", "<div", "<body", "<article", "<section", "<main", "<h1", "<h2")
_SSML_STARTS = ("<speak>", "<speak ", "<speak\n", "<speak\t")


def is_book(content: bytes) -> bool:
    """Whether bytes are a book (EPUB, DOCX, ODT, PDF, or another that is refused by its name)."""
    return content.startswith(_OLE) or detect_book_type(content) is not None


def detect_book_type(content: bytes) -> TextType | None:
    """The type of a book by its bytes; None where they are not one that is read."""
    if _PDF in content[:_SNIFFED_BYTES]:
        return TextType.PDF
    if _is_open_document(content):
        return TextType.ODT
    if is_archive(content):
        return TextType.DOCX if _DOCX_PART in content else TextType.EPUB
    return None


def _is_open_document(content: bytes) -> bool:
    """Whether bytes are an OpenDocument file: in whatever order it is packed, or flat."""
    if _OPEN_DOCUMENT in content[:_SNIFFED_BYTES]:
        return True
    if is_archive(content):
        return _MANIFEST in content and _CONTAINER not in content
    return is_flat_document(content[:_FLAT_CHARS].decode("latin-1"))


def is_flat_document(text: str) -> bool:
    """Whether a text is an OpenDocument text in one file of XML."""
    start = text[:_FLAT_CHARS].lstrip(_BYTE_ORDER_MARKS + " \r\n\t")
    is_xml = start.startswith(("<?xml", "<office:document"))
    return is_xml and "<office:document" in start and _FLAT_TYPE in start


def explain_unread(content: bytes) -> str:
    """Why bytes are not a book that is read."""
    if content.startswith(_OLE):
        return "is an old Word document, or a DOCX with a password: save it as a DOCX without one."
    return f"is not {BOOK_NAMES}."


def detect_text_type(content: str | bytes, name: str = "This text") -> TextType:
    """Recognise how a text is written; Markdown counts as plain text.

    Raises:
        UnreadableText: the text is RTF or LaTeX, or its bytes are not UTF-8.
    """
    if isinstance(content, bytes):
        if is_book(content):
            return detect_book_type(content) or TextType.DOCX
        content = decode_text(content, name)
    text = normalise_newlines(content).strip()
    for beginning, kind in _UNREAD.items():
        if text.startswith(beginning):
            raise UnreadableText(
                f"{name} is {kind}, which cannot be read: save it as plain text, Markdown, HTML or "
                "EPUB."
            )
    if is_flat_document(text):
        return TextType.ODT
    encoded = (each for start, each in _BOOKS_IN_BASE64.items() if text.startswith(start))
    return next(encoded, None) or _detect_markup(text)


def _detect_markup(text: str) -> TextType:
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
