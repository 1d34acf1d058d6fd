"""One module for each kind of source: what an author hands in, read into a Document."""

from mixer.script.document import strip_spaces
from mixer.script.readers.archive import Archive, has_scheme
from mixer.script.readers.encodings import decode_text
from mixer.script.readers.epub import open_epub
from mixer.script.readers.epub_contents import read_contents
from mixer.script.readers.package_xml import decode_xml
from mixer.script.readers.page_reader import RAW_TAGS
from mixer.script.readers.registry import (
    TextType,
    decode_book,
    decode_upload,
    detect_text_type,
    is_book,
    read_document,
    read_sentence,
)

__all__ = [
    "RAW_TAGS",
    "Archive",
    "TextType",
    "decode_book",
    "decode_text",
    "decode_upload",
    "decode_xml",
    "detect_text_type",
    "has_scheme",
    "is_book",
    "open_epub",
    "read_contents",
    "read_document",
    "read_sentence",
    "strip_spaces",
]
