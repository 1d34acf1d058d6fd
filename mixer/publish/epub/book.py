"""Writes the archive of a read-aloud book, a chapter at a time: no more is held in memory."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import IO
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_STORED, ZipFile

from mixer.publish.epub.pages import (
    XML,
    BookPage,
    ReadAloudMetadata,
    build_clips,
    build_html,
    build_overlay,
    build_page,
    escape_text,
    format_clock,
    text_direction,
)
from mixer.publish.zips import add_file, build_entry, open_zip
from mixer.script import collapse_whitespace
from mixer.sound.formats import FORMATS

MIMETYPE = b"application/epub+zip"
AUDIO_TYPES = {each.book_suffix: each.content_type for each in FORMATS.values() if each.book_suffix}
"""EPUB's core media types, by file suffix."""

ACTIVE = "-epub-media-overlay-active"
"""Class of the sentence being spoken."""

SUFFICIENT_MODES = ("textual", "auditory")
FEATURES = "synchronizedAudioText", "tableOfContents", "readingOrder"
SYNTHETIC_SOURCE = "https://schema.org/TrainedAlgorithmicMediaDigitalSource"
SUMMARY = (
    "The whole text is read aloud, and highlighted as it is read. It can be read with the eyes "
    "alone, followed by ear alone, or both."
)

STYLE = f"""\
body {{ margin: 5%; line-height: 1.5; }}
h1, h2 {{ line-height: 1.2; }}
hr {{ border: 0; margin: 1.5em 0; text-align: center; }}
hr::after {{ content: "\\2217  \\2217  \\2217"; }}
img {{ display: block; margin: 0 auto; max-width: 100%; max-height: 95vh; }}
.{ACTIVE} {{ background-color: #fde68a; color: #111827; }}
"""

CONTAINER = f"""{XML}
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles>
<rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles>
</container>
"""


@dataclass(frozen=True, slots=True)
class BookChapter:
    """A chapter in the archive; its files are `name` with suffixes. Without overlay, 0 ms."""

    name: str
    title: str
    audio: str
    audio_type: str
    overlay_ms: int


def write_book(
    file: IO[bytes], metadata: ReadAloudMetadata, pages: Iterable[tuple[BookPage, Path]]
) -> None:
    """Write a book of pages, in reading order, with their audio.

    An audio file is no longer needed when the next page is requested.
    """
    chapters = []
    with open_zip(file) as archive:
        add_entry(archive, "mimetype", MIMETYPE)  # first and bare (EPUB 3.3, 4.2.3)
        add_entry(archive, "META-INF/container.xml", CONTAINER.encode())
        add_entry(archive, "EPUB/style.css", STYLE.encode())
        if metadata.cover:
            add_entry(archive, "EPUB/cover.jpg", metadata.cover)
            add_entry(archive, "EPUB/cover.xhtml", _build_cover_page(metadata).encode())
        for number, (page, audio) in enumerate(pages, start=1):
            chapters.append(
                _add_chapter(archive, f"chapter-{number:04}", page, audio, metadata.language)
            )
        add_entry(archive, "EPUB/nav.xhtml", _build_nav(metadata, chapters).encode())
        add_entry(archive, "EPUB/package.opf", _build_package(metadata, chapters).encode())


def _add_chapter(
    archive: ZipFile, name: str, page: BookPage, audio: Path, language: str
) -> BookChapter:
    suffix = audio.suffix.removeprefix(".")
    audio_name = f"audio/{name}.{suffix}"
    clips = build_clips(page)
    add_entry(archive, f"EPUB/{name}.xhtml", build_page(page, language).encode())
    if clips:
        overlay = build_overlay(f"{name}.xhtml", audio_name, clips)
        add_entry(archive, f"EPUB/{name}.smil", overlay.encode())
        add_file(archive, f"EPUB/{audio_name}", audio)
    overlay_ms = clips[-1].end_ms - clips[0].begin_ms if clips else 0
    return BookChapter(name, page.title, audio_name, AUDIO_TYPES[suffix], overlay_ms)


def add_entry(archive: ZipFile, name: str, content: bytes) -> None:
    """Add an entry as it is: c2pa reads no compressed ones, and the audio outweighs the text."""
    archive.writestr(build_entry(name), content, ZIP_STORED)


def _build_nav(metadata: ReadAloudMetadata, chapters: Sequence[BookChapter]) -> str:
    entries = "\n".join(
        f'<li><a href="{each.name}.xhtml">{escape_text(each.title)}</a></li>' for each in chapters
    )
    body = (
        f'<nav epub:type="toc" role="doc-toc" id="toc"><h1>{escape_text(metadata.title)}</h1>\n'
        f"<ol>\n{entries}\n</ol></nav>"
    )
    return build_html(metadata.language, metadata.title, body)


def _build_cover_page(metadata: ReadAloudMetadata) -> str:
    image = f'<img src="cover.jpg" alt={quoteattr(collapse_whitespace(metadata.title))}/>'
    return build_html(metadata.language, metadata.title, image, ' epub:type="cover"')


