"""PDFium, which reads the letters of a PDF, in a process of its own.

`pages` is entered by the readers; `letters` and `bounds` run in the other process, which can only
answer with letters, places and one of the `RefusalReason`s.
"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.pdfium.pages import PdfPage, PdfStatements, open_pdf

__getattr__ = export_lazily(__name__)
