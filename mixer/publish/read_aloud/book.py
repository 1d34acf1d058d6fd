"""The archive of a read-aloud book, written a chapter at a time: no more is held in memory."""

from collections.abc import Iterable
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from mixer.publish.read_aloud.package import (
    CONTAINER,
    STYLE,
    Chapter,
    cover_page,
    nav_of,
    package_of,
)
from mixer.publish.read_aloud.pages import overlay_of, page_of
from mixer.publish.read_aloud.values import About, Page, clips
from mixer.publish.zips import add_file, entry_of

MIMETYPE = b"application/epub+zip"
AUDIO_TYPES = {"mp3": "audio/mpeg", "m4a": "audio/mp4", "m4b": "audio/mp4"}
"""Core media types of EPUB, by a file's ending."""


def write_book(file: IO[bytes], about: About, pages: Iterable[tuple[Page, Path]]) -> None:
    """Write the archive.

    Args:
        file: to be written.
        about: what the book says of itself.
        pages: chapters in reading order with their audio, which is no longer needed when the next
            one is asked for.
    """
    chapters = []
    with ZipFile(file, "w") as archive:
        _add(archive, "mimetype", MIMETYPE, ZIP_STORED)  # first and bare (EPUB 3.3, 4.2.3)
        _add(archive, "META-INF/container.xml", CONTAINER.encode())
        _add(archive, "EPUB/style.css", STYLE.encode())
        if about.cover:
            _add(archive, "EPUB/cover.jpg", about.cover, ZIP_STORED)
            _add(archive, "EPUB/cover.xhtml", cover_page(about).encode())
        for number, (page, audio) in enumerate(pages, start=1):
            chapters.append(_added(archive, f"chapter-{number:04}", page, audio, about.language))
        _add(archive, "EPUB/nav.xhtml", nav_of(about, chapters).encode())
        _add(archive, "EPUB/package.opf", package_of(about, chapters).encode())


def _added(archive: ZipFile, name: str, page: Page, audio: Path, language: str) -> Chapter:
    """A chapter, once its files lie in the archive."""
    ending = audio.suffix.removeprefix(".")
    inside = f"audio/{name}.{'m4a' if ending == 'm4b' else ending}"
    parts = clips(page)
    _add(archive, f"EPUB/{name}.xhtml", page_of(page, language).encode())
    if parts:
        _add(archive, f"EPUB/{name}.smil", overlay_of(f"{name}.xhtml", inside, parts).encode())
        add_file(archive, f"EPUB/{inside}", audio)
    heard_ms = parts[-1].end_ms - parts[0].begin_ms if parts else 0
    return Chapter(name, page.title, inside, AUDIO_TYPES[ending], heard_ms)


def _add(archive: ZipFile, name: str, content: bytes, how: int = ZIP_DEFLATED) -> None:
    archive.writestr(entry_of(name), content, how)
