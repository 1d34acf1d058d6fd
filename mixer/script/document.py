"""A text as its author laid it out: headings, paragraphs and scene breaks, before any sentence."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import regex


class BlockKind(StrEnum):
    """What a block is to the listener."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    SCENE_BREAK = "scene break"


@dataclass(frozen=True, slots=True)
class Block:
    """One heading, paragraph or scene break.

    Attributes:
        kind: what it is.
        text: its words, in one line with single spaces; empty for a scene break.
        level: of a heading, 1 for the highest; 0 otherwise.
    """

    kind: BlockKind
    text: str = ""
    level: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """A story in reading order.

    Attributes:
        blocks: at least one of them has text.
        title: what the author calls the whole, in front matter or not at all.
        author: likewise.
    """

    blocks: tuple[Block, ...]
    title: str = ""
    author: str = ""


def heading(text: str, level: int) -> Block:
    """A heading of a level, its white space tidied."""
    return Block(BlockKind.HEADING, tidy(text), level)


def paragraph(text: str) -> Block:
    """A paragraph, its white space tidied."""
    return Block(BlockKind.PARAGRAPH, tidy(text))


SCENE_BREAK = Block(BlockKind.SCENE_BREAK)


def has_words(text: str) -> bool:
    """Whether there is anything in a text that a voice could say."""
    return _SPEAKABLE.search(text) is not None


def unified(text: str) -> str:
    """A text as it came, without byte order mark, and with one kind of line break."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def tidy(text: str) -> str:
    """A text in one line: white space folded, what XML 1.0 cannot carry left out."""
    return " ".join(_NOT_XML.sub("", text).split())


def joined(lines: Iterable[str]) -> str:
    """Wrapped lines as one; scripts without spaces are joined without them."""
    pieces: list[str] = []
    for line in filter(None, map(str.strip, lines)):
        if pieces and not (_NO_SPACE.match(pieces[-1][-1]) and _NO_SPACE.match(line[0])):
            pieces.append(" ")
        pieces.append(line)
    return "".join(pieces)


_SPEAKABLE = regex.compile(r"[\p{L}\p{N}\p{Sc}\p{Sm}&%@]")
_NO_SPACE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}，。！？、；：「」『』（）…]")
# XML 1.0, production 2 (Char), negated; white space is left for the folding.
_NOT_XML = regex.compile(r"[^\s\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]|[\x1C-\x1F]")
