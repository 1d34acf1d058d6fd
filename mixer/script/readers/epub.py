"""EPUB to Document: the words of a book in reading order, its chapters, its metadata.

Files are read in the order of the spine. Chapters open where the first two levels of the table of
contents point; a target without a heading opens its chapter silently, so that nothing is read that
the book does not say. Without a table of contents, headings open chapters.

The price: what the book does not mark as a note or a page number is read as text.
"""

import codecs
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import regex

from mixer.errors import ObjectTooLarge, UnreadableText
from mixer.script.document import (
    SCENE_BREAK,
    Block,
    BlockKind,
    Cover,
    Document,
    has_words,
    heading,
    normalise_newlines,
    split_names,
)
from mixer.script.readers.archive import Archive
from mixer.script.readers.epub_package import (
    CONTAINER,
    PAGE_TYPES,
    Entry,
    EpubPackage,
    ManifestItem,
    read_contents,
    read_package,
    require_unlocked,
)
from mixer.script.readers.web_page import AnchoredBlock, WebPage, read_page
from mixer.script.script import Metadata

MAGIC = b"PK\x03\x04"
MAX_COVER_BYTES = 8 << 20

CHAPTER_DEPTH = 2
"""Levels of the table of contents that open chapters: parts and their chapters."""

CHAPTER_LEVEL = 2
"""Level of headings that open a chapter; level 1 is the title of the whole."""

_FRONT_TYPES = split_names(
    "cover frontmatter titlepage halftitlepage copyright-page imprint imprimatur dedication "
    "epigraph toc landmarks loi lot contributors other-credits acknowledgments foreword preface "
    "preamble seriespage"
)
"""`epub:type` (EPUB Structural Semantics Vocabulary) of what precedes a story."""

