"""Styles of an OpenDocument text: each with what it inherits, and how headings are counted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mixer.lazy import compile_lazily
from mixer.script.readers.heading_numbers import HeadingNumbers, ListLevel
from mixer.script.readers.package_xml import (
    find_children,
    get_attribute,
    local_name,
    parse_count,
)
from mixer.script.readers.style_names import (
    MAX_LEVEL,
    MAX_STYLE_DEPTH,
    TITLE_LEVEL,
    find_style_level,
    is_skipped_style,
)

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

OUTLINE = "outline"
"""Names the list that counts headings unless their style states another."""

_ESCAPE = compile_lazily(r"_([0-9a-f]{1,4})_")
_PLACE = compile_lazily(r"%(\d{1,2})%")
_FORMATS = {
    "": "none", "1": "decimal", "A": "upperLetter", "a": "upperLetter", "I": "upperRoman",
    "i": "upperRoman",
}  # fmt: skip
"""Of numbers, by what OpenDocument calls them (20.322 style:num-format)."""

_BOLD = frozenset({"bold", "600", "700", "800", "900"})
_NO_BORDER = frozenset({"", "none", "hidden"})


@dataclass(frozen=True, slots=True)
class OdtStyle:
    """A style with what it inherits; `level` is 0 unless it is a heading's.

    Attributes:
        raised: `sup` or `sub` for letters above or below the line.
        list_name: the list that counts its headings; empty for none.
    """

    level: int = 0
    is_hidden: bool = False
    is_skipped: bool = False
    is_strong: bool = False
    is_centred: bool = False
    is_ruled: bool = False
    raised: str = ""
    list_name: str = OUTLINE


@dataclass
class OdtStyles:
    """The styles of a document, by family and name."""

    elements: dict[tuple[str, str], "Element"] = field(default_factory=dict)
    automatic: set[tuple[str, str]] = field(default_factory=set)
    numbers: HeadingNumbers = field(default_factory=lambda: HeadingNumbers({}))
    _found: dict[tuple[str, str], OdtStyle] = field(default_factory=dict)

    def find(self, family: str, name: str) -> OdtStyle:
        """A style of a family, `paragraph` or `text`; one of no effect where it is missing."""
        key = (family, name)
        if key not in self._found:
            style = OdtStyle()
            for each in reversed(list(self._list_chain(key))):
                style = _inherit(style, self.elements[each], is_own=each not in self.automatic)
            self._found[key] = style
        return self._found[key]

    def _list_chain(self, key: tuple[str, str]) -> Iterator[tuple[str, str]]:
        """A style and those it is based on; a subtitle's heading does not count."""
        for _ in range(MAX_STYLE_DEPTH):
            element = self.elements.get(key)
            if element is None:
                return
            yield key
            if _read_name(element) == "subtitle":
                return
            key = (key[0], get_attribute(element, "parent-style-name"))


def _inherit(style: OdtStyle, element: "Element", *, is_own: bool) -> OdtStyle:
    """A style that is based on another; one that is not its author's own is made for a place."""
    name = _read_name(element) if is_own else ""
    inherited = style.level if style.level > TITLE_LEVEL or not is_own else 0
    outline = parse_level(get_attribute(element, "default-outline-level"))
    changes: dict[str, Any] = {}
    for properties in element:
        for attribute, written in properties.attrib.items():
            changes |= _read_property(attribute.rsplit("}", 1)[-1], written)
    if "list-style-name" in map(_get_local, element.attrib):
        changes["list_name"] = get_attribute(element, "list-style-name")
    return replace(
        style,
        level=find_style_level(name) or outline or inherited,
        is_skipped=style.is_skipped or is_skipped_style(name),
        **changes,
    )


def _get_local(name: str) -> str:
    return name.rsplit("}", 1)[-1]


def _read_property(name: str, written: str) -> dict[str, Any]:
    """What a property of paragraphs or letters changes."""
    match name:
        case "display":
            return {"is_hidden": written == "none"}
        case "font-weight":
            return {"is_strong": written in _BOLD}
        case "text-align":
            return {"is_centred": written == "center"}
        case "border" | "border-top" | "border-bottom":
            return {"is_ruled": True} if written.strip() not in _NO_BORDER else {}
        case "text-position":
            return {"raised": _read_position(written)}
    return {}


def _read_position(written: str) -> str:
    position = (written.split() or ["0%"])[0]
    if position == "super" or position.rstrip("%").strip("0."):
        return "sub" if position.startswith(("sub", "-")) else "sup"
    return ""


def parse_level(written: str) -> int:
    """The level of a heading with an outline level, which counts from 1; 0 for text."""
    level = parse_count(written)
    return min(level + 1, MAX_LEVEL) if level else 0


def _read_name(element: "Element") -> str:
    name = get_attribute(element, "display-name") or get_attribute(element, "name")
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), name).lower()


def read_odt_styles(roots: Iterable["Element"]) -> OdtStyles:
    """The styles in the files of a document; those of later files replace others."""
    styles, lists = OdtStyles(), dict[str, list[ListLevel]]()
    for group in (each for root in roots for each in root):
        if local_name(group) not in ("styles", "automatic-styles"):
            continue
        for each in find_children(group, "style"):
            key = (get_attribute(each, "family"), get_attribute(each, "name"))
            styles.elements[key] = each
            if local_name(group) == "automatic-styles":
                styles.automatic.add(key)
        for each in group:
            if local_name(each) in ("list-style", "outline-style"):
                is_outline = local_name(each) == "outline-style"
                name = OUTLINE if is_outline else get_attribute(each, "name")
                lists[name] = list(_read_list(each))
    styles.numbers = HeadingNumbers(lists)
    return styles


def _read_list(element: "Element") -> Iterator[ListLevel]:
    for depth, level in enumerate(element, 1):
        style = _FORMATS.get(get_attribute(level, "num-format"), "decimal")
        is_number = local_name(level).endswith(("level-style-number", "outline-level-style"))
        start = get_attribute(level, "start-value") or "1"
        text = _read_label(level, depth) if is_number and style != "none" else ""
        yield ListLevel(text, style, parse_count(start))


def _read_label(level: "Element", depth: int) -> str:
    if pattern := get_attribute(level, "num-list-format"):
        return _PLACE.sub(r"%\1", pattern)
    shown = max(parse_count(get_attribute(level, "display-levels")), 1)
    places = ".".join(f"%{each}" for each in range(max(depth - shown, 0) + 1, depth + 1))
    return get_attribute(level, "num-prefix") + places + get_attribute(level, "num-suffix")
