"""One module for each kind of source: what an author hands in, read into a Document."""

from mixer.script.document import collapse_whitespace
from mixer.script.readers.encodings import decode_text
from mixer.script.readers.registry import (
    TextType,
    decode_upload,
    detect_text_type,
    is_book,
    read_document,
)
from mixer.script.readers.sentence import read_sentence

__all__ = [
    "TextType",
    "collapse_whitespace",
    "decode_text",
    "decode_upload",
    "detect_text_type",
    "is_book",
    "read_document",
    "read_sentence",
]
