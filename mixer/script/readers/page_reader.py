"""Reads the elements of a page: what its reader would read, without links and decoration.

libxml2's lenient parser reads it, since pages and books are seldom well-formed: it is linear, loads
nothing and expands only character references, so a text cannot grow while it is read. Its events
build blocks directly, without a tree. Which elements are left out is decided in `page_marks`; what
only the whole page shows (notes, tables of contents) in `web_page`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import regex

from mixer.errors import UnreadableText
from mixer.lazy import compile_lazily
from mixer.script.document import count_characters, normalise_newlines
from mixer.script.readers.marks import is_ornament
from mixer.script.readers.open_block import LINE_BREAK, OpenBlock
from mixer.script.readers.page_blocks import BlockList, WebPage
from mixer.script.readers.page_elements import PageElements, find_anchors
from mixer.script.readers.page_head import (
    NO_STYLES,
    PageHead,
    PageStyles,
    drop_reading_time,
    is_decoration,
    parse_types,
)
from mixer.script.readers.page_marks import (
    BLOCK_TAGS,
    is_for_listeners,
    is_note_element,
    is_note_reference,
    is_page_class,
    is_skipped,
)

MAX_DEPTH = 1_000
"""Of elements in each other; browsers stop at 512."""

RAW_TAGS = frozenset({"script", "style"})
"""Their content is not text of the page."""

_DOCTYPE = compile_lazily(
    r"\s*+(?:<\?xml[^>]*+>\s*+)?+<!DOCTYPE[^\[>]*+\[[^\]]*+\]\s*+>", regex.IGNORECASE
)
_MAIN = compile_lazily(r"""<main\b|<\w[^<>]{0,200}\brole=["']?main\b""", regex.IGNORECASE)
_SURROGATE = compile_lazily(r"[\ud800-\udfff]")
_CDATA = "[CDATA["
_WORD_LIST_MARK = "[if !supportLists"


def read_page(
    text: str,
    name: str = "The page",
    *,
    is_site: bool = False,
    styles: PageStyles = NO_STYLES,
    path: str = "",
    check_time: Callable[[], None] = lambda: None,
) -> WebPage:
    """Read a page with the anchors of its blocks.

    Args:
        name: what to call it in errors.
        is_site: whether it is a page of the web, with the decoration that sites have.
        styles: of its style sheets; its own are added.
        path: of a page in a book, whose blocks have their origin.
        check_time: called for each element; an error that it raises ends the reading.

    Raises:
        UnreadableText: its elements are nested too deeply.
    """
    from lxml import etree

    head, content = PageHead(styles), BlockList(path)
    reader = _PageReader(
        name=name, is_site=is_site, check_time=check_time, head=head, content=content
    )
    reader.has_main = is_site and _MAIN.search(text) is not None
    text = _DOCTYPE.sub("", _SURROGATE.sub("\ufffd", normalise_newlines(text)), count=1)
    if text.strip():
        parser = etree.HTMLParser(
            target=cast(Any, reader), huge_tree=True, recover=True, no_network=True
        )
        parser.feed(text)
        parser.close()
    return reader.build_page()


