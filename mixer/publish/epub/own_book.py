"""Adds media overlays to the book that a story was read from, and keeps everything else of it.

Pages of spoken text get elements around their sentences, the package document gets the overlays;
fonts, styles, pictures, scripts and tables of contents are copied. A book of EPUB 2 becomes one of
EPUB 3, since only that has overlays. Nothing is run, and nothing outside of the archive is read.
"""

import posixpath
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate, pairwise
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import quote
from zipfile import ZipFile

from mixer.errors import UnreadableText
from mixer.publish.epub.book import AUDIO_TYPES, MIMETYPE, STYLE, add_entry, describe_speech
from mixer.publish.epub.own_package import (
    OVERLAY_TYPE,
    PAGE_TYPE,
    AddedFile,
    OwnPackage,
    PageOverlay,
    keep_order,
)
from mixer.publish.epub.own_pages import (
    PageElement,
    PageSentence,
    add_to_head,
    decode_own_page,
    open_page,
    state_language,
    upgrade_page,
)
from mixer.publish.epub.pages import (
    XML,
    BookPage,
    BookSentence,
    ReadAloudMetadata,
    build_html,
    cover_audio,
    format_clock,
)
from mixer.publish.zips import add_file, open_zip
from mixer.script.edits import TextOrigin, take_spans
from mixer.script.readers import open_epub, read_contents, strip_spaces

MAX_BOOK_BYTES = 512 << 20
"""Of a book unpacked: the largest picture books."""

MARKER = "META-INF/container.xml"
LEFT_OUT = frozenset({"mimetype", "META-INF/signatures.xml"})
"""The first is written anyway; the second would be false."""

NAME = "The book"
PREFIX = "aloud"
"""Of the ids of sentences."""


@dataclass(frozen=True, slots=True)
class SourceBook:
    """The EPUB that a story was read from, and where each of its sentences is in it."""

    content: bytes
    origins: tuple[TextOrigin | None, ...]


class _Unit(NamedTuple):
    """A sentence or a word with its start in a part of the audio, and its elements."""

    origin: TextOrigin
    words: str
    part: int
    start_s: float
    elements: tuple[PageElement, ...] = ()


class _Clip(NamedTuple):
    """What plays while an element is highlighted."""

    page: str
    element_id: str
    part: int
    begin_ms: int
    end_ms: int


