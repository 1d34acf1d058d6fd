"""The table of contents of an EPUB, EPUB 3's or EPUB 2's NCX, and the chapters that it opens."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from mixer.errors import ObjectTooLarge, UnreadableText
from mixer.script.document import Block, BlockKind, heading, split_names
from mixer.script.readers.archive import Archive, has_scheme, split_reference
from mixer.script.readers.epub_package import EpubPackage
from mixer.script.readers.headings import CHAPTER_LEVEL, is_counted_line
from mixer.script.readers.marks import fold_title, is_cover_title
from mixer.script.readers.package_xml import (
    find_all,
    find_children,
    get_attribute,
    get_text,
    local_name,
    parse_xml,
)
from mixer.script.readers.page_blocks import AnchoredBlock, WebPage

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_FRONT_TITLES = split_names(
    "titlepage halftitle halftitlepage copyright copyrightpage copyrightnotice imprint contents "
    "tableofcontents dedication"
)
"""Titles of files before a story, folded."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table of contents; `fragment` is empty for the file's beginning.

    `level` is known of EPUB 2's tables only.
    """

    path: str
    fragment: str
    title: str
    level: int = 1


def read_contents(archive: Archive, package: EpubPackage) -> tuple[Entry, ...]:
    """Read the table of contents from the first source that has one; may be empty.

    A source that is damaged is passed over: then headings mark the chapters.
    """
    navs = [item.path for item in package.items.values() if "nav" in item.properties]
    sources = [(path, _read_nav_entries) for path in navs]
    sources += [(package.ncx, _read_ncx_entries)] if package.ncx else []
    for path, read_entries in sources:
        if path in archive:
            try:
                entries = tuple(read_entries(archive, path))
            except (UnreadableText, ObjectTooLarge):
                continue
            if entries:
                return entries
    return ()


def _read_nav_entries(archive: Archive, path: str) -> Iterator[Entry]:
    navs = list(find_all(parse_xml(archive, path), "nav"))
    typed = [nav for nav in navs if "toc" in get_attribute(nav, "type").split()]
    for nav in typed[:1] or navs[:1]:
        for link in find_all(nav, "a"):
            yield from _build_entries(archive, path, link.get("href", ""), link)


def _read_ncx_entries(archive: Archive, path: str) -> Iterator[Entry]:
    for nav_map in find_all(parse_xml(archive, path), "navMap"):
        for point, level in _iter_points(nav_map, 1):
            source = next(iter(find_children(point, "content")), None)
            label = next(iter(find_children(point, "navLabel")), None)
            if source is not None and label is not None:
                for entry in _build_entries(archive, path, source.get("src", ""), label):
                    yield replace(entry, level=level)


def _iter_points(parent: "Element", level: int) -> Iterator[tuple["Element", int]]:
    for element in parent:
        is_point = local_name(element) == "navPoint"
        if is_point:
            yield element, level
        yield from _iter_points(element, level + is_point)


def _build_entries(
    archive: Archive, path: str, reference: str, label: "Element"
) -> Iterator[Entry]:
    title = get_text(label)
    if not title or has_scheme(reference):
        return
    where, fragment = split_reference(reference)
    target = archive.find(archive.resolve_path(reference, path)) if where else path
    yield Entry(target, fragment, title)


def index_chapter_titles(entries: Sequence[Entry]) -> dict[str, dict[str, str]]:
    """The title at each fragment of each file; of several, the first."""
    titles = dict[str, dict[str, str]]()
    for entry in entries:
        titles.setdefault(entry.path, {}).setdefault(entry.fragment, entry.title)
    return titles


def is_front(titles: Mapping[str, str]) -> bool:
    """Whether the contents name a file as one of those before a story, such as the title page."""
    return fold_title(titles.get("", "")) in _FRONT_TITLES


@dataclass
class ChapterOpenings:
    """Where the contents point into a file, and the titles that wait for their block.

    `blocks` are those of the page that are read, `levels` those of headings that the contents name:
    another of such a level opens a chapter as well, unless it stands below a heading.
    """

    page: WebPage
    blocks: Sequence[AnchoredBlock]
    titles: dict[str, str]
    waiting: list[str]
    levels: set[int]

    def insert_headings(self) -> Iterator[Block]:
        """A file's blocks, with a heading where a chapter opens."""
        self._claim_beginning()
        is_below, opened = False, ""
        for each, following in zip_longest(self.blocks, self.blocks[1:]):
            self._claim(each.anchors)
            if following is not None and self._is_numbered(each, following):
                self._claim(following.anchors)
            is_below = is_below or (each.is_heading and fold_title(each.block.text) in opened)
            opens = each.is_heading and not is_below and each.block.level in self.levels
            is_below = each.is_heading
            opened = fold_title(self.waiting[-1]) if self.waiting else opened * (not opens)
            if opens and not self.waiting:
                yield replace(each.block, level=CHAPTER_LEVEL)
            elif self.waiting and each.block.kind is not BlockKind.SCENE_BREAK:
                yield from self._open_chapters(each)
            else:
                yield _demote_heading(each.block)
        self._claim(self.page.last_anchors)

    def _claim(self, anchors: frozenset[str]) -> None:
        """Let the titles of these anchors wait, in the order of the contents."""
        found = [anchor for anchor in anchors if anchor in self.titles]
        found = sorted(found, key=list(self.titles).index) if len(found) > 1 else found
        self.waiting += [self.titles.pop(anchor) for anchor in found]

    def _is_numbered(self, each: AnchoredBlock, following: AnchoredBlock) -> bool:
        """Whether a line is the number of the chapter that opens at the next one."""
        titles = (self.titles[each] for each in following.anchors if each in self.titles)
        text = each.block.text
        is_named = any(title.startswith(text) and title != text for title in titles)
        return is_named and is_counted_line(text)

    def _claim_beginning(self) -> None:
        """A title of the file itself, or of an anchor that it lacks, opens at its beginning."""
        anchors = {a for each in self.page.blocks for a in each.anchors}
        anchors |= self.page.last_anchors
        own = [a for a in list(self.titles) if not a or a not in anchors]
        claimed = [self.titles.pop(a) for a in own][:1]
        if claimed:
            self.waiting = [title for title in self.waiting if not is_cover_title(title)]
            self.waiting += claimed

    def _open_chapters(self, each: AnchoredBlock) -> Iterator[Block]:
        """Open the chapter that a heading names, or else the last of those that wait."""
        titles, self.waiting = list(dict.fromkeys(self.waiting)), []
        named = [
            n
            for n, title in enumerate(titles)
            if each.is_heading and repeats_title(each.block.text, title)
        ]
        if named:
            self.waiting = titles[named[0] + 1 :]
            self.levels.add(each.block.level)
            yield replace(each.block, level=CHAPTER_LEVEL)
            return
        yield replace(heading(titles[-1], CHAPTER_LEVEL), is_silent=True)
        yield _demote_heading(each.block)


def repeats_title(text: str, title: str) -> bool:
    """Whether a heading is a title, which may have a note's mark behind it."""
    folded, own = fold_title(title), fold_title(text)
    return own in (folded, folded.rstrip("0123456789"))


def _demote_heading(block: Block) -> Block:
    """Move a heading that opens no chapter below those that do."""
    if block.kind is not BlockKind.HEADING:
        return block
    return replace(block, level=block.level + CHAPTER_LEVEL)
