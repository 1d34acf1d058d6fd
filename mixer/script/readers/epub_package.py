"""The description inside an EPUB: package document, table of contents, copy protection.

Follows EPUB 3.3 (W3C Recommendation), and OPF 2.0.1 for older books. XML is read by defusedxml; a
document type is allowed, since every NCX has one, but no entity is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mixer.errors import UnreadableText
from mixer.script.document import collapse_whitespace, split_names
from mixer.script.readers.archive import Archive

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"

FONT_LOCKS = frozenset({"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"})
"""These encrypt fonts only (EPUB 3.3, 4.4, and Adobe's older scheme)."""

LOCKS = {
    "META-INF/license.lcpl": "Readium LCP",
    "META-INF/sinf.xml": "Apple FairPlay",
    "META-INF/rights.xml": "Adobe ADEPT",
}
"""Schemes of copy protection by the file that each one adds."""

PAGE_TYPES = frozenset(
    {"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/xml"}
)


@dataclass(frozen=True, slots=True)
class ManifestItem:
    """A file of the manifest; `properties` are such as `nav` and `cover-image`."""

    path: str
    media_type: str
    properties: frozenset[str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table of contents.

    `fragment` is empty for the file's beginning; `depth` is 1 for the outermost level.
    """

    path: str
    fragment: str
    title: str
    depth: int


@dataclass(frozen=True, slots=True)
class EpubPackage:
    """A book's own description; paths are empty where it has no such file.

    Attributes:
        items: by id.
        spine: files in reading order.
        dublin_core: first values by term (title, creator, language …).
        front_matter: paths of cover, title page, imprint, contents, dedication, from the guide.
        ncx: path of EPUB 2's table of contents.
    """

    path: str
    items: Mapping[str, ManifestItem]
    spine: tuple[ManifestItem, ...]
    dublin_core: Mapping[str, str]
    cover: str
    front_matter: frozenset[str]
    ncx: str


def parse_xml(archive: Archive, path: str) -> "Element":
    """Parse an XML file; UnreadableText where it is malformed or declares entities."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    content = archive.read(path)
    try:
        root: Element = fromstring(content)
    except DefusedXmlException as error:
        raise UnreadableText(
            f"{archive.name} cannot be used: its file {path} declares entities of its own."
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise UnreadableText(
            f"{archive.name} is damaged: its file {path} is not XML ({error})."
        ) from error
    return root


def require_unlocked(archive: Archive) -> None:
    """Raise UnreadableText for a book with copy protection, naming the scheme."""
    scheme = next((name for path, name in LOCKS.items() if path in archive), "")
    locked = any(_iter_text_locks(archive)) if ENCRYPTION in archive else False
    if locked or scheme in ("Readium LCP", "Apple FairPlay"):
        raise UnreadableText(
            f"{archive.name} is protected by {scheme or 'copy protection'} and cannot be read: get "
            "an edition without it."
        )


def _iter_text_locks(archive: Archive) -> Iterator[bool]:
    for method in _find_all(parse_xml(archive, ENCRYPTION), "EncryptedData"):
        algorithms = [
            each.get("Algorithm", "") for each in _find_children(method, "EncryptionMethod")
        ]
        yield not set(algorithms) <= FONT_LOCKS or not algorithms


def read_package(archive: Archive) -> EpubPackage:
    """Read a book's description; UnreadableText where it is missing or damaged."""
    root_files = list(_find_all(parse_xml(archive, CONTAINER), "rootfile"))
    if not root_files:
        raise UnreadableText(f"{archive.name} is damaged: its container names no book.")
    path = archive.resolve_path(root_files[0].get("full-path", ""))
    root = parse_xml(archive, path)
    items = dict(_read_items(archive, path, root))
    spine, ncx = _read_spine(archive, root, items)
    return EpubPackage(
        path=path,
        items=items,
        spine=spine,
        dublin_core=_read_dublin_core(root),
        cover=_find_cover(root, items),
        front_matter=frozenset(_iter_front_matter(archive, path, root)),
        ncx=ncx,
    )


def _read_items(archive: Archive, path: str, root: "Element") -> Iterator[tuple[str, ManifestItem]]:
    for item in _find_all(root, "item"):
        href, properties = item.get("href", ""), item.get("properties", "").split()
        if urlsplit(href).scheme in ("http", "https"):
            continue  # remote sounds and fonts are allowed, and never fetched
        where = archive.resolve_path(href, path)
        yield (
            item.get("id", ""),
            ManifestItem(where, item.get("media-type", ""), frozenset(properties)),
        )


def _read_spine(
    archive: Archive, root: "Element", items: Mapping[str, ManifestItem]
) -> tuple[tuple[ManifestItem, ...], str]:
    spine = next(_find_all(root, "spine"), None)
    if spine is None:
        raise UnreadableText(f"{archive.name} is damaged: it has no reading order.")
    named = [each.get("idref", "") for each in _find_all(spine, "itemref")]
    missing = [name for name in named if name not in items]
    if missing:
        raise UnreadableText(
            f"{archive.name} is damaged: its reading order names {missing[0]!r}, which is missing."
        )
    ncx = items.get(spine.get("toc", "ncx"))
    return tuple(items[name] for name in dict.fromkeys(named)), ncx.path if ncx else ""


def _read_dublin_core(root: "Element") -> dict[str, str]:
    """The first value of each term."""
    terms: dict[str, str] = {}
    for metadata in _find_all(root, "metadata"):
        for element in metadata.iter():
            text = collapse_whitespace("".join(element.itertext()))
            if text and "purl.org/dc/" in str(element.tag):
                terms.setdefault(_local_name(element), text)
    return terms


def _find_cover(root: "Element", items: Mapping[str, ManifestItem]) -> str:
    """The path of the cover that EPUB 3 marks or EPUB 2's metadata name."""
    named = [
        each.get("content", "") for each in _find_all(root, "meta") if each.get("name") == "cover"
    ]
    marked = [item for item in items.values() if "cover-image" in item.properties]
    for item in [*marked, *(items[name] for name in named if name in items)]:
        if item.media_type.startswith("image/"):
            return item.path
    return ""


_FRONT_TYPES = split_names(
    "cover title-page titlepage toc copyright-page dedication epigraph acknowledgements "
    "foreword preface loi lot colophon"
)
"""Types in a guide (OPF 2.0.1, 2.6) that are not part of the story."""


def _iter_front_matter(archive: Archive, path: str, root: "Element") -> Iterator[str]:
    for guide in _find_all(root, "guide"):
        for reference in _find_all(guide, "reference"):
            if reference.get("type", "").lower() in _FRONT_TYPES:
                yield archive.resolve_path(reference.get("href", ""), path)


def read_contents(archive: Archive, package: EpubPackage) -> tuple[Entry, ...]:
    """Read the table of contents from the navigation document or the NCX; may be empty."""
    nav = next((i for i in package.items.values() if "nav" in i.properties), None)
    if nav is not None and nav.path in archive:
        try:
            return tuple(_read_nav_entries(archive, nav.path))
        except UnreadableText:
            return ()  # then headings mark the chapters
    if package.ncx and package.ncx in archive:
        return tuple(_read_ncx_entries(archive, package.ncx))
    return ()


def _read_nav_entries(archive: Archive, path: str) -> Iterator[Entry]:
    navs = list(_find_all(parse_xml(archive, path), "nav"))
    typed = [nav for nav in navs if "toc" in _get_attribute(nav, "type").split()]
    for nav in typed[:1]:
        for top in _find_children(nav, "ol"):
            yield from _read_list_entries(archive, path, top, 1)


def _read_list_entries(archive: Archive, path: str, ol: "Element", depth: int) -> Iterator[Entry]:
    for li in _find_children(ol, "li"):
        for link in _find_children(li, "a"):
            yield from _build_entries(archive, path, link.get("href", ""), link, depth)
        for inner in _find_children(li, "ol"):
            yield from _read_list_entries(archive, path, inner, depth + 1)


def _read_ncx_entries(archive: Archive, path: str) -> Iterator[Entry]:
    for nav_map in _find_all(parse_xml(archive, path), "navMap"):
        yield from _read_nav_points(archive, path, nav_map, 1)


def _read_nav_points(archive: Archive, path: str, parent: "Element", depth: int) -> Iterator[Entry]:
    for point in _find_children(parent, "navPoint"):
        source = next(iter(_find_children(point, "content")), None)
        label = next(iter(_find_children(point, "navLabel")), None)
        if source is not None and label is not None:
            yield from _build_entries(archive, path, source.get("src", ""), label, depth)
        yield from _read_nav_points(archive, path, point, depth + 1)


def _build_entries(
    archive: Archive, path: str, reference: str, label: "Element", depth: int
) -> Iterator[Entry]:
    title, where = collapse_whitespace("".join(label.itertext())), urlsplit(reference)
    if title and not where.scheme:
        target = archive.resolve_path(reference, path) if where.path else path
        yield Entry(target, where.fragment, title, depth)


def _find_all(root: "Element", name: str) -> Iterator["Element"]:
    """Elements by local name, in any namespace."""
    return (element for element in root.iter() if _local_name(element) == name)


def _find_children(parent: "Element", name: str) -> list["Element"]:
    return [element for element in parent if _local_name(element) == name]


def _local_name(element: "Element") -> str:
    return str(element.tag).rsplit("}", 1)[-1]


def _get_attribute(element: "Element", name: str) -> str:
    return next((v for k, v in element.attrib.items() if k.rsplit("}", 1)[-1] == name), "")
