"""The blocks of a page, built from its words in reading order."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from mixer.lazy import compile_lazily
from mixer.script.document import (
    SCENE_BREAK,
    Block,
    BlockKind,
    TextOrigin,
    has_words,
    heading,
    join_lines,
    paragraph,
    take_spans,
)
from mixer.script.readers.headings import is_counted_line, join_title
from mixer.script.readers.marks import fold_title, is_ornament, is_picture_note
from mixer.script.readers.open_block import LINE_BREAK, OpenBlock

MAX_VERSE_LINE_CHARS = 60
"""Longer lines between line breaks are prose that was wrapped by hand."""

MAX_DROP_CAP_CHARS = 2
"""A letter, and perhaps the quotation mark before it."""

_PRONOUN_VERB = compile_lazily(
    r"(?:am|was|had|have|will|would|could|can|did|do|saw|said|shall|should|must|went|knew|left|came"
    r"|took|felt|thought|found|looked|asked|sat|stood|walked|turned|remember|woke|know|think|never"
    r"|always|once|first|used|wish|hope|want|wanted|love|loved|got|gave|put|ran|wrote|grew|met)\b"
)
_BROKEN_OFF = compile_lazily(r"[\p{Ll},-]$")


class AnchoredBlock(NamedTuple):
    """A block, the page's anchors that lead to it, and where its own links lead.

    `anchors` holds `id` and `name` attributes since the previous block, the block's own included;
    `links` is empty unless all words are links; `is_note` where it begins with a link back, which
    may be all of a paragraph before it (`has_lone_mark`). `owners` are the anchors of elements
    around it, `targets` where all its links lead, those of marks included. `precedes_note` where
    notes behind it were left out, `is_strong` where it is all in bold type. `regions` are `main`
    and `article` where it stands in them. `raised` are numbers without a link that were left out,
    `own_mark` one in front of all words.
    """

    block: Block
    anchors: frozenset[str]
    links: frozenset[str] = frozenset()
    is_note: bool = False
    has_lone_mark: bool = False
    regions: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    precedes_note: bool = False
    is_strong: bool = False
    raised: frozenset[str] = frozenset()
    own_mark: str = ""

    @property
    def is_heading(self) -> bool:
        """Whether it is a heading."""
        return self.block.kind is BlockKind.HEADING


@dataclass(frozen=True, slots=True)
class WebPage:
    """The readable content of a page; strings are empty where the page states nothing.

    Attributes:
        types: `epub:type` and `role` of the body and its sections.
        is_picture: whether all words describe pictures.
        last_anchors: anchors behind the last block.
        pictures: addresses of its pictures, as written.
        note_links: addresses of its references to notes, as written, with the anchors there.
        declared_notes: addresses of those that say that they are references to notes.
    """

    blocks: tuple[AnchoredBlock, ...]
    title: str = ""
    author: str = ""
    language: str = ""
    description: str = ""
    types: frozenset[str] = frozenset()
    is_picture: bool = False
    last_anchors: frozenset[str] = frozenset()
    pictures: tuple[str, ...] = ()
    note_links: Mapping[str, frozenset[str]] = field(default_factory=dict)
    declared_notes: frozenset[str] = frozenset()


@dataclass
class BlockList:
    """Blocks in reading order, with the one that is open; `path` is that of a page in a book."""

    path: str = ""
    blocks: list[AnchoredBlock] = field(default_factory=list)
    open: OpenBlock = field(default_factory=OpenBlock)
    anchors: set[str] = field(default_factory=set)
    page_ended: bool = False
    _drop_cap: str = ""
    _drop_spans: deque[tuple[int, int]] = field(default_factory=deque)
    _caption: str = ""
    _lone_mark: OpenBlock | None = None

    def add_words(
        self, data: str, link: str = "", place: int = -1, *, is_strong: bool = False
    ) -> None:
        """Add words to the open block; anchors before them lead to it."""
        if self.open.late_anchors and not data.isspace():
            self.anchors |= self.open.late_anchors
            self.open.late_anchors = set()
        self.open.add_words(data, link, place, is_strong=is_strong)

    def add_anchors(self, anchors: Iterable[str]) -> None:
        """Add anchors: behind the words of a block they lead to the next."""
        (self.open.late_anchors if self.open.has_own_words else self.anchors).update(anchors)
        self.open.ids.update(anchors)

    def mark_note(self) -> None:
        """Note that notes are left out here."""
        if self.blocks and not self.open.has_own_words:
            self.blocks[-1] = self.blocks[-1]._replace(precedes_note=True)

    def add_scene_break(self) -> None:
        """Add a scene break."""
        self.flush(OpenBlock())
        self._append([SCENE_BREAK])

    def flush(self, following: OpenBlock) -> None:
        """End the open block, and open the following one."""
        finished, self.open = self.open, following
        if finished.is_empty():
            self.anchors |= finished.late_anchors
            return
        finished.drop_repeated_alt()
        paragraphs = split_paragraphs("".join(finished.pieces))
        text = _join_heading(paragraphs) if finished.level else ""
        text = text or join_lines(line for lines in paragraphs for line in lines)
        if not text and finished.label and finished.level:
            text, paragraphs = finished.label, [[finished.label]]
        if finished.is_note and not has_words(text):
            self._add_lone_mark(finished)
        elif not is_picture_note(text):
            self._close(finished, paragraphs, text)

    def _add_lone_mark(self, mark: OpenBlock) -> None:
        """Add a link back: it belongs to the next block, or ends the note of the one before."""
        last = self.blocks[-1] if self.blocks else None
        if last is not None and mark.is_tail and mark.owners and mark.owners <= last.owners:
            self.blocks[-1] = last._replace(targets=last.targets | mark.targets)
        else:
            self._lone_mark = mark

    def _close(self, finished: OpenBlock, paragraphs: list[list[str]], text: str) -> None:
        if self.path:
            finished.finish()
        if finished.is_drop_cap and 0 < len(text) <= MAX_DROP_CAP_CHARS:
            self._drop_cap, self._drop_spans = text, finished.spans
        elif has_words(self._drop_cap + text) and (finished.level or not is_ornament(text)):
            if text:
                self._append_text(finished, paragraphs, text)
        elif (text or finished.is_ornament) and not finished.level:
            self._append([SCENE_BREAK])
        self.anchors |= finished.late_anchors

    def _append_text(self, finished: OpenBlock, paragraphs: list[list[str]], text: str) -> None:
        if self._drop_cap:
            finished.spans.extendleft(reversed(self._drop_spans))
            paragraphs[0][0] = join_drop_cap(self._drop_cap, paragraphs[0][0])
            text, self._drop_cap = join_drop_cap(self._drop_cap, text), ""
        is_caption = text == self._caption
        if self._caption and not is_caption and fold_title(self._caption) in fold_title(text):
            self.anchors |= self.blocks.pop().anchors
        self._caption = "" if finished.has_own_words else text
        if is_caption or (self.page_ended and self._continue_paragraph(finished, text)):
            return
        self.page_ended = False
        if finished.level:
            self._append([heading(text, finished.level)], finished)
        for lines in [] if finished.level else paragraphs:
            self._append(build_paragraph(lines), finished)

    def _continue_paragraph(self, finished: OpenBlock, text: str) -> bool:
        """Join a paragraph that a page number divided."""
        self.page_ended = False
        last = self.blocks[-1] if self.blocks else None
        if last is None or finished.level or last.block.kind is not BlockKind.PARAGRAPH:
            return False
        before = last.block.text
        if not is_broken_off(before, text):
            return False
        is_hyphenated = before.endswith("-")
        joined = before[:-1] + text if is_hyphenated else f"{before} {text}"
        block = replace(last.block, text=joined)
        if last.block.origin is not None:
            held = sum(count for _, count in last.block.origin.spans) - is_hyphenated
            more = finished.take_origin(self.path, text).spans
            spans = (*take_spans(deque(last.block.origin.spans), held), *more)
            block = replace(block, origin=TextOrigin(self.path, spans))
        self.blocks[-1] = last._replace(block=block)
        return True

    def _append(self, blocks: Iterable[Block], finished: OpenBlock | None = None) -> None:
        state = finished or OpenBlock()
        lone, self._lone_mark = self._lone_mark, None
        links = frozenset() if state.has_unlinked_words else frozenset(state.links)
        for block in blocks:
            anchors, self.anchors = frozenset(self.anchors), set()
            if self.path and finished is not None:
                block = replace(block, origin=finished.take_origin(self.path, block.text))  # noqa: PLW2901
            self.blocks.append(
                AnchoredBlock(
                    block,
                    anchors,
                    links,
                    is_note=state.is_note or lone is not None,
                    has_lone_mark=lone is not None,
                    regions=state.regions,
                    owners=state.owners,
                    is_strong=state.is_strong and state.has_own_words,
                    raised=frozenset(state.raised),
                    own_mark=state.own_mark,
                    targets=frozenset(state.targets | (lone.targets if lone else set())),
                )
            )


def _join_heading(paragraphs: list[list[str]]) -> str:
    """A chapter's number and the name below it as one heading; empty for any other."""
    lines = [line for lines in paragraphs for line in lines]
    if len(lines) > 1 and is_counted_line(lines[0]):
        return join_title(lines[0], join_lines(lines[1:]))
    return ""


