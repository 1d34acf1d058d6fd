"""PDF to Document: its text as PDFium reports it, letter by letter, with places and sizes.

What cannot be read is refused before it is paid: passwords, scans without text, fonts that do not
say which letters they show, and what takes too much (`pdf_bounds`). `pdf_layout` makes lines and
paragraphs of the rest.
"""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from mixer.errors import MixerError, ObjectTooLarge, UnreadableText
from mixer.lazy import compile_lazily
from mixer.script.document import Document
from mixer.script.readers.metadata import clean_title, normalise_language_tag, split_authors
from mixer.script.readers.page_blocks import AnchoredBlock
from mixer.script.readers.paragraph_lines import join_titles
from mixer.script.readers.pdf_bounds import require_bounded
from mixer.script.readers.pdf_layout import build_blocks
from mixer.script.readers.pdf_lines import Fragment, Line, build_lines
from mixer.script.readers.pdf_pages import drop_running_heads
from mixer.script.readers.web_page import drop_contents, find_headings

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfiumError


MAX_PAGES = 10_000
MAX_CHARS = 20_000_000
MAX_PAGE_CHARS = 1_000_000
CHARS_PER_CHECK = 10_000
"""Letters between two looks at the time."""

MIN_CHARS_PER_PAGE = 8
"""Fewer are stamps on a scan."""

MAX_UNREADABLE_SHARE = 0.2
MAX_NAME_BYTES = 200
_STRONG_FONT = compile_lazily(r"(?i)bold|black|heavy|(?:cm|sf)bx")
_HYPHENS = "\x02\ufffe"
"""What PDFium reports for a hyphen at a line's end."""

_PDFIUM = Lock()
"""PDFium is for one thread at a time."""


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
    from pypdfium2 import PdfDocument, PdfiumError

    with _PDFIUM:
        try:
            with PdfDocument(content) as pdf:
                if len(pdf) > max_pages:
                    raise ObjectTooLarge(f"{name} has {len(pdf):,} pages, too many for a book.")
                require_bounded(pdf, name, check_time)
                pages = _read_pages(pdf, name, check_time)
                document = _read_metadata(pdf)
        except PdfiumError as error:
            raise _translate_error(error, name) from error
    titled = join_titles(find_headings(list(build_blocks(drop_running_heads(pages)))))
    kept = drop_contents([AnchoredBlock(each, frozenset()) for each in titled])
    return replace(document, blocks=tuple(each.block for each in kept))


def _translate_error(error: "PdfiumError", name: str) -> MixerError:
    from pypdfium2.raw import FPDF_ERR_PASSWORD

    if error.err_code == FPDF_ERR_PASSWORD:
        return UnreadableText(f"{name} is protected by a password: remove it first.")
    return UnreadableText(
        f"{name} cannot be read: the PDF is damaged. Export it again, or paste its text."
    )


def _read_metadata(pdf: "PdfDocument") -> Document:
    """What a PDF states of itself, without its text."""
    from pypdfium2.raw import FPDF_WCHAR, FPDFCatalog_GetLanguage

    title, author = map(pdf.get_metadata_value, ("Title", "Author"))
    tag = ctypes.create_string_buffer(MAX_NAME_BYTES)
    place = ctypes.cast(tag, ctypes.POINTER(FPDF_WCHAR))
    size = FPDFCatalog_GetLanguage(pdf, place, MAX_NAME_BYTES)
    language = tag.raw[: min(size, MAX_NAME_BYTES)].decode("utf-16-le", "replace").strip("\0")
    return Document(
        (),
        title=clean_title(title),
        author=", ".join(split_authors(" ".join(author.split()))),
        language=normalise_language_tag(language),
    )


@dataclass
class _PageText:
    """Collects the fragments of a page, and how many letters have no Unicode.

    A fragment is what one operator draws; PDFium adds the spaces that a reader sees. `pdfium` holds
    its functions, `text` a page.
    """

    pdfium: Any
    text: Any
    check_time: Callable[[], None]
    fragments: list[Fragment] = field(default_factory=list)
    unreadable: int = 0

    def read(self, count: int) -> None:
        """Read so many letters."""
        owner, last, is_unknown = 0, 0, False
        for index in range(count):
            if index % CHARS_PER_CHECK == 0:
                self.check_time()
            letter = _write_letter(self.pdfium.FPDFText_GetUnicode(self.text, index))
            drawn = self._find_owner(index)
            if drawn and (drawn != owner or not self.fragments):
                self._close_fragment(last)
                self.fragments.append(self._open_fragment(index))
                is_unknown = self.pdfium.FPDFText_HasUnicodeMapError(self.text, index) == 1
            owner = drawn or owner
            if self.fragments:
                self.fragments[-1].text += letter
            if drawn and letter != " ":
                last = index
                self.unreadable += is_unknown or _is_noise(letter)
        self._close_fragment(last)

    def _find_owner(self, index: int) -> int:
        """The object that a letter belongs to; 0 for one that PDFium added."""
        owner = self.pdfium.FPDFText_GetTextObject(self.text, index)
        return ctypes.cast(owner, ctypes.c_void_p).value or 0

    def _open_fragment(self, index: int) -> Fragment:
        x, y, matrix = ctypes.c_double(), ctypes.c_double(), self.pdfium.FS_MATRIX()
        self.pdfium.FPDFText_GetCharOrigin(self.text, index, x, y)
        self.pdfium.FPDFText_GetMatrix(self.text, index, matrix)
        scale = abs(matrix.d) or abs(matrix.b) or 1.0
        size = self.pdfium.FPDFText_GetFontSize(self.text, index) * scale
        font = ctypes.create_string_buffer(MAX_NAME_BYTES)
        self.pdfium.FPDFText_GetFontInfo(self.text, index, font, MAX_NAME_BYTES, None)
        is_strong = _STRONG_FONT.search(font.value.decode("utf-8", "replace")) is not None
        return Fragment("", x.value, y.value, size, x.value, is_strong)

    def _close_fragment(self, last: int) -> None:
        box = self.pdfium.FS_RECTF()
        if self.fragments and self.pdfium.FPDFText_GetLooseCharBox(self.text, last, box):
            self.fragments[-1].right = float(box.right)


def _write_letter(code: int) -> str:
    letter = chr(code)
    return "-" if letter in _HYPHENS else "" if letter in "\r\n" else letter


def _is_noise(letter: str) -> bool:
    return letter == "\ufffd" or "\ue000" <= letter <= "\uf8ff" or "" < letter < " "


def _read_pages(pdf: "PdfDocument", name: str, check_time: Callable[[], None]) -> list[list[Line]]:
    from pypdfium2 import raw

    chars = unreadable = 0
    pages: list[list[Line]] = []
    for page in pdf:
        check_time()
        page.set_rotation(0)
        text = page.get_textpage()
        count = text.count_chars()
        chars += count
        if chars > MAX_CHARS or count > MAX_PAGE_CHARS:
            raise ObjectTooLarge(
                f"{name} holds more than {MAX_CHARS:,} characters, or {MAX_PAGE_CHARS:,} on a page."
            )
        found = _PageText(raw, text.raw, check_time)
        found.read(count)
        text.close()
        page.close()
        unreadable += found.unreadable
        pages.append(build_lines(found.fragments))
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
