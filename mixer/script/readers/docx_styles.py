"""Styles of a DOCX, and the numbers before its headings, which are not in its text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mixer.lazy import compile_lazily
from mixer.script.readers.archive import Archive
from mixer.script.readers.package_xml import (
    find_all,
    find_children,
    find_value,
    get_attribute,
    parse_xml,
)

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

STYLES, NUMBERING = "word/styles.xml", "word/numbering.xml"
MAX_LEVEL = 6
_HEADING_NAME = compile_lazily(
    r"(?:heading|überschrift|titre|título|titolo|kop)\s*(?P<level>[1-9])"
)
_PLACE = compile_lazily(r"%([1-9])")
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
MAX_ROMAN, LETTERS = 3_999, 26


@dataclass(frozen=True, slots=True)
class Style:
    """A style of a document; `level` is 0 unless it is a heading's."""

    name: str
    level: int
    based_on: str
    raised: str = ""
    number: tuple[str, int] = ("", 0)


def read_docx_styles(archive: Archive) -> dict[str, Style]:
    """The styles of paragraphs and letters, by id."""
    if STYLES not in archive:
        return {}
    styles = {}
    for each in find_children(parse_xml(archive, STYLES), "style"):
        name = find_value(each, "name").lower()
        outline = next((get_attribute(e, "val") for e in find_all(each, "outlineLvl")), "")
        match = _HEADING_NAME.fullmatch(name)
        level = int(match["level"]) + 1 if match else 0
        if not level and outline.isdecimal() and int(outline) < MAX_LEVEL:
            level = int(outline) + 2
        level = 1 if name == "title" else level
        key = get_attribute(each, "styleId")
        raised = next((get_attribute(e, "val") for e in find_all(each, "vertAlign")), "")
        number = next(map(read_number, find_all(each, "numPr")), ("", 0))
        based_on = find_value(each, "basedOn")
        styles[key] = Style(name, min(level, MAX_LEVEL), based_on, raised, number)
    return styles


@dataclass(frozen=True, slots=True)
class _ListLevel:
    text: str
    style: str
    start: int


@dataclass
class HeadingNumbers:
    """Counts headings as their lists do; a heading without a list has no number."""

    lists: Mapping[str, Sequence[_ListLevel]]
    _counts: dict[str, dict[int, int]] = field(default_factory=dict)

    def count(self, properties: "Element | None", styles: Sequence[tuple[str, int]]) -> str:
        """The number of the next heading, with a space behind it; empty where it has none."""
        own = find_children(properties, "numPr") if properties is not None else []
        key, depth = next((each for each in (*map(read_number, own), *styles) if each[0]), ("", 0))
        levels = self.lists.get(key, ())
        if depth >= len(levels):
            return ""
        counts = self._counts.setdefault(key, {})
        counts[depth] = counts.get(depth, levels[depth].start - 1) + 1
        for deeper in [each for each in counts if each > depth]:
            del counts[deeper]
        text = _PLACE.sub(
            lambda match: _write(levels, counts, int(match[1]) - 1), levels[depth].text
        )
        return f"{text.strip()} " if any(map(str.isalnum, text)) else ""


def _write(levels: Sequence[_ListLevel], counts: Mapping[int, int], depth: int) -> str:
    if depth >= len(levels):
        return ""
    number, style = counts.get(depth, levels[depth].start), levels[depth].style
    if style == "none":
        return ""
    if style in ("upperRoman", "lowerRoman") and 0 < number <= MAX_ROMAN:
        return _write_roman(number)
    if style in ("upperLetter", "lowerLetter") and 0 < number <= LETTERS:
        return chr(ord("A") + number - 1)
    return str(number)


def _write_roman(number: int) -> str:
    written = ""
    for value, letters in _ROMAN:
        written += letters * (number // value)
        number %= value
    return written


def read_number(properties: "Element") -> tuple[str, int]:
    """The list and the depth in it that a paragraph or a style states."""
    depth = find_value(properties, "ilvl")
    return find_value(properties, "numId"), int(depth) if depth.isdecimal() else 0


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


def _read_level(level: "Element") -> _ListLevel:
    start = find_value(level, "start")
    return _ListLevel(
        find_value(level, "lvlText"),
        find_value(level, "numFmt"),
        int(start) if start.isdecimal() else 1,
    )