def is_broken_off(before: str, text: str) -> bool:
    """Whether a paragraph stops inside a sentence that the next one continues."""
    return _BROKEN_OFF.search(before) is not None and text[:1].islower()


def split_paragraphs(text: str) -> list[list[str]]:
    """The lines of each paragraph: one line break ends a line, two a paragraph."""
    if "\n" not in text and LINE_BREAK not in text:
        line = text.strip()
        return [[line]] if line else []
    paragraphs: list[list[str]] = [[]]
    for part in text.split(LINE_BREAK):
        line = join_lines(part.split("\n"))
        if line:
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    return [lines for lines in paragraphs if lines]


def build_paragraph(lines: list[str]) -> list[Block]:
    """A paragraph, or a paragraph of verse whose lines are spoken one by one."""
    if len(lines) == 1:
        return [paragraph(lines[0])]
    is_verse = all(len(line) <= MAX_VERSE_LINE_CHARS for line in lines)
    if is_verse and all(map(has_words, lines)):
        return build_verse(lines)
    return [paragraph(join_lines(lines))]


def build_verse(lines: Iterable[str]) -> list[Block]:
    """A paragraph of one block a line, so that each is followed by a rest."""
    blocks = [replace(paragraph(line), continues=True) for line in lines]
    return [*blocks[:-1], replace(blocks[-1], continues=False)]


def join_drop_cap(letter: str, text: str) -> str:
    """A letter that was set large, and the text that it begins."""
    is_word = letter.strip("“‘\"'«„") == "I" and _PRONOUN_VERB.match(text)
    return f"{letter} {text}" if is_word else letter + text
