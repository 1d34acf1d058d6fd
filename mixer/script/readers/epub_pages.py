"""The pages of an EPUB with what is read of them: without notes and lists, with their contents."""

import posixpath
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest

from mixer.errors import ObjectTooLarge, UnreadableText
from mixer.lazy import compile_lazily
from mixer.script.document import BlockKind, has_words
from mixer.script.readers.archive import Archive, has_scheme, split_reference
from mixer.script.readers.encodings import SNIFFED_BYTES, decode_page
from mixer.script.readers.epub_contents import Entry, read_contents
from mixer.script.readers.epub_package import EpubPackage, ManifestItem
from mixer.script.readers.marks import fold_title, is_notes_title
from mixer.script.readers.page_blocks import AnchoredBlock, WebPage
from mixer.script.readers.page_head import NO_STYLES, PageStyles, read_styles
from mixer.script.readers.page_lists import drop_lists
from mixer.script.readers.page_reader import read_page
from mixer.script.readers.web_page import NoteReferences, Place, drop_notes, find_headings
from mixer.script.readers.wrapped_lines import has_wrapped_lines, join_wrapped

MAX_STYLE_BYTES = 1 << 20
MIN_TEXT_CHARS = 2_000
"""Of a page that is not only a table of contents."""

_ENTITY = compile_lazily(r"<!ENTITY\b")


@dataclass(frozen=True, slots=True)
class SpinePage:
    """A page in reading order, and the blocks of it that are read."""

    item: ManifestItem
    page: WebPage
    blocks: tuple[AnchoredBlock, ...]


def read_pages(archive: Archive, package: EpubPackage) -> tuple[list[SpinePage], tuple[Entry, ...]]:
    """The pages of text, and where chapters open.

    Pages of contents, notes and links to them are left out of both.
    """
    pages = _load_pages(archive, package)
    notes = NoteReferences()
    for item, page in pages:
        notes.add_page(page, item.path, partial(resolve_link, item.path))
    entries = [
        entry
        for entry in read_contents(archive, package)
        if has_words(entry.title) and not notes.contain(entry.path, entry.fragment, entry.title)
    ]
    targets = {(entry.path, entry.fragment) for entry in entries}
    headings = (each for _, page in pages for each in page.blocks if each.is_heading)
    named = [entry.title for entry in entries]
    named += [each.block.text for each in headings if not each.targets]
    titles = "\n".join(map(fold_title, named))
    read = [_filter_page(item, page, notes, (targets, titles)) for item, page in pages]
    read = [_drop_empty_title(*pair) for pair in zip_longest(read, read[1:])]
    if has_wrapped_lines([each for page in read for each in page.blocks]):
        read = [replace(page, blocks=tuple(join_wrapped(page.blocks))) for page in read]
    emptied = {each.item.path for each in read if each.page.blocks and not each.blocks}
    return read, _select_entries([entry for entry in entries if entry.path not in emptied], read)


def _load_pages(archive: Archive, package: EpubPackage) -> list[tuple[ManifestItem, WebPage]]:
    """The pages of text, without a first one that shows a picture."""
    styles = _read_styles(archive, package)
    pages = [
        (item, load_page(archive, item.path, styles)) for item in package.spine if item.is_text_page
    ]
    pages = [
        (item, page)
        for item, page in pages
        if item.path not in package.contents_pages or _holds_text(page)
    ]
    return pages[1:] if pages and pages[0][1].is_picture else pages


def _holds_text(page: WebPage) -> bool:
    """Whether a page that is named as the contents holds more: tools make one file of a book."""
    unlinked = sum(len(each.block.text) for each in page.blocks if not each.targets)
    linked = sum(len(each.block.text) for each in page.blocks if each.targets)
    return unlinked > max(MIN_TEXT_CHARS, linked)


def find_titles(pages: Sequence[SpinePage]) -> list[SpinePage]:
    """Pages of a book without contents, with headings that are known by their form."""
    found = iter(find_headings([each for page in pages for each in page.blocks]))
    return [
        replace(page, blocks=tuple(each._replace(block=next(found)) for each in page.blocks))
        for page in pages
    ]


def _select_entries(entries: list[Entry], pages: Sequence[SpinePage]) -> tuple[Entry, ...]:
    """The contents, unless one line is all of them, where the text has more headings."""
    if len(entries) != 1:
        return tuple(entries)
    found = find_headings([each for page in pages for each in page.blocks])
    headings = sum(block.kind is BlockKind.HEADING for block in found)
    return tuple(entries) if headings <= 1 else ()


def _filter_page(
    item: ManifestItem,
    page: WebPage,
    notes: NoteReferences,
    chapters: tuple[set[Place], str],
) -> SpinePage:
    targets, titles = chapters
    blocks = drop_notes(page.blocks, notes, item.path, partial(resolve_link, item.path))
    blocks = drop_lists(blocks, partial(_is_chapter, item.path, targets), titles)
    return SpinePage(item, page, tuple(blocks))


def _is_chapter(path: str, targets: Set[Place], link: str) -> bool:
    """Whether a link leads where the contents do, or into a file that they name."""
    where, fragment = resolve_link(path, link)
    return (where, fragment) in targets or (where != path and (where, "") in targets)


def _drop_empty_title(page: SpinePage, following: SpinePage | None) -> SpinePage:
    """A page without the title of notes that are all in the next file."""
    is_emptied = following is not None and following.page.blocks and not following.blocks
    if is_emptied and page.blocks and is_notes_title(page.blocks[-1].block.text):
        return replace(page, blocks=page.blocks[:-1])
    return page


def resolve_link(path: str, link: str) -> Place:
    """The file and the fragment that a link on a page leads to; empty for the world outside."""
    if has_scheme(link):
        return "", ""
    where, fragment = split_reference(link)
    folder = posixpath.dirname(path)
    return (posixpath.normpath(posixpath.join(folder, where)) if where else path), fragment


def _read_styles(archive: Archive, package: EpubPackage) -> PageStyles:
    styles = NO_STYLES
    for item in package.items.values():
        if item.media_type == "text/css" and item.path in archive:
            try:
                css = archive.read(item.path)[:MAX_STYLE_BYTES]
            except (UnreadableText, ObjectTooLarge):
                continue
            styles = styles.add(read_styles(decode_page(css)))
    return styles


def load_page(archive: Archive, path: str, styles: PageStyles) -> WebPage:
    """Read a page of a book; UnreadableText where it declares entities."""
    text = decode_page(archive.read(path))
    if _ENTITY.search(text, 0, SNIFFED_BYTES):
        raise UnreadableText(
            f"{archive.name} cannot be used: its file {path} declares entities of its own."
        )
    name = f"The file {path} of {archive.name}"
    return read_page(text, name, styles=styles, path=path, check_time=archive.check_time)
