"""The description inside an EPUB: package document, metadata, table of contents, copy protection.

Follows EPUB 3.3 (W3C Recommendation), and OPF 2.0.1 for older books. XML is read by defusedxml; a
document type is allowed, since every NCX has one, but no entity is. What other readers open is
opened: entities of HTML and bare ampersands are repaired, and what the spine names without need is
passed over.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixer.errors import UnreadableText
from mixer.script.document import split_names
from mixer.script.readers.archive import Archive, has_scheme
from mixer.script.readers.metadata import PackageMetadata, read_metadata
from mixer.script.readers.package_xml import find_all, find_children, parse_xml

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
"""Media types of pages."""


@dataclass(frozen=True, slots=True)
class ManifestItem:
    """A file of the manifest; `properties` are such as `nav` and `cover-image`."""

    path: str
    media_type: str
    properties: frozenset[str]

    @property
    def is_text_page(self) -> bool:
        """Whether it is a page of the book's text."""
        return self.media_type in PAGE_TYPES and "nav" not in self.properties


@dataclass(frozen=True, slots=True)
class EpubPackage:
    """A book's own description; paths are empty where it has no such file.

    Attributes:
        items: by id.
        spine: files in reading order.
        covers: places where the cover may be, the surest first: pictures, or pages that show it.
        front_matter: paths of cover, title page, imprint, contents, dedication, from the guide.
        contents_pages: paths of pages that only list the chapters, from the guide.
        ncx: path of EPUB 2's table of contents.
    """

    path: str
    items: Mapping[str, ManifestItem]
    spine: tuple[ManifestItem, ...]
    metadata: PackageMetadata
    covers: tuple[str, ...]
    front_matter: frozenset[str]
    contents_pages: frozenset[str]
    ncx: str


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
    for method in find_all(parse_xml(archive, ENCRYPTION), "EncryptedData"):
        algorithms = [
            each.get("Algorithm", "") for each in find_children(method, "EncryptionMethod")
        ]
        yield not set(algorithms) <= FONT_LOCKS or not algorithms


def read_package(archive: Archive) -> EpubPackage:
    """Read a book's description; UnreadableText where it is missing or damaged."""
    root_files = list(find_all(parse_xml(archive, CONTAINER), "rootfile"))
    if not root_files:
        raise UnreadableText(f"{archive.name} is damaged: its container names no book.")
    path = archive.resolve_path(root_files[0].get("full-path", ""))
    root = parse_xml(archive, path)
    items = dict(_read_items(archive, path, root))
    spine, ncx = _read_spine(archive, root, items)
    guide = list(_iter_guide(archive, path, root))
    return EpubPackage(
        path=archive.find(path),
        items=items,
        spine=spine,
        metadata=read_metadata(root),
        covers=tuple(_iter_covers(archive, path, root, items, guide)),
        front_matter=frozenset(page for kind, page in guide if kind in _FRONT_TYPES),
        contents_pages=frozenset(page for kind, page in guide if kind == "toc"),
        ncx=ncx,
    )


def _read_items(archive: Archive, path: str, root: "Element") -> Iterator[tuple[str, ManifestItem]]:
    for item in find_all(root, "item"):
        href, properties = item.get("href", ""), item.get("properties", "").split()
        if has_scheme(href):
            continue  # remote sounds and fonts are allowed, and never fetched
        where = archive.find(archive.resolve_path(href, path))
        yield (
            item.get("id", ""),
            ManifestItem(where, item.get("media-type", ""), frozenset(properties)),
        )


def _read_spine(
    archive: Archive, root: "Element", items: Mapping[str, ManifestItem]
) -> tuple[tuple[ManifestItem, ...], str]:
    spine = next(find_all(root, "spine"), None)
    if spine is None:
        raise UnreadableText(f"{archive.name} is damaged: it has no reading order.")
    lines = [
        (each.get("idref", ""), each.get("linear", "yes")) for each in find_all(spine, "itemref")
    ]
    known = [(name, linear) for name, linear in lines if name in items]
    if lines and not known:
        raise UnreadableText(
            f"{archive.name} is damaged: its reading order names “{lines[0][0][:80]}”, which is "
            "missing."
        )
    linear = [name for name, linear in known if linear.strip().lower() != "no"]
    names = dict.fromkeys(linear or [name for name, _ in known])
    ncx = items.get(spine.get("toc", "ncx")) or next(
        (each for each in items.values() if each.media_type == "application/x-dtbncx+xml"), None
    )
    return tuple(items[name] for name in names), ncx.path if ncx else ""


def _iter_covers(
    archive: Archive,
    path: str,
    root: "Element",
    items: Mapping[str, ManifestItem],
    guide: list[tuple[str, str]],
) -> Iterator[str]:
    """EPUB 3's mark, then EPUB 2's metadata (an id, or against the rules a path), then habits."""
    yield from (item.path for item in items.values() if "cover-image" in item.properties)
    for meta in find_all(root, "meta"):
        named = meta.get("content", "") if meta.get("name") == "cover" else ""
        if named in items:
            yield items[named].path
        elif named and not has_scheme(named):
            yield archive.find(archive.resolve_path(named, path))
    yield from (page for kind, page in guide if kind == "cover")
    for name, item in items.items():
        if item.media_type.startswith("image/") and name.lower() in _COVER_IDS:
            yield item.path


_COVER_IDS = split_names("cover cover-image coverimage cover_image cover.jpg cover-img")

_FRONT_TYPES = split_names(
    "cover title-page titlepage toc copyright-page dedication epigraph acknowledgements "
    "foreword preface loi lot colophon"
)
"""Types in a guide (OPF 2.0.1, 2.6) that are not part of the story."""


def _iter_guide(archive: Archive, path: str, root: "Element") -> Iterator[tuple[str, str]]:
    """The types and paths of a guide."""
    for guide in find_all(root, "guide"):
        for reference in find_all(guide, "reference"):
            href = reference.get("href", "")
            if not has_scheme(href):
                kind = reference.get("type", "").lower().removeprefix("other.")
                yield kind, archive.find(archive.resolve_path(href, path))