class OwnBook:
    """A book with its marked pages and clips, ready to be written.

    Raises:
        UnreadableText: a part of the audio is of words that are not found on its pages.
        ObjectTooLarge: it unpacks to more than a book can hold.
    """

    def __init__(self, source: SourceBook, parts: Sequence[BookPage]) -> None:
        whole, _ = open_epub(source.content, NAME, MAX_BOOK_BYTES)
        for path in whole:
            whole.read(path)  # what cannot be copied is known before anything is written
        self._archive, self._info = open_epub(source.content, NAME, MAX_BOOK_BYTES)
        self._package = OwnPackage(self._archive, self._info.path)
        self._dropped = self._package.drop_overlays()
        self._is_old = self._package.is_old
        self._pages: dict[str, str] = {}
        self._added: list[AddedFile] = []
        units = self._mark_pages(list(_list_units(parts, source.origins)))
        self.clips = [
            clip for number, part in enumerate(parts) for clip in _build_clips(units, number, part)
        ]
        audible = {n for n, part in enumerate(parts) if _is_audible(part)}
        if audible - {clip.part for clip in self.clips}:
            raise UnreadableText("some of its words were not found on its pages")

    def _mark_pages(self, units: list[_Unit]) -> list[_Unit]:
        by_page: dict[str, list[int]] = defaultdict(list)
        for number, unit in enumerate(units):
            by_page[unit.origin.path].append(number)
        for path, numbers in by_page.items():
            sentences = [PageSentence(units[n].origin, units[n].words) for n in numbers]
            page = open_page(self._archive.read(path), sentences)
            if page is None:
                continue
            marked = page.mark(sentences, PREFIX)
            self._pages[path] = marked.text
            for number, elements in zip(numbers, marked.elements, strict=True):
                units[number] = units[number]._replace(elements=elements)
        return units

    def write(self, file: IO[bytes], metadata: ReadAloudMetadata, audio: Iterable[Path]) -> None:
        """Write the book; `audio` has a file for each part, needed until the next is requested."""
        names = {clip.part: "" for clip in self.clips}
        folder = self._name_folder()
        with open_zip(file) as archive:
            add_entry(archive, "mimetype", MIMETYPE)
            add_entry(archive, MARKER, self._archive.read(MARKER))
            for number, path in enumerate(audio):
                if number in names:
                    names[number] = f"{folder}part-{number + 1:04}{path.suffix}"
                    add_file(archive, names[number], path)
                    self._add(names[number], AUDIO_TYPES[path.suffix.removeprefix(".")])
            self._write_overlays(archive, folder, names)
            self._write_pages(archive, folder, metadata)
            self._copy_files(archive)
            self._write_package(archive, metadata)

    def _name_folder(self) -> str:
        folder = posixpath.join(posixpath.dirname(self._info.path), "read-aloud")
        while any(path.startswith(folder) for path in self._archive):
            folder += "_"
        return f"{folder}/"

    def _add(self, path: str, media_type: str, properties: str = "") -> None:
        self._added.append(AddedFile(path, media_type, properties))

    def _write_overlays(self, archive: ZipFile, folder: str, audio: dict[int, str]) -> None:
        by_page: dict[str, list[_Clip]] = defaultdict(list)
        for clip in self.clips:
            by_page[clip.page].append(clip)
        overlays = []
        for number, (page, clips) in enumerate(by_page.items(), start=1):
            path = f"{folder}page-{number:04}.smil"
            add_entry(archive, path, _build_overlay(path, page, clips, audio).encode())
            self._add(path, OVERLAY_TYPE)
            played_ms = sum(clip.end_ms - clip.begin_ms for clip in clips)
            overlays.append(PageOverlay(page, path, played_ms))
        style = f"{folder}style.css"
        add_entry(archive, style, STYLE.splitlines()[-1].encode())
        self._add(style, "text/css")
        for page in by_page:
            link = _link(style, page)
            element = f'<link rel="stylesheet" type="text/css" href="{link}"/>'
            self._pages[page] = add_to_head(self._pages[page], element)
        self._package.add_files(self._added)
        self._package.add_overlays(overlays)
        self._added = []

    def _write_pages(self, archive: ZipFile, folder: str, metadata: ReadAloudMetadata) -> None:
        if self._is_old:
            self._upgrade(archive, folder, metadata)
        language = self._package.state_language(metadata.language)
        for path, text in self._pages.items():
            add_entry(archive, path, state_language(text, language).encode())

    def _upgrade(self, archive: ZipFile, folder: str, metadata: ReadAloudMetadata) -> None:
        """Make pages and package those of EPUB 3, with a navigation document."""
        self._package.upgrade()
        for path, item in self._package.items.items():
            if item.get("media-type") in (PAGE_TYPE, "text/html") and path in self._archive:
                text = self._pages.get(path) or decode_own_page(self._archive.read(path))
                self._pages[path] = upgrade_page(text)
                self._package.note_needs(path, text)
        nav = f"{folder}nav.xhtml"
        add_entry(archive, nav, self._build_nav(nav, metadata).encode())
        self._package.add_files([AddedFile(nav, PAGE_TYPE, "nav")])

    def _build_nav(self, nav: str, metadata: ReadAloudMetadata) -> str:
        lines, level = list[str](), 0
        entries = read_contents(self._archive, self._info)
        first = [(each.path, "", metadata.title, 1) for each in self._info.spine[:1]]
        found = [(each.path, each.fragment, each.title, each.level) for each in entries] or first
        found = list(keep_order(found, [each.path for each in self._info.spine]))
        for path, fragment, title, wanted in found:
            depth = min(wanted, level + 1)
            lines.append("<ol>" if depth > level else "</li>" + "</ol></li>" * (level - depth))
            target = _link(path, nav) + (f"#{quote(fragment)}" if fragment else "")
            lines.append(f'<li><a href="{target}">{escape(title)}</a>')
            level = depth
        table = "".join(lines) + "</li></ol>" * level
        body = f'<nav epub:type="toc" role="doc-toc" id="toc">{table}</nav>'
        return build_html(metadata.language, metadata.title, body)

    def _copy_files(self, archive: ZipFile) -> None:
        written = {*self._pages, *self._dropped, *LEFT_OUT, MARKER, self._info.path}
        for path in self._archive:
            if path not in written:
                add_entry(archive, path, self._archive.read(path))

    def _write_package(self, archive: ZipFile, metadata: ReadAloudMetadata) -> None:
        self._package.describe(describe_speech(metadata))
        add_entry(archive, self._info.path, self._package.to_bytes())


