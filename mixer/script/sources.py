"""How a text may be written, and who reads each way: from what an author hands in to a Document."""

import base64
import binascii
from collections.abc import Callable
from enum import StrEnum

import regex

from mixer.errors import UnreadableText
from mixer.script.document import Document, unified
from mixer.script.epub import read_epub
from mixer.script.markdown import read_markdown
from mixer.script.plain_text import read_plain_text
from mixer.script.ssml_source import read_ssml_text
from mixer.script.web_page import read_html


class TextType(StrEnum):
    """How a text is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    SSML = "ssml"
    EPUB = "epub"
    """A book, its bytes in base64 where only text can travel."""


def read(text: str, text_type: TextType) -> Document:
    """Read a text as it is written.

    Raises:
        UnreadableText: it is not written so.
    """
    return _READERS[text_type](text)


_RTF = regex.compile(r"\s*\{\\rtf\d?")
_HTML = regex.compile(
    r"(?i)\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*(?:<!doctype\s+html|<html[\s>])", regex.DOTALL
)
_SSML = regex.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?<speak[\s>].*</speak\s*>\s*", regex.DOTALL)


def told_by_looks(text: str, name: str = "This text") -> TextType:
    """How a text is written of which nobody has said it.

    Raises:
        UnreadableText: it is written in a way that would be read out with its markup.
    """
    text = unified(text)
    if _RTF.match(text):
        raise UnreadableText(
            f"{name} is Rich Text (RTF), which is not read: save it as plain text, Markdown, HTML "
            "or EPUB."
        )
    if _HTML.match(text):
        return TextType.HTML
    return TextType.SSML if _SSML.fullmatch(text) else TextType.TEXT


def _read_encoded_epub(text: str) -> Document:
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadableText("The EPUB is not written in base64.") from error
    return read_epub(content)


_READERS: dict[TextType, Callable[[str], Document]] = {
    TextType.TEXT: read_plain_text,
    TextType.MARKDOWN: read_markdown,
    TextType.HTML: read_html,
    TextType.SSML: read_ssml_text,
    TextType.EPUB: _read_encoded_epub,
}
