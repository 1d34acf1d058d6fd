"""Stories from files and from standard input, as text or a sentence about why not."""

import codecs
import sys
from pathlib import Path

import regex

from mixer.errors import NotFound, StoreFailed, UnreadableText
from mixer.script.plan import TextType

STDIN = "-"

MARKDOWN_SUFFIXES = frozenset({".md", ".markdown"})

_CONTROL = regex.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


def read_story(story: str) -> str:
    """The text of a story.

    Args:
        story: a file's path, or `-` for standard input.

    Raises:
        NotFound: there is no such file.
        StoreFailed: it cannot be read.
        UnreadableText: it is empty, or not text.
    """
    content = sys.stdin.buffer.read() if story == STDIN else _content(Path(story))
    text = _decoded(content, "Standard input" if story == STDIN else story)
    if not text.strip():
        name = "Standard input" if story == STDIN else story
        raise UnreadableText(f"{name} is empty: there is nothing to tell.")
    return text


def text_type_of(story: str, asked: str | None) -> TextType:
    """How a story is written: as asked for, or as its name says."""
    if asked:
        return TextType(asked)
    is_markdown = Path(story).suffix.lower() in MARKDOWN_SUFFIXES
    return TextType.MARKDOWN if is_markdown else TextType.TEXT


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"There is no story {path}.", key=str(path)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreFailed(f"The story {path} cannot be read: {reason}.") from error


def _decoded(content: bytes, name: str) -> str:
    """Text in UTF-8, UTF-16 with its mark, or what Windows wrote before: in that order."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif _CONTROL.search(content):
        encodings = []
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableText(f"{name} is not a text file.")