def _list_units(parts: Sequence[BookPage], origins: Sequence[TextOrigin | None]) -> Iterator[_Unit]:
    """The sentences or words that are spoken; changed ones share the element of their paragraph."""
    sentences = ((n, sentence) for n, part in enumerate(parts) for sentence in part.sentences)
    last: TextOrigin | None = None
    for (number, sentence), origin in zip(sentences, origins, strict=True):
        if origin is None or sentence.start_s is None:
            continue
        if origin.is_exact:
            yield from _split_words(sentence, origin, number)
        elif origin != last:
            yield _Unit(origin, sentence.text, number, sentence.start_s)
        last = origin


def _split_words(sentence: BookSentence, origin: TextOrigin, part: int) -> Iterator[_Unit]:
    if not sentence.words:
        yield _Unit(origin, sentence.text, part, sentence.start_s or 0.0)
        return
    places = [0, *(char for char, _ in sentence.words[1:]), len(sentence.text)]
    left = deque(origin.spans)
    for (begin, end), (_, start_s) in zip(pairwise(places), sentence.words, strict=True):
        piece = sentence.text[begin:end]
        spans = take_spans(left, len(strip_spaces(piece)))
        yield _Unit(TextOrigin(origin.path, spans), piece, part, start_s)


def _is_audible(part: BookPage) -> bool:
    return any(sentence.start_s is not None for sentence in part.sentences)


def _build_clips(units: Sequence[_Unit], number: int, part: BookPage) -> Iterator[_Clip]:
    """The clips of a part: its units cover all of it, and the elements of a unit share its time."""
    own = ((unit, unit.start_s) for unit in units if unit.part == number and unit.elements)
    for unit, begin_ms, end_ms in cover_audio(own, part.duration_s):
        whole = sum(each.characters for each in unit.elements)
        ends = accumulate((each.characters for each in unit.elements), initial=0)
        times = [begin_ms + (end_ms - begin_ms) * end // whole for end in ends]
        for element, (begin, end) in zip(unit.elements, pairwise(times), strict=True):
            if begin < end:
                yield _Clip(unit.origin.path, element.element_id, number, begin, end)


def _link(target: str, source: str) -> str:
    return quote(posixpath.relpath(target, posixpath.dirname(source) or "."))


def _build_overlay(path: str, page: str, clips: Sequence[_Clip], audio: dict[int, str]) -> str:
    text = _link(page, path)
    lines = [
        f'<par id="p{number}"><text src="{text}#{clip.element_id}"/>'
        f'<audio src="{_link(audio[clip.part], path)}" clipBegin="{format_clock(clip.begin_ms)}" '
        f'clipEnd="{format_clock(clip.end_ms)}"/></par>'
        for number, clip in enumerate(clips)
    ]
    return "\n".join(
        [
            XML,
            '<smil xmlns="http://www.w3.org/ns/SMIL" version="3.0"',
            'xmlns:epub="http://www.idpf.org/2007/ops">',
            f'<body><seq id="page" epub:textref="{text}">',
            *lines,
            "</seq></body>",
            "</smil>",
            "",
        ]
    )
