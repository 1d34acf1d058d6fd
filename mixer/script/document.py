"""A text as its author laid it out: headings, paragraphs and scene breaks, before any sentence."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import regex

from mixer.script.annotations import Annotation
from mixer.script.front_matter import NO_METADATA, Metadata, Role
from mixer.script.sound_cues import SoundCue


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
        is_silent: whether it names a chapter without being said.
        annotations: SSML elements over its words.
        continues: whether the next block belongs to the same paragraph.
        speaker: who says it, a name of the cast; empty for the narrator.
    """

    kind: BlockKind
    text: str = ""
    level: int = 0
    is_silent: bool = False
    annotations: tuple[Annotation, ...] = ()
    continues: bool = False
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Cover:
    """The picture of a book.

    Attributes:
        media_type: such as `image/jpeg`.
        content: the file.
    """

    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Document:
    """A story in reading order.

    Attributes:
        blocks: at least one of them has text.
        title: what the author calls the whole, in front matter or not at all.
        author: likewise.
        language: BCP 47 tag that the text states itself; may be empty.
        metadata: what it says of itself besides.
        cast: who speaks in it, besides the narrator.
        cover: its picture.
        cover_name: of a file with its picture, as the text names it.
        lexicon_name: of a file with a lexicon, likewise.
        music: what plays from the beginning.
        must_honour_tags: whether an engine that lacks a marked element may not say it without.
    """

    blocks: tuple[Block, ...]
    title: str = ""
    author: str = ""
    language: str = ""
    metadata: Metadata = NO_METADATA
    cast: tuple[Role, ...] = ()
    cover: Cover | None = None
    cover_name: str = ""
    lexicon_name: str = ""
    music: SoundCue | None = None
    must_honour_tags: bool = False


def heading(text: str, level: int) -> Block:
    """A heading of a level, its white space tidied."""
    return Block(BlockKind.HEADING, collapse_whitespace(text), level)


def paragraph(text: str) -> Block:
    """A paragraph, its white space tidied."""
    return Block(BlockKind.PARAGRAPH, collapse_whitespace(text))


SCENE_BREAK = Block(BlockKind.SCENE_BREAK)


def split_names(written: str) -> frozenset[str]:
    """Names written in a row."""
    return frozenset(written.split())


def has_words(text: str) -> bool:
    """Whether there is anything in a text that a voice could say."""
    return _SPEAKABLE.search(text) is not None


def normalise_newlines(text: str) -> str:
    """A text as it came, without byte order mark, and with one kind of line break."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def collapse_whitespace(text: str) -> str:
    """A text in one line: white space folded, what XML 1.0 cannot carry left out."""
    return " ".join(_NOT_XML.sub("", text).split())


def join_lines(lines: Iterable[str]) -> str:
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
