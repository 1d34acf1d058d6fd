"""EPUB to Document: the words of a book in the order of its spine, its chapters, its metadata.

Chapters open where the table of contents points, at every level, and have its names; a name that
no heading repeats opens its chapter silently. Without a table of contents, headings open chapters.
The price: what the book does not mark as a note or a page number is read as text.
"""

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial

from mixer.errors import ObjectTooLarge, UnreadableText
from mixer.lazy import compile_lazily
from mixer.script.document import (
    SCENE_BREAK,
    Block,
    BlockKind,
    Cover,
    Document,
    has_words,
    split_names,
)
from mixer.script.readers.archive import MAX_READ_BYTES, Archive, has_scheme, split_reference
from mixer.script.readers.encodings import SNIFFED_BYTES, decode_page
from mixer.script.readers.epub_contents import (
    ChapterOpenings,
    Entry,
    index_chapter_titles,
    is_front,
    read_contents,
)
from mixer.script.readers.epub_package import (
    CONTAINER,
    PAGE_TYPES,
    EpubPackage,
    ManifestItem,
    read_package,
    require_unlocked,
)
from mixer.script.readers.marks import fold_title
from mixer.script.readers.page_blocks import AnchoredBlock, WebPage, is_broken_off
from mixer.script.readers.page_head import NO_STYLES, PageStyles, read_styles
from mixer.script.readers.page_lists import drop_lists
from mixer.script.readers.page_reader import read_page
from mixer.script.readers.paragraph_lines import has_wrapped_lines, join_titles, join_wrapped
from mixer.script.readers.project_gutenberg import select_book
from mixer.script.readers.web_page import (
    NoteReferences,
    Place,
    drop_notes,
    find_headings,
)
from mixer.script.script import Metadata

MAX_COVER_BYTES, MAX_STYLE_BYTES = 8 << 20, 1 << 20

_FRONT_TYPES = split_names(
    "cover frontmatter titlepage halftitlepage copyright-page imprint imprimatur dedication "
    "epigraph toc landmarks loi lot contributors other-credits acknowledgments foreword preface "
    "preamble seriespage"
)
"""`epub:type` (EPUB Structural Semantics Vocabulary) of what precedes a story."""

_DIVIDED_FILE = compile_lazily(r"_split_\d{3}\.x?html?$")
"""What calibre calls the parts of a file that was too large."""
_ENTITY = compile_lazily(r"<!ENTITY\b")


@dataclass(frozen=True, slots=True)
class _SpinePage:
    item: ManifestItem
    page: WebPage
    blocks: tuple[AnchoredBlock, ...]


def read_epub(
    content: bytes,
    name: str = "The EPUB",
    *,
    front_matter: bool = True,
    check_time: Callable[[], None] = lambda: None,
) -> Document:
    """Read a book; an error that `check_time` raises ends that.

    With `front_matter` also its cover text, title page, imprint, preface and the like.

    Raises:
        UnreadableText: it is damaged, protected, or holds no words.
        ObjectTooLarge: it unpacks to more than a book can hold.
    """
    archive, package = open_epub(content, name, check_time=check_time)
    pages, entries = _read_pages(archive, package)
    if not entries:
        pages = _find_titles(pages)
    titles, is_fixed = index_chapter_titles(entries), package.metadata.has_fixed_layout
    if not front_matter:
        front = package.front_matter | {path for path, each in titles.items() if is_front(each)}
        pages = [each for each in pages if not _is_front_matter(each, front)]
    blocks = tuple(_build_blocks(pages, titles, is_fixed=is_fixed))
    blocks = blocks if entries else tuple(join_titles(blocks))
    blocks = tuple(select_book(blocks))
    if not any(has_words(block.text) for block in blocks):
        raise UnreadableText(f"{name} contains no words to read: its pages are pictures, or empty.")
    return _build_document(archive, package, blocks)


def open_epub(
    content: bytes,
    name: str = "The EPUB",
    max_bytes: int = MAX_READ_BYTES,
    check_time: Callable[[], None] = lambda: None,
) -> tuple[Archive, EpubPackage]:
    """Open a book; at most `max_bytes` of it are read."""
    archive = Archive(content, name, CONTAINER, max_bytes, check_time)
    if CONTAINER not in archive:
        raise UnreadableText(f"{name} is an archive, but not an EPUB: it lacks {CONTAINER}.")
    require_unlocked(archive)
    return archive, read_package(archive)


def _build_document(archive: Archive, package: EpubPackage, blocks: tuple[Block, ...]) -> Document:
    stated = package.metadata
    description = read_page(stated.description).blocks
    return Document(
        blocks,
        title=stated.title,
        author=stated.author,
        language=stated.language,
        metadata=Metadata(
            series=stated.series,
            publisher=stated.publisher,
            isbn=stated.isbn,
            year=stated.year,
            genre=stated.genre,
            description=" ".join(placed.block.text for placed in description),
        ),
        cover=_load_cover(archive, package),
    )


