"""DOCX to Document: paragraphs, headings by their styles, verse and tables, without notes.

Read from the zip archive directly, after Office Open XML (ECMA-376, part 1). Headers, footers,
footnotes and comments are files of their own there, and are not opened. Paragraphs and runs become
elements of a page, so that notes, drop caps and bullets are known by the same rules.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import regex

from mixer.errors import UnreadableText
from mixer.lazy import compile_lazily
from mixer.script.document import Block, Document, has_words, split_names
from mixer.script.readers.archive import Archive
from mixer.script.readers.docx_styles import (
    MAX_LEVEL,
    HeadingNumbers,
    Style,
    read_docx_styles,
    read_numbering,
)
from mixer.script.readers.epub_metadata import split_authors
from mixer.script.readers.headings import is_counted_line
from mixer.script.readers.languages import normalise_language_tag
from mixer.script.readers.marks import is_contents_title
from mixer.script.readers.open_block import LINE_BREAK
from mixer.script.readers.package_xml import (
    find_all,
    find_children,
    find_value,
    get_attribute,
    get_text,
    local_name,
    parse_xml,
)
from mixer.script.readers.page_blocks import BlockList
from mixer.script.readers.page_elements import PageElements, find_anchors
from mixer.script.readers.page_head import PageHead
from mixer.script.readers.page_styles import NO_STYLES
from mixer.script.readers.web_page import NoteReferences, drop_notes, find_headings, join_titles

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

DOCUMENT = "word/document.xml"
_CORE, _RELATIONS = "docProps/core.xml", "word/_rels/document.xml.rels"
_MACROS = split_names("word/vbaProject.bin word/vbaData.xml")

_SKIPPED_STYLE = compile_lazily(r"toc\s*\d|toc heading|(?:foot|end)note.*|header|footer")
_SKIPPED = split_names(
    "del moveFrom instrText delText footnoteReference endnoteReference commentReference pict "
    "object Fallback footnoteRef endnoteRef annotationRef sdtPr rPr pPr tblPr trPr tcPr "
    "txbxContent rt"
)
MAX_FIELDS = 20
"""Fields in each other; Word has at most a few."""

_LISTS_FIELD = compile_lazily(r"\s*(?:TOC|INDEX|TOA|PAGE|NUMPAGES)\b", regex.IGNORECASE)
"""Fields whose text lists what the document has, or counts pages."""

MAX_STYLE_DEPTH = 20
"""Of styles that are based on each other."""


def read_docx(
    content: bytes, name: str = "The document", check_time: Callable[[], None] = lambda: None
) -> Document:
    """Read a document of Word or another word processor; an error of `check_time` ends that.

    Raises:
        UnreadableText: it is damaged, has macros or parts elsewhere, or holds no words.
        ObjectTooLarge: it unpacks to more than a book can hold.
    """
    archive = Archive(content, name, check_time=check_time)
    if DOCUMENT not in archive:
        raise UnreadableText(f"{name} is an archive, but not a DOCX: it lacks {DOCUMENT}.")
    _require_harmless(archive)
    reader = _DocxReader(read_docx_styles(archive), read_numbering(archive), check_time)
    for body in find_children(parse_xml(archive, DOCUMENT), "body"):
        reader.read_blocks(body)
    blocks = reader.build_blocks()
    if not any(has_words(block.text) for block in blocks):
        raise UnreadableText(f"{name} contains no words to read: its pages are pictures, or empty.")
    stated = _read_core(archive)
    return Document(
        blocks,
        title=stated.get("title", "") or reader.title,
        author=", ".join(split_authors(stated.get("creator", ""))),
        language=normalise_language_tag(stated.get("language", "")),
    )


def _require_harmless(archive: Archive) -> None:
    if any(path in archive for path in _MACROS):
        raise UnreadableText(
            f"{archive.name} contains macros: save it as a DOCX without macros (.docx, not .docm)."
        )
    relations = parse_xml(archive, _RELATIONS) if _RELATIONS in archive else ()
    for each in relations:
        kind = each.get("Type", "").rpartition("/")[2]
        if each.get("TargetMode", "").lower() == "external" and kind != "hyperlink":
            raise UnreadableText(
                f"{archive.name} refers to a file outside of it ({kind[:40]}), which is never "
                "fetched: remove the link, or save the document with everything in it."
            )


def _read_core(archive: Archive) -> dict[str, str]:
    if _CORE not in archive:
        return {}
    return {local_name(each): get_text(each) for each in parse_xml(archive, _CORE)}


@dataclass
class _DocxReader:
    """Reads paragraphs; what is deleted, hidden or a field's formula is left out."""

    styles: Mapping[str, Style]
    numbers: HeadingNumbers
    check_time: Callable[[], None]
    page: PageElements = field(
        default_factory=lambda: PageElements(head=PageHead(NO_STYLES), content=BlockList())
    )
    title: str = ""
    _fields: list[str] = field(default_factory=list)

    def build_blocks(self) -> tuple[Block, ...]:
        """All that was read, without notes that are linked to their references."""
        notes = NoteReferences()
        notes.add_links(self.page.note_links, "", _find_bookmark)
        kept = drop_notes(self.page.content.blocks, notes, "", _find_bookmark)
        return tuple(join_titles(find_headings(kept)))

    def read_blocks(self, parent: "Element") -> None:
        """Read the paragraphs of a body, a table's cell, or a control for content."""
        for each in parent:
            name = local_name(each)
            if name == "p":
                self.check_time()
                self._read_paragraph(each)
            elif name == "sdt" and _is_contents(each):
                self._drop_contents_title()
            elif name not in _SKIPPED:
                self.read_blocks(each)

    def _read_paragraph(self, paragraph: "Element") -> None:
        properties = next(iter(find_children(paragraph, "pPr")), None)
        style_id = find_value(properties, "pStyle") if properties is not None else ""
        styles = self._list_styles(style_id)
        if any(_SKIPPED_STYLE.fullmatch(each.name) for each in styles):
            return
        level = next((each.level for each in styles if each.level), 0)
        outline = find_value(properties, "outlineLvl") if properties is not None else ""
        if outline.isdecimal() and int(outline) < MAX_LEVEL:
            level = min(int(outline) + 2, MAX_LEVEL)
        kind = "dropcap" if _is_drop_cap(properties) else ""
        with self._open(f"h{level}" if level else "p", **{"class": kind}):
            if level:
                number = self.numbers.count(properties, [each.number for each in styles])
                self._add_words(number)
                self.page.content.open.line_ended = is_counted_line(number)
            self._read_runs(paragraph)
            words = "".join(self.page.content.open.pieces)
        if level == 1 and not self.title:
            self.title = " ".join(words.split())
        if any(get_attribute(each, "hr") for each in find_all(paragraph, "rect")):
            self.page.content.add_scene_break()
        for box in _iter_text_boxes(paragraph):
            self.read_blocks(box)

    @contextmanager
    def _open(self, tag: str, **attributes: str) -> Iterator[None]:
        """An element of a page."""
        self.page.depth += 1
        self.page.content.add_anchors(find_anchors(attributes))
        self.page.open_element(tag, attributes)
        yield
        self.page.depth -= 1
        self.page.close_element(tag)

    def _add_words(self, text: str) -> None:
        if not any(map(_LISTS_FIELD.match, self._fields)):
            is_strong = bool(self.page.strong_depth)
            self.page.content.add_words(text, self.page.link[1], is_strong=is_strong)

    def _list_styles(self, style_id: str) -> list[Style]:
        """A style and those it is based on, up to the first that is a heading's."""
        styles: list[Style] = []
        while (style := self.styles.get(style_id)) and len(styles) < MAX_STYLE_DEPTH:
            styles.append(style)
            style_id = "" if style.level else style.based_on
        return styles

    def _read_runs(self, parent: "Element") -> None:
        for each in parent:
            name = local_name(each)
            if name == "t":
                self._add_words(each.text or "")
            elif name in _MARKS:
                self._add_words(_MARKS[name])
            elif name in ("br", "cr"):
                is_line = get_attribute(each, "type") in ("", "textWrapping")
                self._add_words(LINE_BREAK if is_line else " ")
            elif name in ("fldChar", "instrText"):
                self._read_field(each)
            elif name not in _SKIPPED and not (name == "r" and _is_hidden(each)):
                self._read_element(name, each)

    def _read_element(self, name: str, element: "Element") -> None:
        anchor = get_attribute(element, "anchor")
        if name == "r":
            tag = self._find_tag(element)
            if not tag:
                self._read_runs(element)
                return
            with self._open(tag):
                self._read_runs(element)
        elif name == "hyperlink" and anchor:
            with self._open("a", href=f"#{anchor}"):
                self._read_runs(element)
        elif name == "docPr":
            with self._open("img", alt=element.get("descr", "")):
                pass
        elif name == "bookmarkStart":
            self.page.content.add_anchors({get_attribute(element, "name")})
        elif not (name == "fldSimple" and _LISTS_FIELD.match(get_attribute(element, "instr"))):
            self._read_runs(element)

    def _find_tag(self, run: "Element") -> str:
        for properties in find_children(run, "rPr"):
            styles = self._list_styles(find_value(properties, "rStyle"))
            raised = find_value(properties, "vertAlign") or next(
                (each.raised for each in styles if each.raised), ""
            )
            if raised in _RAISED_TAGS:
                return _RAISED_TAGS[raised]
            bold = find_children(properties, "b")
            if any(get_attribute(each, "val") not in ("0", "false", "off") for each in bold):
                return "b"
        return ""

    def _read_field(self, mark: "Element") -> None:
        kind = get_attribute(mark, "fldCharType")
        if not kind and self._fields:
            self._fields[-1] += mark.text or ""
        elif kind == "begin" and len(self._fields) < MAX_FIELDS:
            self._fields.append("")
        elif kind == "separate" and self._fields and _LISTS_FIELD.match(self._fields[-1]):
            self._drop_contents_title()
        elif kind == "end" and self._fields:
            self._fields.pop()

    def _drop_contents_title(self) -> None:
        blocks = self.page.content.blocks
        if blocks and is_contents_title(blocks[-1].block.text):
            blocks.pop()


