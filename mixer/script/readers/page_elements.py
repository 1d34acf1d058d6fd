"""The elements of a page that are read: which open blocks, how their words are set, their marks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mixer.lazy import compile_lazily
from mixer.script.document import has_words
from mixer.script.readers.headings import SUBTITLE_CHARS, is_counted_line
from mixer.script.readers.marks import describes_picture, is_ornament_name
from mixer.script.readers.open_block import LINE_BREAK, OpenBlock
from mixer.script.readers.page_blocks import BlockList
from mixer.script.readers.page_head import PageHead, parse_classes
from mixer.script.readers.page_marks import (
    BLOCK_TAGS,
    HEADING_LEVELS,
    SCRIPTS,
    Mark,
    MarkKind,
    find_level,
    find_mark,
    is_drop_cap_class,
    rewrite_mark,
)

MAX_MARK_PIECES = 12
"""Of the text between two tags; what consists of more is not a mark."""

CONTEXT_PIECES = 6
"""Before a mark, enough to see the word that it follows."""

MAX_OWNERS = 8
"""Elements around a block whose anchors are kept, the innermost."""

_LETTER = compile_lazily(r"[“‘\"'«„]?\p{L}")


@dataclass(slots=True)
class _Script:
    """An open element of MathML with two children."""

    tag: str
    depth: int
    children: int = 0


@dataclass(kw_only=True)
class PageElements:
    """The open elements of a page; depths are those of the outermost of a kind, 0 for none."""

    head: PageHead
    content: BlockList = field(default_factory=BlockList)
    pictures: list[str] = field(default_factory=list)
    note_links: dict[str, set[str]] = field(default_factory=dict)
    declared_notes: set[str] = field(default_factory=set)
    _marks: list[Mark] = field(default_factory=list)
    _scripts: list[_Script] = field(default_factory=list)
    _owners: list[tuple[int, str]] = field(default_factory=list)
    depth: int = 0
    _regions: list[tuple[int, str]] = field(default_factory=list)
    pre_depth: int = 0
    link: tuple[int, str] = (0, "")
    _line_depth: int = 0
    _cap_depth: int = 0
    strong_depth: int = 0

    def open_element(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Open an element that is read."""
        self._enter_region(tag, attributes)
        is_block = tag in BLOCK_TAGS or tag in HEADING_LEVELS
        if is_block:
            self._open_block(tag, attributes)
        elif tag in ("img", "image"):
            self.note_picture(tag, attributes)
            self._add_picture(attributes)
        else:
            self._open_inline(tag, attributes)
        self._open_script(tag)
        place = (self.depth, len(self.content.open.pieces))
        is_repeated = tag == "a" and attributes.get("href") in self.content.open.links
        mark = find_mark(tag, attributes, place, self.link[1], self.head.styles)
        if mark and not is_repeated:  # a page number in a line of contents refers to no note
            self._marks.append(mark)
        if not self.strong_depth and self.head.styles.is_strong(tag, attributes):
            self.strong_depth = self.depth

    def close_element(self, tag: str) -> None:
        """Close an element that was read."""
        if tag == "q":
            self.content.add_words("”")
        while self._marks and self._marks[-1].depth > self.depth:
            self._close_mark(self._marks.pop())
        while self._scripts and self._scripts[-1].depth > self.depth:
            self._scripts.pop()
        if tag in BLOCK_TAGS or tag in HEADING_LEVELS:
            self._close_block()
        else:
            self._close_inline()
        self.link = self.link if self.depth >= self.link[0] else (0, "")
        self.strong_depth = self.strong_depth if self.depth >= self.strong_depth else 0
        while self._regions and self._regions[-1][0] > self.depth:
            self._regions.pop()
        self.pre_depth = self.pre_depth if self.depth >= self.pre_depth else 0

    def _open_script(self, tag: str) -> None:
        """Open an element of a formula, which may be the second of a power, or of a fraction."""
        script = self._scripts[-1] if self._scripts else None
        if script and self.depth == script.depth + 1:
            script.children += 1
            kind = SCRIPTS[script.tag]
            if script.children == 2 and kind:  # noqa: PLR2004
                self._marks.append(Mark(kind, self.depth, len(self.content.open.pieces)))
            elif script.children == 2:  # noqa: PLR2004
                self.content.add_words("/")
        if tag in SCRIPTS:
            self._scripts.append(_Script(tag, self.depth))

    def _open_inline(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "hr":
            self.content.add_scene_break()
        elif tag == "br":
            self.content.add_words(LINE_BREAK)
        elif tag == "q":
            self.content.add_words("“")
        elif tag == "a" and attributes.get("href"):
            self.link = (self.depth, attributes["href"])
            self.content.open.targets.add(attributes["href"])
        if not self._line_depth and self.head.styles.has_own_line(attributes):
            self._line_depth, self.content.open.line_ended = self.depth, True
        is_cap = any(map(is_drop_cap_class, parse_classes(attributes)))
        if not self._cap_depth and (is_cap or self.head.styles.is_floating(attributes)):
            self._cap_depth = self.depth

    def _close_block(self) -> None:
        while self._owners and self._owners[-1][0] > self.depth:
            self._owners.pop()
        regions = self.list_regions()
        self.content.flush(OpenBlock(regions=regions, owners=self._list_owners(), is_tail=True))

    def _enter_region(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in ("main", "article") or attributes.get("role") == "main":
            self._regions.append((self.depth, "article" if tag == "article" else "main"))

    def list_regions(self) -> frozenset[str]:
        """Which of `main` and `article` the open block stands in."""
        return frozenset(name for depth, name in self._regions if depth <= self.depth)

    def _list_owners(self) -> frozenset[str]:
        return frozenset(each for _, each in self._owners[-MAX_OWNERS:])

    def _close_inline(self) -> None:
        block = self.content.open
        if self._line_depth > self.depth:
            self._line_depth, block.line_ended = 0, True
        if block.level and not block.has_drop_cap and block.count_chars() <= SUBTITLE_CHARS:
            block.number_ended = is_counted_line("".join(block.pieces[:MAX_MARK_PIECES]))
        if self._cap_depth > self.depth:
            self._cap_depth = 0
            block.has_drop_cap = _LETTER.fullmatch("".join(block.pieces[-2:]).strip()) is not None

    def _open_block(self, tag: str, attributes: Mapping[str, str]) -> None:
        own = find_anchors(attributes)
        classes = parse_classes(attributes)
        self._owners += [(self.depth, each) for each in own]
        self.content.anchors -= own
        self.content.flush(
            OpenBlock(
                level=find_level(tag, attributes),
                is_drop_cap=any(map(is_drop_cap_class, classes)),
                is_ornament=any(map(is_ornament_name, classes)),
                regions=self.list_regions(),
                label=attributes.get("title", ""),
                owners=self._list_owners(),
                ids=own,
            )
        )
        self.content.anchors |= own
        if tag == "pre" and not self.pre_depth:
            self.pre_depth = self.depth

    def note_picture(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Note where a picture is."""
        names = ("src", "xlink:href", "href") if tag in ("img", "image") else ()
        self.pictures += [attributes[name] for name in names if attributes.get(name)]

    def _add_picture(self, attributes: Mapping[str, str]) -> None:
        alt = attributes.get("alt", "")
        block = self.content.open
        if is_ornament_name(alt) or any(map(is_ornament_name, parse_classes(attributes))):
            block.is_ornament = True
        elif _LETTER.fullmatch(alt):
            self.content.add_words(alt, self.link[1])
            block.has_drop_cap = True
        elif describes_picture(alt):
            block.add_picture(alt)

    def _close_mark(self, mark: Mark) -> None:
        block = self.content.open
        if len(block.pieces) - mark.at > MAX_MARK_PIECES:
            return
        before = "".join(block.pieces[max(0, mark.at - CONTEXT_PIECES) : mark.at])
        rewritten = rewrite_mark(mark, before, "".join(block.pieces[mark.at :]))
        if rewritten is None:
            return
        if rewritten.is_note and mark.kind is MarkKind.SUPERSCRIPT and not mark.link:
            self._note_raised(block, before, "".join(block.pieces[mark.at :]).strip("[]() .\n"))
        if rewritten.is_note and mark.link:
            block.is_note = block.is_note or not has_words(before)
            if rewritten.is_reference and any(map(str.isalpha, before)):
                self.add_note(mark.link)
                if any(each.kind is MarkKind.SUPERSCRIPT for each in (mark, *self._marks)):
                    self.declared_notes.add(mark.link)
        self.content.page_ended |= rewritten.is_page_number
        block.rewrite(mark.at, rewritten.text)

    @staticmethod
    def _note_raised(block: OpenBlock, before: str, number: str) -> None:
        """Note a number that is left out: of a note, or in front of one."""
        if has_words(before):
            block.raised.add(number)
        elif not block.own_mark:
            block.own_mark = number

    def add_note(self, link: str) -> None:
        """Add a reference to a note."""
        self.note_links.setdefault(link, set()).update(self.content.open.ids)


def find_anchors(attributes: Mapping[str, str]) -> set[str]:
    """The names by which links lead to an element."""
    return {attributes[name] for name in ("id", "name") if attributes.get(name)}