def _read_pages(
    archive: Archive, package: EpubPackage
) -> tuple[list[_SpinePage], tuple[Entry, ...]]:
    """The pages of text, and where chapters open.

    Pages of contents, notes and links to them are left out of both.
    """
    pages = _load_pages(archive, package)
    notes = NoteReferences()
    for item, page in pages:
        notes.add_page(page, item.path, partial(_resolve, item.path))
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
    if has_wrapped_lines([each for page in read for each in page.blocks]):
        read = [replace(page, blocks=tuple(join_wrapped(page.blocks))) for page in read]
    emptied = {each.item.path for each in read if each.page.blocks and not each.blocks}
    return read, _select_entries([entry for entry in entries if entry.path not in emptied], read)


def _load_pages(archive: Archive, package: EpubPackage) -> list[tuple[ManifestItem, WebPage]]:
    """The pages of text, without a first one that shows a picture."""
    styles = _read_styles(archive, package)
    pages = [
        (item, _load_page(archive, item.path, styles))
        for item in package.spine
        if item.is_text_page and item.path not in package.contents_pages
    ]
    return pages[1:] if pages and pages[0][1].is_picture else pages


def _find_titles(pages: Sequence[_SpinePage]) -> list[_SpinePage]:
    """Pages of a book without contents, with headings that are known by their form."""
    found = iter(find_headings([each for page in pages for each in page.blocks]))
    return [
        replace(page, blocks=tuple(replace(each, block=next(found)) for each in page.blocks))
        for page in pages
    ]


def _select_entries(entries: list[Entry], pages: Sequence[_SpinePage]) -> tuple[Entry, ...]:
    """The contents, unless one line is all of them, where the text has more headings."""
    found = find_headings([each for page in pages for each in page.blocks])
    headings = sum(block.kind is BlockKind.HEADING for block in found)
    return tuple(entries) if len(entries) > 1 or headings <= 1 else ()


def _filter_page(
    item: ManifestItem,
    page: WebPage,
    notes: NoteReferences,
    chapters: tuple[set[Place], str],
) -> _SpinePage:
    targets, titles = chapters
    blocks = drop_notes(page.blocks, notes, item.path, partial(_resolve, item.path))
    blocks = drop_lists(blocks, lambda link: _resolve(item.path, link) in targets, titles)
    return _SpinePage(item, page, tuple(blocks))


def _resolve(path: str, link: str) -> Place:
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


def _load_page(archive: Archive, path: str, styles: PageStyles) -> WebPage:
    text = decode_page(archive.read(path))
    if _ENTITY.search(text, 0, SNIFFED_BYTES):
        raise UnreadableText(
            f"{archive.name} cannot be used: its file {path} declares entities of its own."
        )
    name = f"The file {path} of {archive.name}"
    return read_page(text, name, styles=styles, path=path, check_time=archive.check_time)


def _is_front_matter(page: _SpinePage, front: Set[str]) -> bool:
    return page.item.path in front or bool(page.page.types & _FRONT_TYPES)


def _build_blocks(
    pages: Sequence[_SpinePage], chapter_titles: Mapping[str, Mapping[str, str]], *, is_fixed: bool
) -> Iterator[Block]:
    """All blocks in reading order, with a scene break before each file without a heading."""
    waiting: list[str] = []
    levels = set[int]()
    for number, each in enumerate(pages):
        titles = dict(chapter_titles.get(each.item.path, {}))
        opens = is_fixed or titles or waiting or not number or not each.blocks
        opens = opens or each.blocks[0].is_heading
        if not opens and not _continues(pages[number - 1], each):
            yield SCENE_BREAK
        if not chapter_titles:
            yield from (placed.block for placed in each.blocks)
            continue
        opening = ChapterOpenings(each.page, each.blocks, titles, waiting, levels)
        yield from opening.insert_headings()
        waiting = opening.waiting


def _continues(before: _SpinePage, page: _SpinePage) -> bool:
    """Whether a tool divided a text between these files, and not its author."""
    ends = before.blocks[-1:], page.blocks[:1]
    is_cut = all(ends) and is_broken_off(ends[0][0].block.text, ends[1][0].block.text)
    return is_cut or bool(_DIVIDED_FILE.search(page.item.path))


def _load_cover(archive: Archive, package: EpubPackage) -> Cover | None:
    """The first picture that can be read of those that may be the cover."""
    types = {item.path: item.media_type for item in package.items.values()}
    first = [item.path for item in package.spine[:1] if item.is_text_page]
    for path in dict.fromkeys((*package.covers, *first)):
        try:
            picture = path if types.get(path, "").startswith("image/") else ""
            picture = picture or _find_picture(archive, path, types, needs_picture=path in first)
            content = archive.read(picture) if picture else b""
        except (UnreadableText, ObjectTooLarge):
            continue
        if 0 < len(content) <= MAX_COVER_BYTES:
            return Cover(types[picture], content)
    return None


def _find_picture(
    archive: Archive, path: str, types: Mapping[str, str], *, needs_picture: bool
) -> str:
    """The picture that a page shows; with `needs_picture` only where it shows nothing else."""
    if types.get(path) not in PAGE_TYPES:
        return ""
    page = _load_page(archive, path, NO_STYLES)
    if needs_picture and not page.is_picture:
        return ""
    shown = (archive.find(_resolve(path, link)[0]) for link in page.pictures)
    return next((each for each in shown if types.get(each, "").startswith("image/")), "")