_MARKS = {"tab": " ", "ptab": " ", "noBreakHyphen": "-"}
_RAISED_TAGS = {"superscript": "sup", "subscript": "sub"}


def _find_bookmark(link: str) -> tuple[str, str]:
    return "", link.removeprefix("#")


def _is_contents(control: "Element") -> bool:
    """Whether a control holds the table of contents."""
    galleries = (get_attribute(each, "val") for each in find_all(control, "docPartGallery"))
    return any(each.startswith("Table of Contents") for each in galleries)


def _is_drop_cap(properties: "Element | None") -> bool:
    frames = find_children(properties, "framePr") if properties is not None else []
    return any(get_attribute(each, "dropCap") in ("drop", "margin") for each in frames)


def _iter_text_boxes(parent: "Element") -> Iterator["Element"]:
    """Text boxes in a paragraph, each once: Word writes a second form for older readers."""
    for each in parent:
        name = local_name(each)
        if name == "txbxContent":
            yield each
        elif name not in ("Fallback", "del", "moveFrom"):
            yield from _iter_text_boxes(each)


def _is_hidden(run: "Element") -> bool:
    """Whether a run is hidden."""
    for properties in find_children(run, "rPr"):
        hidden = [each for each in properties if local_name(each) in ("vanish", "webHidden")]
        if any(get_attribute(each, "val") not in ("0", "false") for each in hidden):
            return True
    return False
