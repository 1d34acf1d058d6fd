"""A read-aloud book: an EPUB 3 that highlights each sentence while it is spoken.

Source: EPUB 3.3 (W3C Recommendation), sections 5 (package), 7 (navigation), 9 (media overlays).
"""

from mixer.publish.epub.pages import ReadAloudMetadata
from mixer.publish.epub.read_aloud import build_pages, write_read_aloud

__all__ = ["ReadAloudMetadata", "build_pages", "write_read_aloud"]
