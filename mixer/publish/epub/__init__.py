"""A read-aloud book: an EPUB 3 whose pages light up sentence by sentence while it is heard.

`values` holds what goes in, `pages` writes the pages and their media overlays, `package` what the
book says of itself, `book` puts all of it into an archive, a chapter at a time.

Source: EPUB 3.3 (W3C Recommendation), sections 5 (package), 7 (navigation), 9 (media overlays).
"""

from mixer.publish.epub.book import write_book
from mixer.publish.epub.model import (
    BlockShape,
    BookBlock,
    BookMetadata,
    BookPage,
    BookSentence,
    build_clips,
)

__all__ = [
    "BlockShape",
    "BookBlock",
    "BookMetadata",
    "BookPage",
    "BookSentence",
    "build_clips",
    "write_book",
]
