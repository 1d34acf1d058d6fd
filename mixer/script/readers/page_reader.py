"""Reads the elements of a page: what its reader would read, without links and decoration.

libxml2's lenient parser reads it, since pages and books are seldom well-formed: it is linear, loads
nothing and expands only character references, so a text cannot grow while it is read. Its events
build blocks directly, without a tree. Which elements are left out is decided in `page_marks`; what
only the whole page shows (notes, tables of contents) in `web_page`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import regex

from mixer.errors import UnreadableText
from mixer.script.document import count_characters, normalise_newlines
from mixer.script.readers.marks import describes_picture, is_ornament_name
from mixer.script.readers.page_blocks import LINE_BREAK, BlockList, OpenBlock, WebPage
from mixer.script.readers.page_marks import (
    BLOCK_TAGS,
    HEADING_LEVELS,
    Mark,
    find_hidden_classes,
    find_mark,
    is_decoration,
    is_page_class,
    is_skipped,
    parse_classes,
    parse_types,
    rewrite_mark,
)

MAX_DEPTH = 1_000
"""Of elements in each other; browsers stop at 512."""

MAX_MARK_PIECES = 12
"""Of the text between two tags; what consists of more is not a mark."""

CONTEXT_PIECES = 6
"""Before a mark, enough to see the word that it follows."""

RAW_TAGS = frozenset({"script", "style"})
"""Their content is not text of the page."""

_DOCTYPE = regex.compile(
    r"\s*+(?:<\?xml[^>]*+>\s*+)?+<!DOCTYPE[^\[>]*+\[[^\]]*+\]\s*+>", regex.IGNORECASE
)
_SURROGATE = regex.compile(r"[\ud800-\udfff]")
_CDATA = "[CDATA["
_WORD_LIST_MARK = "[if !supportLists"
_LETTER = regex.compile(r"[“‘\"'«„]?\p{L}")


def read_page(
    text: str,
    name: str = "The page",
    *,
    is_site: bool = False,
    hidden_classes: frozenset[str] = frozenset(),
    path: str = "",
    check_time: Callable[[], None] = lambda: None,
) -> WebPage:
    """Read a page with the anchors of its blocks.

    Args:
        name: what to call it in errors.
        is_site: whether it is a page of the web, with the decoration that sites have.
        hidden_classes: classes that a style sheet hides.
        path: of a page in a book, whose blocks have their origin.
        check_time: called for each element; an error that it raises ends the reading.

    Raises:
        UnreadableText: its elements are nested too deeply.
    """
    from lxml import etree

    reader = _PageReader(name, is_site, hidden_classes, check_time, BlockList(path))
    text = _DOCTYPE.sub("", _SURROGATE.sub("\ufffd", normalise_newlines(text)), count=1)
    if text.strip():
        parser = etree.HTMLParser(
            target=cast(Any, reader), huge_tree=True, recover=True, no_network=True
        )
        parser.feed(text)
        parser.close()
    return reader.build_page()


@dataclass
class _PageReader:
    """Reads the elements that lxml reports; the parser sees to it that they nest."""

    name: str
    is_site: bool
    hidden_classes: frozenset[str]
    check_time: Callable[[], None]
    content: BlockList = field(default_factory=BlockList)
    title: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)
    pictures: list[str] = field(default_factory=list)
    note_links: set[str] = field(default_factory=set)
    has_own_words: bool = False
    _marks: list[Mark] = field(default_factory=list)
    _style: list[str] = field(default_factory=list)
    _depth: int = 0
    _skipped: tuple[int, str] = (0, "")
    _main_depth: int = 0
    _pre_depth: int = 0
    _link: tuple[int, str] = (0, "")
    _in_title: bool = False
    _in_style: bool = False
    _in_list_mark: bool = False
    _is_raw: bool = False
    _characters: int = 0

    def build_page(self) -> WebPage:
        self.content.flush(OpenBlock())
        return WebPage(
            blocks=tuple(self.content.blocks),
            title="".join(self.title).strip(),
            author=self.metadata.get("author", ""),
            language=self.metadata.get("language", ""),
            description=self.metadata.get("description", ""),
            types=frozenset(self.types),
            is_picture=not self.has_own_words,
            last_anchors=frozenset(self.content.anchors),
            pictures=tuple(self.pictures),
            note_links=frozenset(self.note_links),
        )

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Open an element."""
        self.check_time()
        self._depth += 1
        self._is_raw = tag in RAW_TAGS
        if self._depth > MAX_DEPTH:
            raise UnreadableText(
                f"{self.name} cannot be read: its elements are nested more than {MAX_DEPTH:,} deep."
            )
        self._read_metadata(tag, attributes)
        if self._skipped[0]:
            self._note_picture(tag, attributes)
            return
        self.content.add_anchors(_find_anchors(attributes))
        if is_skipped(tag, attributes, self.hidden_classes) or (
            self.is_site and is_decoration(tag, attributes, self._depth)
        ):
            self._skip_element(tag, attributes)
        else:
            self._open_element(tag, attributes)

    def end(self, tag: str) -> None:
        """Close an element."""
        self._depth -= 1
        self._in_title = self._is_raw = False
        if tag == "style":
            self._close_style()
        if self._skipped[0]:
            if self._depth < self._skipped[0]:
                self._skipped = (0, "")
            return
        while self._marks and self._marks[-1].depth > self._depth:
            self._close_mark(self._marks.pop())
        if tag in BLOCK_TAGS or tag in HEADING_LEVELS:
            self.content.flush(OpenBlock(is_main=self._depth >= self._main_depth > 0))
        self._link = self._link if self._depth >= self._link[0] else (0, "")
        self._main_depth = self._main_depth if self._depth >= self._main_depth else 0
        self._pre_depth = self._pre_depth if self._depth >= self._pre_depth else 0

    def _close_style(self) -> None:
        self.hidden_classes |= find_hidden_classes("".join(self._style))
        self._style, self._in_style = [], False

    def data(self, data: str) -> None:
        """Read the text between two tags."""
        place = self._count(data) if self.content.path and not self._is_raw else -1
        if self._in_title:
            self.title.append(data)
        elif self._in_style:
            self._style.append(data)
        elif not self._skipped[0] and not self._in_list_mark:
            words = data.replace("\n", LINE_BREAK) if self._pre_depth else data
            self.content.add_words(words, self._link[1], place)
            self.has_own_words = self.has_own_words or self.content.open.has_own_words

    def _count(self, data: str) -> int:
        """Count characters of the page; returns the number of the first."""
        before = self._characters
        self._characters += count_characters(data)
        return before

    def comment(self, text: str) -> None:
        """Read a comment: a section of character data, or a mark of Word around list numbers."""
        self._in_list_mark = text.startswith(_WORD_LIST_MARK)
        if text.startswith(_CDATA):
            self.data(text.removeprefix(_CDATA).removesuffix("]]"))

    def close(self) -> None:
        """End the page."""

    def _read_metadata(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in ("html", "body"):
            language = attributes.get("lang") or attributes.get("xml:lang")
            self.metadata["language"] = language or self.metadata.get("language", "")
        elif tag == "title":
            self._in_title = not self.title and self._skipped[1] in ("", "head")
        elif tag == "meta":
            self.metadata[attributes.get("name", "").lower()] = attributes.get("content", "")
        elif tag == "style":
            self._in_style = True
        if tag in ("body", "section"):
            self.types |= parse_types(attributes)

    def _skip_element(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._skipped = (self._depth, tag)
        if "#" in attributes.get("href", ""):
            self.note_links.add(attributes["href"])
            self.content.open.has_gap = tag == "a"
        if tag == "math" and attributes.get("alttext"):
            self.content.add_words(f" {attributes['alttext']} ")
        is_page_break = bool(parse_types(attributes) & {"pagebreak", "doc-pagebreak"})
        if tag in BLOCK_TAGS:
            self.content.flush(OpenBlock(is_main=self._main_depth > 0))
            self.content.page_ended |= is_page_break or is_page_class(attributes)

    def _open_element(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "main" and not self._main_depth:
            self._main_depth = self._depth
        if tag in HEADING_LEVELS or tag in BLOCK_TAGS:
            self._open_block(tag, attributes)
        elif tag == "hr":
            self.content.add_scene_break()
        elif tag == "br":
            self.content.add_words(LINE_BREAK)
        elif tag in ("img", "image"):
            self._note_picture(tag, attributes)
            self._add_picture(attributes)
        elif tag == "a" and attributes.get("href"):
            self._link = (self._depth, attributes["href"])
        at = len(self.content.open.pieces)
        if mark := find_mark(tag, attributes, self._depth, at, self._link[1]):
            self._marks.append(mark)

    def _open_block(self, tag: str, attributes: Mapping[str, str]) -> None:
        own = _find_anchors(attributes)
        classes = parse_classes(attributes)
        self.content.anchors -= own
        self.content.flush(
            OpenBlock(
                level=HEADING_LEVELS.get(tag, 0),
                is_drop_cap=any("drop" in each or each == "initial" for each in classes),
                is_ornament=any(map(is_ornament_name, classes)),
                is_main=self._main_depth > 0,
            )
        )
        self.content.anchors |= own
        if tag == "pre" and not self._pre_depth:
            self._pre_depth = self._depth

    def _note_picture(self, tag: str, attributes: Mapping[str, str]) -> None:
        names = ("src", "xlink:href", "href") if tag in ("img", "image") else ()
        self.pictures += [attributes[name] for name in names if attributes.get(name)]

    def _add_picture(self, attributes: Mapping[str, str]) -> None:
        alt = attributes.get("alt", "")
        block = self.content.open
        if is_ornament_name(alt) or any(map(is_ornament_name, parse_classes(attributes))):
            block.is_ornament = True
        elif _LETTER.fullmatch(alt):
            self.content.add_words(alt, self._link[1])
        elif describes_picture(alt):
            block.add_piece(f" {alt} ")
            block.has_unlinked_words = True

    def _close_mark(self, mark: Mark) -> None:
        block = self.content.open
        if len(block.pieces) - mark.at > MAX_MARK_PIECES:
            return
        before = "".join(block.pieces[max(0, mark.at - CONTEXT_PIECES) : mark.at])
        rewritten = rewrite_mark(mark, before, "".join(block.pieces[mark.at :]))
        if rewritten is None:
            return
        if rewritten.is_note and mark.link:
            self.note_links.add(mark.link)
            block.is_note = block.is_note or not before.strip()
        self.content.page_ended |= rewritten.is_page_number
        block.rewrite(mark.at, rewritten.text)


def _find_anchors(attributes: Mapping[str, str]) -> set[str]:
    return {attributes[name] for name in ("id", "name") if attributes.get(name)}
