"""What runs in the process that PDFium has: it writes the letters of a PDF, page by page.

Each line is JSON: what the PDF states of itself with the number of its pages, then one for each
page. A PDF that is refused has the line of its `RefusalReason`, whatever was written before.
"""

import ctypes
import json
from array import array
from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from statistics import median
from typing import Any

from pypdfium2 import PdfDocument, PdfiumError, raw

from mixer.lazy import compile_lazily
from mixer.pdfium.bounds import require_bounded
from mixer.pdfium.refusals import PdfRefused, RefusalReason

MAX_CHARS = 20_000_000
MAX_PAGE_CHARS = 1_000_000
MAX_NAME_BYTES, MAX_FONTS = 200, 1_000
WORD_GAP_RATIO = 1.8
"""Of the gap between words to that between letters which are set apart."""

_STRONG_FONT = compile_lazily(r"(?i)bold|black|heavy|(?:cm|sf)bx")
_SPREAD = compile_lazily(r"\p{L}(?: {1,3}\p{L}){3,40}(?: {1,3}[\p{L}\p{N}]){0,10}")
"""A word whose letters are set apart, as titles are; PDFium puts spaces between them."""

_HYPHENS = "\x02\ufffe"
"""What PDFium reports for a hyphen at a line's end."""

_find_owner = raw.FPDFText_GetTextObject
_find_owner.restype = ctypes.c_void_p  # its number is enough, and quicker to get


def main(max_pages: str, content: bytes) -> Iterator[bytes]:
    """Yield the lines of a PDF."""
    try:
        with PdfDocument(content) as pdf:
            if len(pdf) > int(max_pages):
                raise PdfRefused(RefusalReason.PAGES, len(pdf))
            require_bounded(pdf)
            yield _write_line([*_read_statements(pdf), len(pdf)])
            yield from map(_write_line, _read_pages(pdf))
    except PdfiumError as error:
        is_locked = error.err_code == raw.FPDF_ERR_PASSWORD
        yield _write_line({"refusal": RefusalReason.LOCK if is_locked else RefusalReason.DAMAGE})
    except PdfRefused as error:
        yield _write_line({"refusal": error.reason, "number": error.number})


def _write_line(values: object) -> bytes:
    return json.dumps(values, allow_nan=False).encode("ascii")


def _read_statements(pdf: PdfDocument) -> tuple[str, str, str]:
    """The title, author and language that a PDF states."""
    tag = ctypes.create_string_buffer(MAX_NAME_BYTES)
    place = ctypes.cast(tag, ctypes.POINTER(raw.FPDF_WCHAR))
    size = raw.FPDFCatalog_GetLanguage(pdf, place, MAX_NAME_BYTES)
    language = tag.raw[: min(size, MAX_NAME_BYTES)].decode("utf-16-le", "replace").strip("\0")
    return pdf.get_metadata_value("Title"), pdf.get_metadata_value("Author"), language


def _read_pages(pdf: PdfDocument) -> Iterator[list[Any]]:
    chars = 0
    for page in pdf:
        page.set_rotation(0)
        text = page.get_textpage()
        count = text.count_chars()
        chars += count
        if chars > MAX_CHARS or count > MAX_PAGE_CHARS:
            raise PdfRefused(RefusalReason.CHARACTERS)
        found = _PageText(text.raw)
        found.read(count)
        text.close()
        page.close()
        yield found.list_values()


class _PageText:
    """Collects the pieces of a page, and how many letters have no Unicode.

    A piece is what one operator draws; PDFium adds the spaces that a reader sees. Of each there are
    the text, four lengths (x, y, size, right edge) and whether it is in bold type.
    """

    def __init__(self, text: object) -> None:
        self._text = text
        self._texts = list[str]()
        self._lengths = array("d")
        self._strong = list[bool]()
        self._chars = self._unreadable = self._start = 0
        self._font = ctypes.create_string_buffer(MAX_NAME_BYTES)

    def list_values(self) -> list[Any]:
        """Its characters, how many of them are unknown, and its pieces: texts, boldness, lengths.

        Lengths are in Base64, which takes a tenth of the time that their figures would.
        """
        lengths = b64encode(self._lengths.tobytes()).decode("ascii")
        return [self._chars, self._unreadable, self._texts, self._strong, lengths]

    def read(self, count: int) -> None:
        """Read so many letters."""
        owner, last, is_unknown = 0, 0, False
        self._chars = count
        for index in range(count):
            letter = _write_letter(raw.FPDFText_GetUnicode(self._text, index))
            drawn = _find_owner(self._text, index) or 0  # none: PDFium added it
            if drawn and (drawn != owner or not self._texts):
                self._close_piece(last)
                self._open_piece(index)
                is_unknown = raw.FPDFText_HasUnicodeMapError(self._text, index) == 1
            owner = drawn or owner
            if self._texts:
                self._texts[-1] += letter
            if drawn and letter != " ":
                last = index
                self._unreadable += is_unknown or _is_noise(letter)
        self._close_piece(last)

    def _open_piece(self, index: int) -> None:
        self._start = index
        x, y, matrix = ctypes.c_double(), ctypes.c_double(), raw.FS_MATRIX()
        raw.FPDFText_GetCharOrigin(self._text, index, x, y)
        raw.FPDFText_GetMatrix(self._text, index, matrix)
        scale = abs(matrix.d) or abs(matrix.b) or 1.0
        size = raw.FPDFText_GetFontSize(self._text, index) * scale
        raw.FPDFText_GetFontInfo(self._text, index, self._font, MAX_NAME_BYTES, None)
        self._texts.append("")
        self._lengths.extend((x.value, y.value, size, x.value))
        self._strong.append(_is_strong(self._font.value))

    def _close_piece(self, last: int) -> None:
        if not self._texts:
            return
        box = raw.FS_RECTF()
        if raw.FPDFText_GetLooseCharBox(self._text, last, box):
            self._lengths[-1] = box.right
        if _SPREAD.fullmatch(self._texts[-1].strip()):
            self._texts[-1] = self._join_letters(range(self._start, last + 1))

    def _join_letters(self, indices: Sequence[int]) -> str:
        """Join letters that are set apart to words, which wider gaps divide."""
        places = list[tuple[str, float, float]]()
        for index in indices:
            letter = _write_letter(raw.FPDFText_GetUnicode(self._text, index))
            box = raw.FS_RECTF()
            if letter != " " and raw.FPDFText_GetLooseCharBox(self._text, index, box):
                places.append((letter, box.left, box.right))
        gaps = [two[1] - one[2] for one, two in pairwise(places)]
        usual = median(gaps) * WORD_GAP_RATIO if gaps else 0.0
        spaces = [" " if gap > usual else "" for gap in gaps]
        return "".join(
            f"{each[0]}{space}" for each, space in zip(places, [*spaces, ""], strict=True)
        )


@lru_cache(MAX_FONTS)
def _is_strong(font: bytes) -> bool:
    return _STRONG_FONT.search(font.decode("utf-8", "replace")) is not None


def _write_letter(code: int) -> str:
    letter = chr(code)
    return "-" if letter in _HYPHENS else "" if letter in "\r\n" else letter


def _is_noise(letter: str) -> bool:
    return letter == "\ufffd" or "\ue000" <= letter <= "\uf8ff" or "" < letter < " "
