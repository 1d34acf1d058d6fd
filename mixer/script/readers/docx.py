"""DOCX to Document: paragraphs, headings by their styles, verse and tables, without notes.

Read from the zip archive directly, after Office Open XML (ECMA-376, part 1). Headers, footers,
footnotes and comments are files of their own there, and are not opened. Paragraphs and runs become
elements of a page, so that notes, drop caps and bullets are known by the same rules.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import regex

from mixer.errors import UnreadableText
from mixer.lazy import compile_lazily
from mixer.script.document import Document, split_names
from mixer.script.readers.archive import Archive
from mixer.script.readers.document_page import DocumentPage
from mixer.script.readers.docx_styles import (
    Style,
    find_level,
    find_raised_tag,
    has_deleted_mark,
    has_rule,
    is_contents,
    is_drop_cap,
    is_hidden,
    is_placeholder,
    iter_text_boxes,
    read_docx_styles,
    read_number,
    read_numbering,
    require_harmless,
)
from mixer.script.readers.heading_numbers import HeadingNumbers
from mixer.script.readers.metadata import clean_title, normalise_language_tag, split_authors
from mixer.script.readers.open_block import LINE_BREAK
from mixer.script.readers.package_xml import (
    find_children,
    find_value,
    get_attribute,
    get_text,
    local_name,
    parse_xml,
)
from mixer.script.readers.style_names import MAX_STYLE_DEPTH, is_skipped_style

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_CORE = "docProps/core.xml"
_DOCUMENT = compile_lazily(r"word/(document\d*\.xml)")
"""Word on the web puts a number behind its name."""

_SKIPPED = split_names(
    "del moveFrom instrText delText footnoteReference endnoteReference commentReference pict "
    "object Fallback footnoteRef endnoteRef annotationRef sdtPr rPr pPr tblPr trPr tcPr "
    "txbxContent rt"
)
MAX_FIELDS = 20
"""Fields in each other; Word has at most a few."""

_LISTS_FIELD = compile_lazily(r"\s*(?:TOC|INDEX|TOA|PAGE|NUMPAGES)\b", regex.IGNORECASE)
"""Fields whose text lists what the document has, or counts pages."""


def read_docx(
    content: bytes, name: str = "The document", check_time: Callable[[], None] = lambda: None
) -> Document:
    """Read a document of Word or another word processor; an error of `check_time` ends that.

    Raises:
        UnreadableText: it is damaged, has macros or parts elsewhere, or holds no words.
        ObjectTooLarge: it unpacks to more than a book can hold.
    """
    archive = Archive(content, name, check_time=check_time)
    document = next(filter(None, map(_DOCUMENT.fullmatch, archive)), None)
    if document is None:
        raise UnreadableText(f"{name} is an archive, but not a DOCX: it lacks word/document.xml.")
    require_harmless(archive, f"word/_rels/{document[1]}.rels")
    reader = _DocxReader(read_docx_styles(archive), read_numbering(archive), check_time)
    for body in find_children(parse_xml(archive, document[0]), "body"):
        reader.read_blocks(body)
    blocks = reader.page.build_blocks(name)
    stated = _read_core(archive)
    return Document(
        blocks,
        title=clean_title(stated.get("title", "")) or reader.page.title,
        author=", ".join(split_authors(stated.get("creator", ""))),
        language=normalise_language_tag(stated.get("language", "")),
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
    page: DocumentPage = field(default_factory=DocumentPage)
    _fields: list[str] = field(default_factory=list)
    _begun: list["Element"] = field(default_factory=list)

    def read_blocks(self, parent: "Element") -> None:
        """Read the paragraphs of a body, a table's cell, or a control for content."""
        for each in parent:
            name = local_name(each)
            if name == "p":
                self.check_time()
                self._read_paragraph(each)
            elif name == "sdt" and is_contents(each):
                self.page.drop_list_title()
            elif name not in _SKIPPED and not is_placeholder(each):
                self.read_blocks(each)

    def _read_paragraph(self, paragraph: "Element") -> None:
        properties = next(iter(find_children(paragraph, "pPr")), None)
        style_id = find_value(properties, "pStyle") if properties is not None else ""
        styles = self._list_styles(style_id)
        if has_deleted_mark(properties):
            self._begun.append(paragraph)
        elif not any(each.is_hidden or is_skipped_style(each.name) for each in styles):
            self._read_styled(paragraph, properties, styles)

    def _read_styled(
        self, paragraph: "Element", properties: "Element | None", styles: Sequence[Style]
    ) -> None:
        level = find_level(properties, styles)
        kind = "dropcap" if is_drop_cap(properties) else ""
        is_centred = properties is not None and find_value(properties, "jc") == "center"
        with self.page.open(f"h{level}" if level else "p", **{"class": kind}):
            if level:
                self.page.add_number(self._count_heading(properties, styles))
            for each in (*self._begun, paragraph):
                self._read_runs(each)
            self._begun.clear()
            words = self.page.close_paragraph(level, is_centred=is_centred)
        if has_rule(paragraph) or (not words.strip() and any(each.is_ruled for each in styles)):
            self.page.add_rule()
        for box in iter_text_boxes(paragraph):
            self.read_blocks(box)

    def _count_heading(self, properties: "Element | None", styles: Sequence[Style]) -> str:
        own = find_children(properties, "numPr") if properties is not None else []
        numbers = (*map(read_number, own), *(each.number for each in styles))
        return self.numbers.count(*next((each for each in numbers if each[0]), ("", 0)))

    def _add_words(self, text: str) -> None:
        if not any(map(_LISTS_FIELD.match, self._fields)):
            self.page.add_words(text)

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
            elif name not in _SKIPPED and not self._is_hidden(each):
                self._read_element(name, each)

    def _is_hidden(self, element: "Element") -> bool:
        styles = (
            style
            for each in (find_children(element, "rPr") if local_name(element) == "r" else ())
            for style in self._list_styles(find_value(each, "rStyle"))
        )
        return is_placeholder(element) or is_hidden(element, any(s.is_hidden for s in styles))

    def _read_element(self, name: str, element: "Element") -> None:
        anchor = get_attribute(element, "anchor")
        if name == "r":
            tag = self._find_tag(element)
            if not tag:
                self._read_runs(element)
                return
            with self.page.open(tag):
                self._read_runs(element)
        elif name == "hyperlink" and anchor:
            with self.page.open("a", href=f"#{anchor}"):
                self._read_runs(element)
        elif name == "docPr":
            with self.page.open("img", alt=element.get("descr", "")):
                pass
        elif name == "bookmarkStart":
            self.page.elements.content.add_anchors({get_attribute(element, "name")})
        elif not (name == "fldSimple" and _LISTS_FIELD.match(get_attribute(element, "instr"))):
            self._read_runs(element)

    def _find_tag(self, run: "Element") -> str:
        for properties in find_children(run, "rPr"):
            styles = self._list_styles(find_value(properties, "rStyle"))
            tag = find_raised_tag(properties, next((s.raised for s in styles if s.raised), ""))
            if tag:
                return tag
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
            self.page.drop_list_title()
        elif kind == "end" and self._fields:
            self._fields.pop()


_MARKS = {"tab": " ", "ptab": " ", "sym": " ", "noBreakHyphen": "-"}
