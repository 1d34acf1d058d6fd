"""EPUB to Document: the words of a book in the order of its spine, its chapters, its metadata.

Chapters open where the table of contents points, at every level, and have its names; a name that
no heading repeats opens its chapter silently. Without a table of contents, headings open chapters.
The price: what the book does not mark as a note or a page number is read as text.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace

from mixer.errors import ObjectTooLarge, UnreadableText
from mixer.lazy import compile_lazily
from mixer.script.document import (
    SCENE_BREAK,
    Block,
    Cover,
    Document,
    has_words,
    split_names,
)
from mixer.script.readers.archive import MAX_READ_BYTES, Archive
from mixer.script.readers.epub_contents import (
    ChapterOpenings,
    index_chapter_titles,
    is_front,
    repeats_title,
)
from mixer.script.readers.epub_package import (
    CONTAINER,
    PAGE_TYPES,
    EpubPackage,
    read_package,
    require_unlocked,
)
from mixer.script.readers.epub_pages import (
    SpinePage,
    find_titles,
    load_page,
    read_pages,
    resolve_link,
)
from mixer.script.readers.page_blocks import is_broken_off
from mixer.script.readers.page_head import NO_STYLES
from mixer.script.readers.page_reader import read_page
from mixer.script.readers.paragraph_lines import join_titles
from mixer.script.readers.pasted_frames import drop_tags
from mixer.script.readers.project_gutenberg import select_book
from mixer.script.script import Metadata

MAX_COVER_BYTES = 8 << 20

_FRONT_TYPES = split_names(
    "cover frontmatter titlepage halftitlepage copyright-page imprint imprimatur dedication "
    "epigraph toc landmarks loi lot contributors other-credits acknowledgments foreword preface "
    "preamble seriespage"
)
"""`epub:type` (EPUB Structural Semantics Vocabulary) of what precedes a story."""

_DIVIDED_FILE = compile_lazily(r"_split_\d{3}\.x?html?$")
"""What calibre calls the parts of a file that was too large."""


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
    pages, entries = read_pages(archive, package)
    if not entries:
        pages = find_titles(pages)
    worded = {each.item.path for each in pages}
    titles, is_fixed = index_chapter_titles(entries), package.metadata.has_fixed_layout
    if not front_matter:
        front = package.front_matter | {path for path, each in titles.items() if is_front(each)}
        pages = [each for each in pages if not _is_front_matter(each, front)]
    blocks = tuple(_build_blocks(pages, titles, is_fixed=is_fixed))
    blocks = blocks if entries else tuple(join_titles(blocks))
    blocks = drop_tags(select_book(blocks))
    if not any(has_words(block.text) for block in blocks):
        raise UnreadableText(f"{name} contains no words to read: its pages are pictures, or empty.")
    return replace(_build_document(package, blocks), cover=_load_cover(archive, package, worded))


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


def _build_document(package: EpubPackage, blocks: tuple[Block, ...]) -> Document:
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
    )


def _is_front_matter(page: SpinePage, front: Set[str]) -> bool:
    return page.item.path in front or bool(page.page.types & _FRONT_TYPES)


def _build_blocks(
    pages: Sequence[SpinePage], chapter_titles: Mapping[str, Mapping[str, str]], *, is_fixed: bool
) -> Iterator[Block]:
    """All blocks in reading order, with a scene break before each file without a heading."""
    waiting: list[str] = []
    levels = _find_levels(pages, chapter_titles)
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


def _find_levels(
    pages: Sequence[SpinePage], chapter_titles: Mapping[str, Mapping[str, str]]
) -> set[int]:
    """The levels of headings that the contents name at the beginning of their file."""
    return {
        each.blocks[0].block.level
        for each in pages
        if each.blocks and each.blocks[0].is_heading
        if repeats_title(
            each.blocks[0].block.text, chapter_titles.get(each.item.path, {}).get("", "")
        )
    }


def _continues(before: SpinePage, page: SpinePage) -> bool:
    """Whether a tool divided a text between these files, and not its author."""
    ends = before.blocks[-1:], page.blocks[:1]
    is_cut = all(ends) and is_broken_off(ends[0][0].block.text, ends[1][0].block.text)
    return is_cut or bool(_DIVIDED_FILE.search(page.item.path))


def _load_cover(archive: Archive, package: EpubPackage, worded: Set[str]) -> Cover | None:
    """The first picture that can be read of those that may be the cover."""
    types = {item.path: item.media_type for item in package.items.values()}
    first = {item.path for item in package.spine[:1] if item.is_text_page}
    for path in dict.fromkeys((*package.covers, *first)):
        if path in first & worded:  # it was read, and shows more than a picture
            continue
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
    page = load_page(archive, path, NO_STYLES)
    if needs_picture and not page.is_picture:
        return ""
    shown = (archive.find(resolve_link(path, link)[0]) for link in page.pictures)
    return next((each for each in shown if types.get(each, "").startswith("image/")), "")
