"""The readers by text type: from what an author hands in to a Document."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import replace

from mixer.errors import UnreadableText
from mixer.lazy import compile_lazily
from mixer.script.document import (
    Block,
    Document,
    collapse_whitespace,
    paragraph,
)
from mixer.script.readers.chapter_levels import open_parts
from mixer.script.readers.encodings import decode_text, restore_punctuation
from mixer.script.readers.imprint import drop_imprint
from mixer.script.readers.text_types import (
    TextType,
    detect_book_type,
    explain_unread,
    is_book,
    is_flat_document,
)
from mixer.script.script import Role

SENTENCE_NAME = "The new text"
"""Of a sentence, in errors."""

_HALF_CHARACTER = compile_lazily(r"[\ud800-\udfff]")
"""A surrogate code point (Unicode 3.9), which no encoding can write."""


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
    match detect_book_type(content):
        case TextType.PDF:
            from mixer.script.readers.pdf import read_pdf

            return read_pdf(content, name, check_time=check_time)
        case TextType.DOCX:
            from mixer.script.readers.docx import read_docx

            return read_docx(content, name, check_time)
        case TextType.ODT:
            from mixer.script.readers.odt import read_odt

            return read_odt(content, name, check_time)
        case TextType.EPUB:
            from mixer.script.readers.epub import read_epub

            return read_epub(content, name, front_matter=front_matter, check_time=check_time)
    raise UnreadableText(f"{name} {explain_unread(content)}")


def decode_upload(content: bytes) -> str | bytes:
    """Decode an upload for `read_document`: text as str, a book as it is; else UnreadableText."""
    return content if is_book(content) else decode_text(content, "The upload")


def decode_book(content: str | bytes, name: str = "This text") -> bytes:
    """The bytes of a book, which is Base64 where it came as JSON; else UnreadableText."""
    if isinstance(content, bytes):
        return content
    if is_flat_document(content):
        return content.encode()
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
