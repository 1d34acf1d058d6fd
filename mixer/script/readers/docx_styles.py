"""What surrounds the text of a DOCX: links, styles, numbers of headings, marks of elements."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixer.errors import UnreadableText
from mixer.script.document import split_names
from mixer.script.readers.archive import Archive
from mixer.script.readers.heading_numbers import HeadingNumbers, ListLevel
from mixer.script.readers.package_xml import (
    find_all,
    find_children,
    find_value,
    get_attribute,
    local_name,
    parse_count,
    parse_xml,
)
from mixer.script.readers.style_names import MAX_LEVEL, TITLE_LEVEL, find_style_level

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MACROS = split_names("word/vbaProject.bin word/vbaData.xml")
STYLES, NUMBERING = "word/styles.xml", "word/numbering.xml"


def require_harmless(archive: Archive, relations_path: str) -> None:
    """Raise UnreadableText for a document with macros, or with parts elsewhere."""
    if any(path in archive for path in _MACROS):
        raise UnreadableText(
            f"{archive.name} contains macros: save it as a DOCX without macros (.docx, not .docm)."
        )
    relations = parse_xml(archive, relations_path) if relations_path in archive else ()
    for each in relations:
        kind = each.get("Type", "").rpartition("/")[2]
        if each.get("TargetMode", "").lower() == "external" and kind != "hyperlink":
            raise UnreadableText(
                f"{archive.name} refers to a file outside of it ({kind[:40]}), which is never "
                "fetched: remove the link, or save the document with everything in it."
            )


@dataclass(frozen=True, slots=True)
class Style:
    """A style of a document; `level` is 0 unless it is a heading's."""

    name: str
    level: int
    based_on: str
    raised: str = ""
    number: tuple[str, int] = ("", 0)
    is_hidden: bool = False
    is_ruled: bool = False


def read_docx_styles(archive: Archive) -> dict[str, Style]:
    """The styles of paragraphs and letters, by id."""
    if STYLES not in archive:
        return {}
    styles = {}
    for each in find_children(parse_xml(archive, STYLES), "style"):
        name = find_value(each, "name").lower()
        outline = next((get_attribute(e, "val") for e in find_all(each, "outlineLvl")), "")
        level = find_style_level(name) or _parse_outline(outline)
        key = get_attribute(each, "styleId")
        raised = next((get_attribute(e, "val") for e in find_all(each, "vertAlign")), "")
        number = next(map(read_number, find_all(each, "numPr")), ("", 0))
        based_on = "" if name == "subtitle" else find_value(each, "basedOn")
        marks = {"is_hidden": is_hidden(each, hides=False), "is_ruled": _has_border(each)}
        styles[key] = Style(name, min(level, MAX_LEVEL), based_on, raised, number, **marks)
    return styles


def read_number(properties: "Element") -> tuple[str, int]:
    """The list and the depth in it that a paragraph or a style states."""
    depth = find_value(properties, "ilvl")
    return find_value(properties, "numId"), parse_count(depth)


def read_numbering(archive: Archive) -> HeadingNumbers:
    """Read the lists of a document."""
    if NUMBERING not in archive:
        return HeadingNumbers({})
    root = parse_xml(archive, NUMBERING)
    abstract = {
        get_attribute(each, "abstractNumId"): [_read_level(e) for e in find_children(each, "lvl")]
        for each in find_all(root, "abstractNum")
    }
    numbers = find_children(root, "num")
    return HeadingNumbers(
        {
            get_attribute(each, "numId"): abstract.get(find_value(each, "abstractNumId"), [])
            for each in numbers
        }
    )


def _read_level(level: "Element") -> ListLevel:
    start, text = find_value(level, "start") or "1", find_value(level, "lvlText")
    return ListLevel(text, find_value(level, "numFmt"), parse_count(start))


def is_contents(control: "Element") -> bool:
    """Whether a control holds the table of contents."""
    galleries = (get_attribute(each, "val") for each in find_all(control, "docPartGallery"))
    return any(each.startswith("Table of Contents") for each in galleries)


def is_drop_cap(properties: "Element | None") -> bool:
    """Whether a paragraph is a letter that is set large."""
    frames = find_children(properties, "framePr") if properties is not None else []
    return any(get_attribute(each, "dropCap") in ("drop", "margin") for each in frames)


def iter_text_boxes(parent: "Element") -> Iterator["Element"]:
    """Text boxes in a paragraph, each once: Word writes a second form for older readers."""
    for each in parent:
        name = local_name(each)
        if name == "txbxContent":
            yield each
        elif name not in ("Fallback", "del", "moveFrom"):
            yield from iter_text_boxes(each)


def is_hidden(run: "Element", hides: bool) -> bool:
    """Whether a run is hidden; `hides` where its style is, unless it says otherwise itself."""
    for properties in find_children(run, "rPr"):
        for each in properties:
            if local_name(each) in ("vanish", "webHidden"):
                hides = get_attribute(each, "val") not in ("0", "false")
    return hides


def is_placeholder(control: "Element") -> bool:
    """Whether a control for content shows what its author should have written."""
    return any(find_children(each, "showingPlcHdr") for each in find_children(control, "sdtPr"))


def has_deleted_mark(properties: "Element | None") -> bool:
    """Whether the end of a paragraph is deleted, so that it goes on in the next."""
    marks = find_children(properties, "rPr") if properties is not None else []
    return any(find_children(each, "del") for each in marks)


def has_rule(paragraph: "Element") -> bool:
    """Whether a paragraph is a line across the page."""
    if any(get_attribute(each, "hr") for each in find_all(paragraph, "rect")):
        return True
    return _has_border(paragraph) and not any(each.text for each in find_all(paragraph, "t"))


def _has_border(element: "Element") -> bool:
    sides = (side for border in find_all(element, "pBdr") for side in border)
    return any(
        local_name(each) in ("top", "bottom") and get_attribute(each, "val") not in ("nil", "none")
        for each in sides
    )


def find_level(properties: "Element | None", styles: Sequence[Style]) -> int:
    """The level of a heading, by its styles or its own outline level; 0 for text."""
    outline = find_value(properties, "outlineLvl") if properties is not None else ""
    if level := _parse_outline(outline):
        return min(level, MAX_LEVEL)
    inherited = (each.level for each in styles[1:] if each.level > TITLE_LEVEL)
    return next((each.level for each in styles[:1] if each.level), next(inherited, 0))


def _parse_outline(written: str) -> int:
    """The level of a heading with an outline level, which counts from 0; 0 for text."""
    is_level = len(written) == 1 and written.isdecimal() and int(written) < MAX_LEVEL
    return int(written) + 2 if is_level else 0


def find_raised_tag(properties: "Element", raised: str) -> str:
    """The element of a page for letters above or below the line; `raised` is what a style says."""
    raised = find_value(properties, "vertAlign") or raised
    position = find_value(properties, "position")
    if not raised and parse_count(position.removeprefix("-")):
        raised = "subscript" if position.startswith("-") else "superscript"
    return {"superscript": "sup", "subscript": "sub"}.get(raised, "")