@dataclass(kw_only=True)
class _PageReader(PageElements):
    """Reads the elements that lxml reports; the parser sees to it that they nest."""

    name: str
    is_site: bool
    check_time: Callable[[], None]
    has_main: bool = False
    has_own_words: bool = False
    _skipped: tuple[int, str] = (0, "")
    _hides_block: bool = False
    _list_mark_depth: int | None = None
    _is_raw: bool = False
    _characters: int = 0

    def build_page(self) -> WebPage:
        self.content.flush(OpenBlock())
        return WebPage(
            blocks=tuple(self.content.blocks),
            title="".join(self.head.title).strip(),
            author=self.head.metadata.get("author", ""),
            language=self.head.metadata.get("language", ""),
            description=self.head.metadata.get("description", ""),
            types=frozenset(self.head.types),
            is_picture=not self.has_own_words,
            last_anchors=frozenset(self.content.anchors),
            pictures=tuple(self.pictures),
            note_links={link: frozenset(ids) for link, ids in self.note_links.items()},
            declared_notes=frozenset(self.declared_notes),
        )

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Open an element."""
        attributes = dict(attributes)  # the parser's own mapping raises an error for each miss
        self.check_time()
        self.depth += 1
        self._is_raw = tag in RAW_TAGS
        if self.depth > MAX_DEPTH:
            raise UnreadableText(
                f"{self.name} cannot be read: its elements are nested more than {MAX_DEPTH:,} deep."
            )
        self.head.open_element(tag, attributes, self._skipped[1])
        if self._skipped[0]:
            self.note_picture(tag, attributes)
            return
        block = self.content.open
        is_instead = block.has_hidden and is_for_listeners(attributes)
        if (is_skipped(tag, attributes, self.head.styles) and not is_instead) or (
            self._may_be_decoration() and is_decoration(tag, attributes, self.depth)
        ):
            self._skip_element(tag, attributes)
        else:
            self.content.add_anchors(find_anchors(attributes))
            self.open_element(tag, attributes)

    def _may_be_decoration(self) -> bool:
        """Of a site; what surrounds its main part is never read, and may be called anything."""
        return self.is_site and (not self.has_main or bool(self.list_regions()))

    def end(self, tag: str) -> None:
        """Close an element."""
        self.depth -= 1
        self._is_raw = False
        if self._list_mark_depth is not None and self.depth <= self._list_mark_depth:
            self._list_mark_depth = None  # tools drop the comment that ends it
        self.head.close_element(tag)
        if self._skipped[0]:
            if self.depth < self._skipped[0]:
                self._skipped, self._hides_block = (0, ""), False
            return
        self.close_element(tag)

    def data(self, data: str) -> None:
        """Read the text between two tags."""
        place = self._count(data) if self.content.path and not self._is_raw else -1
        if self.head.add_text(data):
            return
        if self._hides_block and is_ornament(data):
            self.content.add_scene_break()
        if not self._skipped[0] and self._list_mark_depth is None:
            words = data.replace("\n", LINE_BREAK) if self.pre_depth else data
            words = drop_reading_time(words) if self.is_site else words
            self.content.add_words(words, self.link[1], place, is_strong=bool(self.strong_depth))
            self.has_own_words = self.has_own_words or self.content.open.has_own_words

    def _count(self, data: str) -> int:
        """Count characters of the page; returns the number of the first."""
        before = self._characters
        self._characters += count_characters(data)
        return before

    def comment(self, text: str) -> None:
        """Read a comment: a section of character data, or a mark of Word around list numbers."""
        self._list_mark_depth = self.depth if text.startswith(_WORD_LIST_MARK) else None
        if text.startswith(_CDATA):
            self.data(text.removeprefix(_CDATA).removesuffix("]]"))

    def close(self) -> None:
        """End the page."""

    def _skip_element(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._skipped = (self.depth, tag)
        is_note = is_note_element(attributes)
        self._hides_block = tag in BLOCK_TAGS and attributes.get("aria-hidden") == "true"
        self.content.open.has_hidden |= attributes.get("aria-hidden") == "true"
        if not is_note:
            self.content.add_anchors(find_anchors(attributes))
        if "#" in attributes.get("href", ""):
            self.content.open.targets.add(attributes["href"])
            self.content.open.has_gap = tag == "a"
            if is_note_reference(attributes):
                self.add_note(attributes["href"])
                self.declared_notes.add(attributes["href"])
        if tag == "math" and attributes.get("alttext"):
            self.content.add_words(f" {attributes['alttext']} ")
        is_page_break = bool(parse_types(attributes) & {"pagebreak", "doc-pagebreak"})
        if tag in BLOCK_TAGS:
            self.content.flush(OpenBlock(regions=self.list_regions()))
            self.content.page_ended |= is_page_break or is_page_class(attributes)
        if is_note:
            self.content.mark_note()
