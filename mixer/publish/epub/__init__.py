"""A read-aloud book: an EPUB 3 that highlights each sentence while it is spoken.

Source: EPUB 3.3 (W3C Recommendation), sections 5 (package), 7 (navigation), 9 (media overlays).
"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.publish.epub.own_book import OwnBook, SourceBook
    from mixer.publish.epub.pages import BookPage, ReadAloudMetadata
    from mixer.publish.epub.read_aloud import build_pages, write_read_aloud

__getattr__ = export_lazily(__name__)