def _build_package(metadata: ReadAloudMetadata, chapters: Sequence[BookChapter]) -> str:
    spine = [f'<itemref idref="{each.name}"/>' for each in chapters]
    if metadata.cover:
        spine.insert(0, '<itemref idref="cover-page"/>')
    return "\n".join(
        [
            XML,
            '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"',
            f'unique-identifier="id" xml:lang={quoteattr(metadata.language)}>',
            '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">',
            *_format_metadata(metadata, chapters),
            "</metadata>",
            "<manifest>",
            *_format_manifest(metadata, chapters),
            "</manifest>",
            f'<spine page-progression-direction="{text_direction(metadata.language)}">',
            *spine,
            "</spine>",
            "</package>",
            "",
        ]
    )


def _format_metadata(metadata: ReadAloudMetadata, chapters: Sequence[BookChapter]) -> Iterator[str]:
    yield f'<dc:identifier id="id">{escape_text(metadata.identifier)}</dc:identifier>'
    yield f"<dc:title>{escape_text(metadata.title)}</dc:title>"
    yield f"<dc:language>{escape_text(metadata.language)}</dc:language>"
    yield from _format_credits(metadata)
    yield from _format_series(metadata)
    yield _format_meta("media:duration", format_clock(sum(each.overlay_ms for each in chapters)))
    for each in chapters:
        if each.overlay_ms:
            yield _format_meta(
                "media:duration", format_clock(each.overlay_ms), f"#{each.name}-overlay"
            )
    described = describe_speech(metadata) | {
        "schema:accessModeSufficient": SUFFICIENT_MODES,
        "schema:accessibilityHazard": ("none",),
        "schema:accessibilitySummary": (SUMMARY,),
    }
    yield from (_format_meta(name, each) for name, values in described.items() for each in values)


def _format_credits(metadata: ReadAloudMetadata) -> Iterator[str]:
    names = [("creator", "aut", name) for name in _split_authors(metadata.author)]
    names.append(("contributor", "nrt", metadata.narrator))
    for number, (element, role, name) in enumerate(names, start=1):
        if name:
            yield f'<dc:{element} id="name-{number}">{escape_text(name)}</dc:{element}>'
            yield _format_meta("role", role, f"#name-{number}", ' scheme="marc:relators"')
    isbn = re.sub(r"[^0-9Xx]", "", metadata.isbn)
    elements = {
        "identifier": f"urn:isbn:{isbn}" if isbn else "",
        "publisher": metadata.publisher,
        "date": metadata.year,
        "subject": metadata.genre,
        "description": metadata.description,
    }
    for name, value in elements.items():
        if value:
            yield f"<dc:{name}>{escape_text(value)}</dc:{name}>"


def _split_authors(text: str) -> list[str]:
    """Split authors at commas, but leave “Example, Ann” and “Ben Sample, Jr.” as they are."""
    names = [name.strip() for name in text.split(",")]
    return names if all(" " in name for name in names) else [text]


def _format_series(metadata: ReadAloudMetadata) -> Iterator[str]:
    """Format the series as a collection (EPUB 3.3, appendix D.4), and as calibre names it.

    Audiobookshelf and Kobo's readers know only calibre's names.
    """
    if not metadata.series:
        return
    yield f'<meta name="calibre:series" content={quoteattr(metadata.series)}/>'
    if metadata.series_part:
        yield f'<meta name="calibre:series_index" content={quoteattr(metadata.series_part)}/>'
    yield _format_meta("belongs-to-collection", metadata.series, attributes=' id="series"')
    yield _format_meta("collection-type", "series", "#series")
    if metadata.series_part:
        yield _format_meta("group-position", metadata.series_part, "#series")


def describe_speech(metadata: ReadAloudMetadata) -> dict[str, tuple[str, ...]]:
    """What any read-aloud book states, by property; its overlays have their lengths on top.

    The audio repeats the text, so the text is the only mode that the book is made in (EPUB
    Accessibility 1.1, section 2).
    """
    described = {
        "dcterms:modified": (metadata.modified.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),),
        "media:narrator": (metadata.narrator,) if metadata.narrator else (),
        "media:active-class": (ACTIVE,),
        "schema:accessMode": ("textual",),
        "schema:digitalSourceType": (SYNTHETIC_SOURCE,) if metadata.is_synthetic else (),
        "schema:accessibilityFeature": FEATURES,
    }
    return {name: values for name, values in described.items() if values}


def _format_meta(name: str, value: str, refines: str = "", attributes: str = "") -> str:
    about = f' refines="{refines}"' if refines else ""
    return f'<meta property="{name}"{about}{attributes}>{escape_text(value)}</meta>'


def _format_manifest(metadata: ReadAloudMetadata, chapters: Sequence[BookChapter]) -> Iterator[str]:
    yield _format_item("nav", "nav.xhtml", "application/xhtml+xml", ' properties="nav"')
    yield _format_item("style", "style.css", "text/css")
    if metadata.cover:
        yield _format_item("cover", "cover.jpg", "image/jpeg", ' properties="cover-image"')
        yield _format_item("cover-page", "cover.xhtml", "application/xhtml+xml")
    for each in chapters:
        overlay = f' media-overlay="{each.name}-overlay"' if each.overlay_ms else ""
        yield _format_item(each.name, f"{each.name}.xhtml", "application/xhtml+xml", overlay)
        if each.overlay_ms:
            yield _format_item(f"{each.name}-overlay", f"{each.name}.smil", "application/smil+xml")
            yield _format_item(f"{each.name}-audio", each.audio, each.audio_type)


def _format_item(name: str, href: str, media_type: str, more: str = "") -> str:
    return f'<item id="{name}" href="{href}" media-type="{media_type}"{more}/>'
