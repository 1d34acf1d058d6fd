"""DOCX to Document: paragraphs, headings by their styles, verse and tables, without notes.

Read from the zip archive directly, after Office Open XML (ECMA-376, part 1). Headers, footers,
footnotes and comments are files of their own there, and are not opened.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import regex

from mixer.errors import UnreadableText
from mixer.script.document import Document, has_words, split_names
from mixer.script.readers.archive import Archive
from mixer.script.readers.languages import normalise_language_tag
from mixer.script.readers.marks import describes_picture
from mixer.script.readers.package_xml import (
    find_all,
    find_children,
    get_attribute,
    get_text,
    local_name,
    parse_xml,
)
from mixer.script.readers.page_blocks import LINE_BREAK, BlockList, OpenBlock

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

DOCUMENT = "word/document.xml"
_STYLES, _CORE, _RELATIONS = "word/styles.xml", "docProps/core.xml", "word/_rels/document.xml.rels"
_MACROS = split_names("word/vbaProject.bin word/vbaData.xml")

_HEADING_NAME = regex.compile(r"(?:heading|überschrift|titre|título|titolo|kop)\s*(?P<level>[1-9])")
_SKIPPED_STYLE = regex.compile(r"toc\s*\d|toc heading|(?:foot|end)note.*|header|footer")
_SKIPPED = split_names(
    "del moveFrom instrText delText footnoteReference endnoteReference commentReference pict "
    "object Fallback footnoteRef endnoteRef annotationRef sdtPr rPr pPr tblPr trPr tcPr "
    "txbxContent"
)
MAX_LEVEL = 6
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
    reader = _DocxReader(_read_styles(archive), check_time)
    for body in find_children(parse_xml(archive, DOCUMENT), "body"):
        reader.read_blocks(body)
    blocks = tuple(each.block for each in reader.content.blocks)
    if not any(has_words(block.text) for block in blocks):
        raise UnreadableText(f"{name} contains no words to read: its pages are pictures, or empty.")
    stated = _read_core(archive)
    return Document(
        blocks,
        title=stated.get("title", "") or reader.title,
        author=stated.get("creator", "").replace(";", ","),
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


@dataclass(frozen=True, slots=True)
class _Style:
    name: str
    level: int
    based_on: str


def _read_styles(archive: Archive) -> dict[str, _Style]:
    if _STYLES not in archive:
        return {}
    styles = {}
    for each in find_children(parse_xml(archive, _STYLES), "style"):
        name = _find_value(each, "name").lower()
        outline = next((get_attribute(e, "val") for e in find_all(each, "outlineLvl")), "")
        match = _HEADING_NAME.fullmatch(name)
        level = int(match["level"]) + 1 if match else 0
        if not level and outline.isdecimal() and int(outline) < MAX_LEVEL:
            level = int(outline) + 2
        level = 1 if name == "title" else level
        key = get_attribute(each, "styleId")
        styles[key] = _Style(name, min(level, MAX_LEVEL), _find_value(each, "basedOn"))
    return styles


def _find_value(element: "Element", name: str) -> str:
    return next((get_attribute(each, "val") for each in find_children(element, name)), "")


@dataclass
class _DocxReader:
    """Reads paragraphs; what is deleted, hidden or a field's formula is left out."""

    styles: Mapping[str, _Style]
    check_time: Callable[[], None]
    content: BlockList = field(default_factory=BlockList)
    title: str = ""

    def read_blocks(self, parent: "Element") -> None:
        """Read the paragraphs of a body, a table's cell, or a control for content."""
        for each in parent:
            name = local_name(each)
            if name == "p":
                self.check_time()
                self._read_paragraph(each)
            elif name not in _SKIPPED:
                self.read_blocks(each)

    def _read_paragraph(self, paragraph: "Element") -> None:
        properties = next(iter(find_children(paragraph, "pPr")), None)
        style_id = _find_value(properties, "pStyle") if properties is not None else ""
        names, level = self._resolve_style(style_id)
        if any(map(_SKIPPED_STYLE.fullmatch, names)):
            return
        outline = _find_value(properties, "outlineLvl") if properties is not None else ""
        if outline.isdecimal() and int(outline) < MAX_LEVEL:
            level = min(int(outline) + 2, MAX_LEVEL)
        self.content.flush(OpenBlock(level=level))
        self._read_runs(paragraph)
        words = "".join(self.content.open.pieces)
        if level == 1 and not self.title:
            self.title = " ".join(words.split())
        if any(get_attribute(each, "hr") for each in find_all(paragraph, "rect")):
            self.content.add_scene_break()
        self.content.flush(OpenBlock())

    def _resolve_style(self, style_id: str) -> tuple[list[str], int]:
        """The names of a style and of those it is based on, and its level as a heading."""
        names: list[str] = []
        for _ in range(MAX_STYLE_DEPTH):
            style = self.styles.get(style_id)
            if style is None:
                break
            names.append(style.name)
            if style.level:
                return names, style.level
            style_id = style.based_on
        return names, 0

    def _read_runs(self, parent: "Element") -> None:
        for each in parent:
            name = local_name(each)
            if name == "t":
                self.content.add_words(each.text or "")
            elif name in ("br", "cr"):
                is_line = get_attribute(each, "type") in ("", "textWrapping")
                self.content.add_words(LINE_BREAK if is_line else " ")
            elif name in ("tab", "ptab"):
                self.content.add_words(" ")
            elif name == "noBreakHyphen":
                self.content.add_words("-")
            elif name == "docPr" and describes_picture(each.get("descr", "")):
                self.content.open.add_piece(f" {each.get('descr', '')} ")
            elif name not in _SKIPPED and not (name == "r" and _is_hidden(each)):
                self._read_runs(each)


def _is_hidden(run: "Element") -> bool:
    """Whether a run is hidden, or is a note's mark that was typed as a raised number."""
    for properties in find_children(run, "rPr"):
        hidden = [each for each in properties if local_name(each) in ("vanish", "webHidden")]
        if any(get_attribute(each, "val") not in ("0", "false") for each in hidden):
            return True
    return False
