"""A text as its author laid it out: headings, paragraphs and scene breaks, before any sentence."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mixer.errors import UnreadableText
from mixer.lazy import compile_lazily
from mixer.script.annotations import Annotation
from mixer.script.script import NO_METADATA, Metadata, Role, SoundCue, SoundKind

MAX_HEADING_LEVEL = 6
"""Of Markdown."""

SOUND_TAGS = frozenset(SoundKind)
"""Tags of annotations that are sounds; no SSML element has such a name."""


class BlockKind(StrEnum):
    """What a block is to the listener."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    SCENE_BREAK = "scene break"


@dataclass(frozen=True, slots=True)
class TextOrigin:
    """Where the characters of a block stand on a page of a book.

    They are counted without white space and soft hyphens, those of the page from its beginning.

    Attributes:
        path: of the page in its archive.
        spans: (first character of the page, how many) in the block's order; the first is -1 for
            words that are not on the page.
        is_exact: False where words were changed, so that only the paragraph is known.
    """

    path: str
    spans: tuple[tuple[int, int], ...]
    is_exact: bool = True


def strip_spaces(text: str) -> str:
    """The characters of a text that an origin counts."""
    return "".join(_drop_invalid(text).split())


def take_spans(spans: deque[tuple[int, int]], count: int) -> tuple[tuple[int, int], ...]:
    """Take some characters from the front of an origin's spans."""
    own = list[tuple[int, int]]()
    while count and spans:
        first, held = spans.popleft()
        own.append((first, min(held, count)))
        if held > count:
            spans.appendleft((first if first < 0 else first + count, held - count))
        count -= own[-1][1]
    return tuple(own)


def count_characters(text: str) -> int:
    """How many characters of a text an origin counts."""
    return len(strip_spaces(text))


@dataclass(frozen=True, slots=True)
class Block:
    """One heading, paragraph or scene break.

    Attributes:
        text: in one line with single spaces; empty for a scene break.
        level: of a heading, 1 for the highest; 0 otherwise.
        is_silent: whether it names a chapter without being spoken.
        continues: whether the next block belongs to the same paragraph.
        speaker: a name of the cast; empty for the narrator.
        origin: its place in a book that has pages.
    """

    kind: BlockKind
    text: str = ""
    level: int = 0
    is_silent: bool = False
    annotations: tuple[Annotation, ...] = ()
    continues: bool = False
    speaker: str = ""
    origin: TextOrigin | None = None

    def write_markdown(self) -> str:
        """Write the text as Markdown, without annotations."""
        if self.kind is BlockKind.SCENE_BREAK:
            return "* * *"
        if self.kind is BlockKind.HEADING:
            return f"{'#' * max(1, min(self.level, MAX_HEADING_LEVEL))} {self.text}"
        return self.text


@dataclass(frozen=True, slots=True)
class Cover:
    """The picture of a book; `media_type` is such as `image/jpeg`."""

    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Document:
    """A story in reading order; strings are empty where the text states nothing.

    At least one block has text. `language` is a BCP 47 tag; `cover_name` and `lexicon_name` are
    files as the text names them; `music` plays from the beginning. With `must_honour_tags`, an
    engine that lacks an annotated element must be refused. `options` are as the text writes them;
    `warnings` are sentences on what the author may have meant otherwise.
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
    options: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def find_sound_files(self) -> dict[str, int]:
        """List the files that it plays, with the first line that names each."""
        lines: dict[str, int] = {}
        if self.music is not None:
            lines[self.music.file] = self.music.line
        for block in self.blocks:
            for annotation in block.annotations:
                file = annotation.attribute("file") if annotation.tag in SOUND_TAGS else ""
                if file:
                    lines.setdefault(file, annotation.line)
        return lines

    def write_markdown(self) -> str:
        """Write the text as Markdown, without annotations."""
        return "\n\n".join(block.write_markdown() for block in self.blocks) + "\n"


def heading(text: str, level: int) -> Block:
    """A heading with its white space folded."""
    return Block(BlockKind.HEADING, collapse_whitespace(text), level)


def paragraph(text: str) -> Block:
    """A paragraph with its white space folded."""
    return Block(BlockKind.PARAGRAPH, collapse_whitespace(text))


SCENE_BREAK = Block(BlockKind.SCENE_BREAK)


def build_line_error(text_name: str, line: int, reason: str) -> UnreadableText:
    """The error for a mistake in a line of a text."""
    return UnreadableText(f"{text_name} has a mistake in line {line}: {reason}.")


def split_names(written: str) -> frozenset[str]:
    """Split a list of names at white space."""
    return frozenset(written.split())


def has_words(text: str) -> bool:
    """Whether a text holds anything that a voice could say."""
    return _SPEAKABLE.search(text) is not None


def normalise_newlines(text: str) -> str:
    """Drop the byte order mark and use one kind of line break."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    return _LINE_BREAK.sub("\n", text).replace("\u2029", "\n\n")


def collapse_whitespace(text: str) -> str:
    """Fold white space; drop soft hyphens, controls and what XML 1.0 cannot carry."""
    return " ".join(_drop_invalid(text).split())


def _drop_invalid(text: str) -> str:
    """Drop what XML cannot carry; none of that is printable, which is quicker to ask."""
    return text if text.isprintable() else _NOT_XML.sub("", text)


def join_lines(lines: Iterable[str]) -> str:
    """Join wrapped lines; without a space in scripts that use none."""
    pieces: list[str] = []
    for line in filter(None, map(str.strip, lines)):
        if pieces and not (_NO_SPACE.match(pieces[-1][-1]) and _NO_SPACE.match(line[0])):
            pieces.append(" ")
        pieces.append(line)
    return "".join(pieces)


_LINE_BREAK = compile_lazily("[\r\v\f\x85\u2028]")
"""Word's line break is a vertical tab; a form feed ends a page."""

_SPEAKABLE = compile_lazily(r"[\p{L}\p{N}\p{Sc}\p{Sm}&%@]")
_NO_SPACE = compile_lazily(r"[\p{Han}\p{Hiragana}\p{Katakana}，。！？、；：「」『』（）…]")
# XML 1.0, production 2 (Char), negated, soft hyphens, and what terminals obey; white space is
# folded instead.
_NOT_XML = compile_lazily(
    r"[^\s\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]|[\x1C-\x1F\x7F-\x84\x86-\x9F\u00AD]"
)
