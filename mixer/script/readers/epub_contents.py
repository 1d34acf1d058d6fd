"""The table of contents of an EPUB: the navigation document of EPUB 3, or EPUB 2's NCX."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mixer.errors import ObjectTooLarge, UnreadableText
from mixer.script.readers.archive import Archive, has_scheme, split_reference
from mixer.script.readers.epub_package import EpubPackage
from mixer.script.readers.package_xml import (
    find_all,
    find_children,
    get_attribute,
    get_text,
    local_name,
    parse_xml,
)

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table of contents; `fragment` is empty for the file's beginning.

    `level` is known of EPUB 2's tables only.
    """

    path: str
    fragment: str
    title: str
    level: int = 1


def read_contents(archive: Archive, package: EpubPackage) -> tuple[Entry, ...]:
    """Read the table of contents from the first source that has one; may be empty.

    A source that is damaged is passed over: then headings mark the chapters.
    """
    navs = [item.path for item in package.items.values() if "nav" in item.properties]
    sources = [(path, _read_nav_entries) for path in navs]
    sources += [(package.ncx, _read_ncx_entries)] if package.ncx else []
    for path, read_entries in sources:
        if path in archive:
            try:
                entries = tuple(read_entries(archive, path))
            except (UnreadableText, ObjectTooLarge):
                continue
            if entries:
                return entries
    return ()


def _read_nav_entries(archive: Archive, path: str) -> Iterator[Entry]:
    navs = list(find_all(parse_xml(archive, path), "nav"))
    typed = [nav for nav in navs if "toc" in get_attribute(nav, "type").split()]
    for nav in typed[:1] or navs[:1]:
        for link in find_all(nav, "a"):
            yield from _build_entries(archive, path, link.get("href", ""), link)


def _read_ncx_entries(archive: Archive, path: str) -> Iterator[Entry]:
    for nav_map in find_all(parse_xml(archive, path), "navMap"):
        for point, level in _iter_points(nav_map, 1):
            source = next(iter(find_children(point, "content")), None)
            label = next(iter(find_children(point, "navLabel")), None)
            if source is not None and label is not None:
                for entry in _build_entries(archive, path, source.get("src", ""), label):
                    yield replace(entry, level=level)


def _iter_points(parent: "Element", level: int) -> Iterator[tuple["Element", int]]:
    for element in parent:
        is_point = local_name(element) == "navPoint"
        if is_point:
            yield element, level
        yield from _iter_points(element, level + is_point)


def _build_entries(
    archive: Archive, path: str, reference: str, label: "Element"
) -> Iterator[Entry]:
    title = get_text(label)
    if not title or has_scheme(reference):
        return
    where, fragment = split_reference(reference)
    target = archive.find(archive.resolve_path(reference, path)) if where else path
    yield Entry(target, fragment, title)
