"""How a text may be written, and who reads each way: from what an author hands in to a Document."""

import base64
import binascii
from enum import StrEnum

import regex

from mixer.errors import UnreadableText
from mixer.script.document import Document, normalise_newlines
from mixer.script.front_matter import split_front_matter
from mixer.script.inline_tags import InlineTagReader, find_sound_lines
from mixer.script.readers.epub import is_epub, read_epub
from mixer.script.readers.markdown import read_markdown_blocks
from mixer.script.readers.plain_text import read_plain_blocks
from mixer.script.readers.ssml_text import read_ssml_text
from mixer.script.readers.web_page import read_html
from mixer.script.sounds import parse_sounds


class TextType(StrEnum):
    """How a text is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    SSML = "ssml"
    EPUB = "epub"
    """A book, its bytes in base64 where only text can travel."""


def read_document(
    text: str, text_type: TextType, name: str = "This text", *, front_matter: bool = True
) -> Document:
    """Read a text as it is written.

    Args:
        text: the whole of it; a book's bytes in base64.
        text_type: how it is written.
        name: what to call it in errors.
        front_matter: whether a book's title page, imprint and the like are read.

    Raises:
        UnreadableText: it is not written so.
        ObjectTooLarge: a book that unpacks to more than it can hold.
    """
    match text_type:
        case TextType.SSML:
            return read_ssml_text(text, name)
        case TextType.EPUB:
            return read_epub(_decode_base64(text, name), name, front_matter=front_matter)
        case TextType.HTML:
            return read_html(text)
        case _:
            return _read_tagged_text(text, text_type, name)


def _read_tagged_text(text: str, text_type: TextType, name: str) -> Document:
    """Plain text or Markdown, with what its head and its marks say."""
    is_markdown = text_type is TextType.MARKDOWN
    head, body = split_front_matter(normalise_newlines(text), name, allow_unknown=is_markdown)
    sounds = parse_sounds(head.source_lines, name)
    markup = InlineTagReader(
        head.cast,
        name,
        head.line_count + 1,
        sounds,
        find_sound_lines(body, head.line_count + 1) if "[[" in body else {},
        has_explicit_headings=is_markdown,
    )
    has_marks = bool(head.cast) or "[[" in body
    body = markup.prepare_text(body) if has_marks else body
    read_blocks = read_markdown_blocks if is_markdown else read_plain_blocks
    blocks = read_blocks(body)
    said = head.values
    return Document(
        markup.extract_tags(blocks) if has_marks else blocks,
        title=said.get("title", ""),
        author=said.get("author", ""),
        language=said.get("language", ""),
        metadata=head.metadata,
        cast=head.cast,
        cover_name=said.get("cover", ""),
        lexicon_name=said.get("lexicon", ""),
        music=sounds.opening,
    )


_BOOK_IN_BASE64 = "UEsDB"
"""How an archive begins in base64; no word of any language does."""

_RTF = regex.compile(r"\s*\{\\rtf\d?")
_HTML = regex.compile(
    r"(?i)\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*(?:<!doctype\s+html|<html[\s>])", regex.DOTALL
)
_SSML = regex.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?<speak[\s>].*</speak\s*>\s*", regex.DOTALL)


def detect_text_type(text: str, name: str = "This text") -> TextType:
    """How a text is written of which nobody has said it.

    Raises:
        UnreadableText: it is written in a way that would be read out with its markup.
    """
    text = normalise_newlines(text)
    if _RTF.match(text):
        raise UnreadableText(
            f"{name} is Rich Text (RTF), which is not read: save it as plain text, Markdown, HTML "
            "or EPUB."
        )
    if text.startswith(_BOOK_IN_BASE64):
        return TextType.EPUB
    if _HTML.match(text):
        return TextType.HTML
    return TextType.SSML if _SSML.fullmatch(text) else TextType.TEXT


def decode_upload(content: bytes) -> str:
    """A file that somebody has sent, as the text that `read` takes: a book in base64.

    Raises:
        UnreadableText: it is neither a book nor text in UTF-8.
    """
    if is_epub(content):
        return base64.b64encode(content).decode("ascii")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableText(
            "The upload is neither text in UTF-8 nor an EPUB: save it as one of them."
        ) from error


def _decode_base64(text: str, name: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadableText(f"{name} is no EPUB: it is not written in base64.") from error
