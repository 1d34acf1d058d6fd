"""Untrusted XML of a book or a document: no entity of its own, a bounded depth, any encoding."""

from collections.abc import Iterator
from html.entities import html5
from typing import TYPE_CHECKING

import regex

from mixer.errors import UnreadableText
from mixer.lazy import compile_lazily
from mixer.script.document import collapse_whitespace
from mixer.script.readers.archive import Archive
from mixer.script.readers.encodings import decode_page

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_XML_DEPTH = 200
"""Of elements in each other; a table of contents has some ten levels, of two elements each."""

_AMPERSAND = compile_lazily(r"&(?!#\d{1,7};|#[xX][\dA-Fa-f]{1,6};)(?:([A-Za-z]\w{1,30});)?")
_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})


def parse_xml(archive: Archive, path: str) -> "Element":
    """Parse an XML file of an archive.

    Raises:
        UnreadableText: it is missing, malformed, nested too deeply, or declares entities.
    """
    return parse_content(archive.read(path), archive.name, path)


def parse_content(content: bytes, name: str, path: str) -> "Element":
    """Parse XML; the name and the path are those of the book and its file in errors.

    Raises:
        UnreadableText: it is malformed, nested too deeply, or declares entities.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError

    try:
        try:
            return _parse(content, name, path)
        except ParseError:
            return _parse(decode_xml(content), name, path)
    except DefusedXmlException as error:
        raise UnreadableText(
            f"{name} cannot be used: its file {path} declares entities of its own."
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise UnreadableText(f"{name} is damaged: its file {path} is not XML ({error}).") from error


def _parse(content: bytes | str, name: str, path: str) -> "Element":
    from defusedxml.ElementTree import DefusedXMLParser

    parser = DefusedXMLParser(target=_BoundedTree(name, path))
    parser.feed(content)
    root: Element = parser.close()
    return root


def _build_tree() -> type:
    from xml.etree.ElementTree import TreeBuilder

    return TreeBuilder


class _BoundedTree:
    """Builds the tree, and refuses one so deep that it could not be walked."""

    def __init__(self, name: str, path: str) -> None:
        self._name, self._path, self._depth = name, path, 0
        self._tree = _build_tree()()

    def start(self, tag: str, attributes: dict[str, str]) -> "Element":
        """Open an element."""
        self._depth += 1
        if self._depth > MAX_XML_DEPTH:
            raise UnreadableText(
                f"{self._name} cannot be used: the elements of its file {self._path} are nested "
                f"more than {MAX_XML_DEPTH} deep."
            )
        element: Element = self._tree.start(tag, attributes)
        return element

    def end(self, tag: str) -> "Element":
        """Close an element."""
        self._depth -= 1
        element: Element = self._tree.end(tag)
        return element

    def data(self, text: str) -> None:
        """Add text."""
        self._tree.data(text)

    def close(self) -> "Element":
        """The root."""
        root: Element = self._tree.close()
        return root


def decode_xml(content: bytes) -> str:
    """Decode XML; HTML's named characters are written out, ampersands without a name escaped."""

    def repair(match: regex.Match[str]) -> str:
        name = match[1]
        if name in _XML_NAMES:
            return match[0]
        character = html5.get(f"{name};") if name else None
        return character if character not in (None, "<", "&") else "&amp;" + match[0][1:]

    return _AMPERSAND.sub(repair, decode_page(content))


def find_all(root: "Element", name: str) -> Iterator["Element"]:
    """Elements by local name, in any namespace."""
    return (element for element in root.iter() if local_name(element) == name)


def find_children(parent: "Element", name: str) -> list["Element"]:
    """Direct children by local name."""
    return [element for element in parent if local_name(element) == name]


def local_name(element: "Element") -> str:
    """An element's name without its namespace."""
    return str(element.tag).rsplit("}", 1)[-1]


def get_attribute(element: "Element", name: str) -> str:
    """An attribute by local name; empty where there is none."""
    return next((v for k, v in element.attrib.items() if k.rsplit("}", 1)[-1] == name), "")


def find_value(element: "Element", name: str) -> str:
    """The `val` of the first child of a name, as DOCX states properties; empty without one."""
    return next((get_attribute(each, "val") for each in find_children(element, name)), "")


MAX_COUNT_DIGITS = 9


def parse_count(written: str) -> int:
    """A number as attributes state it; 0 for anything else, and for more than a document has."""
    return int(written) if written.isdecimal() and len(written) <= MAX_COUNT_DIGITS else 0


def get_text(element: "Element") -> str:
    """All text of an element, with its white space folded."""
    return collapse_whitespace("".join(element.itertext()))
