"""The archive of a read-aloud book, written a chapter at a time: no more is held in memory."""

from collections.abc import Iterable
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from mixer.publish.epub.model import BookMetadata, BookPage, build_clips
from mixer.publish.epub.package import (
    CONTAINER,
    STYLE,
    BookChapter,
    build_cover_page,
    build_nav,
    build_package,
)
from mixer.publish.epub.pages import build_overlay, build_page
from mixer.publish.zips import add_file, build_entry

MIMETYPE = b"application/epub+zip"
AUDIO_TYPES = {"mp3": "audio/mpeg", "m4a": "audio/mp4", "m4b": "audio/mp4"}
"""Core media types of EPUB, by a file's ending."""


def write_book(
    file: IO[bytes], metadata: BookMetadata, pages: Iterable[tuple[BookPage, Path]]
) -> None:
    """Write the archive.

    Args:
        file: to be written.
        metadata: what the book says of itself.
        pages: chapters in reading order with their audio, which is no longer needed when the next
            one is asked for.
    """
    chapters = []
    with ZipFile(file, "w") as archive:
        _add_entry(archive, "mimetype", MIMETYPE, ZIP_STORED)  # first and bare (EPUB 3.3, 4.2.3)
        _add_entry(archive, "META-INF/container.xml", CONTAINER.encode())
        _add_entry(archive, "EPUB/style.css", STYLE.encode())
        if metadata.cover:
            _add_entry(archive, "EPUB/cover.jpg", metadata.cover, ZIP_STORED)
            _add_entry(archive, "EPUB/cover.xhtml", build_cover_page(metadata).encode())
        for number, (page, audio) in enumerate(pages, start=1):
            chapters.append(
                _add_chapter(archive, f"chapter-{number:04}", page, audio, metadata.language)
            )
        _add_entry(archive, "EPUB/nav.xhtml", build_nav(metadata, chapters).encode())
        _add_entry(archive, "EPUB/package.opf", build_package(metadata, chapters).encode())


def _add_chapter(
    archive: ZipFile, name: str, page: BookPage, audio: Path, language: str
) -> BookChapter:
    """A chapter, once its files lie in the archive."""
    ending = audio.suffix.removeprefix(".")
    inside = f"audio/{name}.{'m4a' if ending == 'm4b' else ending}"
    parts = build_clips(page)
    _add_entry(archive, f"EPUB/{name}.xhtml", build_page(page, language).encode())
    if parts:
        _add_entry(
            archive, f"EPUB/{name}.smil", build_overlay(f"{name}.xhtml", inside, parts).encode()
        )
        add_file(archive, f"EPUB/{inside}", audio)
    heard_ms = parts[-1].end_ms - parts[0].begin_ms if parts else 0
    return BookChapter(name, page.title, inside, AUDIO_TYPES[ending], heard_ms)


def _add_entry(
    archive: ZipFile, name: str, content: bytes, compression: int = ZIP_DEFLATED
) -> None:
    archive.writestr(build_entry(name), content, compression)