_XML_ENCODING = regex.compile(rb"""\A\s*<\?xml[^>]*encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_META_CHARSET = regex.compile(rb"""(?i)<meta[^>]{0,200}?charset\s*=\s*["']?([\w.:-]{1,40})""")
_YEAR = regex.compile(r"\b[12]\d{3}\b")
_ENTITY = regex.compile(r"<!ENTITY\b")
_SNIFFED_CHARS = 4_096
"""At the beginning of a page, where its encoding and entities are declared."""


@dataclass(frozen=True, slots=True)
class _SpinePage:
    item: ManifestItem
    page: WebPage


def is_epub(content: bytes) -> bool:
    """Whether a file is a zip archive, as an EPUB is; no text begins so."""
    return content.startswith(MAGIC)


def read_epub(content: bytes, name: str = "The EPUB", *, front_matter: bool = True) -> Document:
    """Read a book.

    With `front_matter` also its cover text, title page, imprint, preface and the like.

    Raises:
        UnreadableText: it is damaged, protected, or holds no words.
        ObjectTooLarge: it unpacks to more than a book can hold.
    """
    archive = Archive(content, name)
    if CONTAINER not in archive:
        raise UnreadableText(f"{name} is an archive, but not an EPUB: it lacks {CONTAINER}.")
    require_unlocked(archive)
    package = read_package(archive)
    pages = [
        _SpinePage(item, _load_page(archive, item)) for item in package.spine if _is_text_page(item)
    ]
    pages = _drop_cover_page(pages)
    entries = _index_chapter_titles(read_contents(archive, package))
    if not front_matter:
        pages = [each for each in pages if not _is_front_matter(each, package)]
    blocks = tuple(_build_blocks(pages, entries))
    if not any(has_words(block.text) for block in blocks):
        raise UnreadableText(f"{name} contains no words to read: its pages are pictures, or empty.")
    terms = package.dublin_core
    return Document(
        blocks,
        title=terms.get("title", ""),
        author=terms.get("creator", ""),
        language=terms.get("language", ""),
        metadata=_build_metadata(terms),
        cover=_load_cover(archive, package),
    )


def _is_text_page(item: ManifestItem) -> bool:
    return item.media_type in PAGE_TYPES and "nav" not in item.properties


def _load_page(archive: Archive, item: ManifestItem) -> WebPage:
    text = _decode_page(archive.read(item.path))
    if _ENTITY.search(text, 0, _SNIFFED_CHARS):
        raise UnreadableText(
            f"{archive.name} cannot be used: its file {item.path} declares entities of its own."
        )
    return read_page(text)


def _decode_page(content: bytes) -> str:
    """Decode by byte order mark, declaration, UTF-8, Windows-1252, in that order."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return normalise_newlines(content.decode("utf-16", errors="replace"))
    beginning = content[:_SNIFFED_CHARS]
    declared = _XML_ENCODING.search(beginning) or _META_CHARSET.search(beginning)
    stated = declared[1].decode("ascii") if declared else "utf-8"
    for encoding in (stated, "utf-8", "cp1252"):
        try:
            return normalise_newlines(content.decode(encoding))
        except (UnicodeDecodeError, LookupError):
            continue
    return normalise_newlines(content.decode("utf-8", errors="replace"))


def _drop_cover_page(pages: list[_SpinePage]) -> list[_SpinePage]:
    """Drop a first page that only shows a picture, so that "Cover" is not read out."""
    return pages[1:] if pages and pages[0].page.is_picture else pages


def _is_front_matter(page: _SpinePage, package: EpubPackage) -> bool:
    return page.item.path in package.front_matter or bool(page.page.types & _FRONT_TYPES)


def _index_chapter_titles(entries: Sequence[Entry]) -> dict[str, dict[str, str]]:
    titles: dict[str, dict[str, str]] = {}
    for entry in entries:
        if entry.depth <= CHAPTER_DEPTH:
            titles.setdefault(entry.path, {}).setdefault(entry.fragment, entry.title)
    return titles


def _build_blocks(
    pages: Sequence[_SpinePage], chapter_titles: Mapping[str, Mapping[str, str]]
) -> Iterator[Block]:
    """All blocks in reading order, with a scene break before each file without a heading."""
    for number, each in enumerate(pages):
        titles = dict(chapter_titles.get(each.item.path, {}))
        opens = bool(titles) or any(_is_heading(placed.block) for placed in each.page.blocks[:1])
        if number and not opens:
            yield SCENE_BREAK
        if chapter_titles:
            yield from _insert_chapter_headings(each.page.blocks, titles)
        else:
            yield from (placed.block for placed in each.page.blocks)


def _insert_chapter_headings(
    blocks: Sequence[AnchoredBlock], titles: dict[str, str]
) -> Iterator[Block]:
    """A file's blocks, with a heading where the table of contents points."""
    title = titles.pop("", "")
    for each in blocks:
        for anchor in each.anchors & titles.keys():
            title = titles.pop(anchor)
        if title and _is_heading(each.block):
            yield replace(each.block, level=CHAPTER_LEVEL)
            title = ""
            continue
        if title and each.block.kind is BlockKind.PARAGRAPH:
            yield replace(heading(title, CHAPTER_LEVEL), is_silent=True)
            title = ""
        yield _demote_heading(each.block)


def _demote_heading(block: Block) -> Block:
    """Move a heading that opens no chapter below those that do."""
    return replace(block, level=block.level + CHAPTER_LEVEL) if _is_heading(block) else block


def _is_heading(block: Block) -> bool:
    return block.kind is BlockKind.HEADING


def _load_cover(archive: Archive, package: EpubPackage) -> Cover | None:
    if not package.cover or package.cover not in archive:
        return None
    try:
        content = archive.read(package.cover)
    except (UnreadableText, ObjectTooLarge):
        return None
    media_type = next(i.media_type for i in package.items.values() if i.path == package.cover)
    return Cover(media_type, content) if len(content) <= MAX_COVER_BYTES else None


def _build_metadata(terms: Mapping[str, str]) -> Metadata:
    year = _YEAR.search(terms.get("date", ""))
    return Metadata(
        year=year[0] if year else "",
        genre=terms.get("subject", ""),
        description=_strip_markup(terms.get("description", "")),
    )


def _strip_markup(text: str) -> str:
    return " ".join(placed.block.text for placed in read_page(text).blocks)
