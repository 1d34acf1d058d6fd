"""The package document of a book that gets media overlays; one of EPUB 2 becomes one of EPUB 3.

What the book says of itself stays, its identifier included: its fonts may be encrypted with that.
"""

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

import regex

from mixer.errors import UnreadableText
from mixer.publish.epub.pages import format_clock
from mixer.script.readers import Archive, decode_xml, has_scheme

if TYPE_CHECKING:
    from lxml.etree import _Element

OPF, DC = "http://www.idpf.org/2007/opf", "http://purl.org/dc/elements/1.1/"
XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
OVERLAY_TYPE, PAGE_TYPE = "application/smil+xml", "application/xhtml+xml"

FEATURE = "schema:accessibilityFeature"
SUMMARY = (
    "The text is read aloud and highlighted as it is spoken. "
    "The pages are the book's own; their accessibility was not examined."
)
UNSTATED = {
    "schema:accessibilityHazard": ("unknown",),
    "schema:accessibilitySummary": (SUMMARY,),
}
"""Stated of a book that says nothing of it."""

ContentsLine = tuple[str, str, str, int]
"""Path, fragment, title, level."""

_DECLARATION = regex.compile(r"\A\s*+<\?xml[^>]*+>")

_NEEDS = (
    ("svg", regex.compile(r"<svg[\s>]")),
    ("mathml", regex.compile(r"<(?:\w+:)?math[\s>]")),
    ("scripted", regex.compile(r"<(?:script|form)[\s>]")),
    ("remote-resources", regex.compile(r"<(?:audio|video|source)\b[^>]*+\bsrc=[\"']https?:")),
)
"""Properties of a page by what it holds (EPUB 3.3, D.8)."""


@dataclass(frozen=True, slots=True)
class AddedFile:
    """A file that is added to the manifest; `properties` may be empty."""

    path: str
    media_type: str
    properties: str = ""


@dataclass(frozen=True, slots=True)
class PageOverlay:
    """An overlay: the path of its page and its own, and how long it plays."""

    page: str
    path: str
    duration_ms: int


@dataclass(slots=True)
class OwnPackage:
    """A package document that is being changed; raises UnreadableText for one before EPUB 2."""

    archive: Archive
    path: str
    root: "_Element" = field(init=False)

    def __post_init__(self) -> None:
        from lxml import etree

        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        content = _DECLARATION.sub("", decode_xml(self.archive.read(self.path)), count=1)
        try:
            self.root = etree.fromstring(content.encode(), parser)
        except etree.XMLSyntaxError as error:
            raise UnreadableText(f"the book's package document is damaged ({error})") from error
        version = self.root.get("version", "")
        if self.root.tag != f"{{{OPF}}}package" or version[:1] not in ("2", "3"):
            raise UnreadableText(
                f"the book's own pages are older than EPUB 2 ({version or 'none'})"
            )

    @property
    def is_old(self) -> bool:
        """Whether it is one of EPUB 2."""
        return self.root.get("version", "").startswith("2")

    @property
    def metadata(self) -> "_Element":
        """The metadata."""
        return self._find("metadata")

    @property
    def items(self) -> "dict[str, _Element]":
        """The items of the manifest by their files; those outside of the book are left out."""
        return {
            self.archive.find(self.archive.resolve_path(each.get("href", ""), self.path)): each
            for each in self._find("manifest").iterfind(f"{{{OPF}}}item")
            if not has_scheme(each.get("href", ""))
        }

    def _find(self, name: str) -> "_Element":
        found = self.root.find(f"{{{OPF}}}{name}")
        if found is None:
            raise UnreadableText(f"the book's package document lacks its {name}")
        return found

    def link(self, path: str) -> str:
        """The reference to a file."""
        return quote(posixpath.relpath(path, posixpath.dirname(self.path) or "."))

    def add_meta(self, name: str, value: str, refines: str = "", scheme: str = "") -> None:
        """Add a property of the book, or of a part of it."""
        from lxml import etree

        meta = etree.SubElement(self.metadata, f"{{{OPF}}}meta", property=name)
        meta.text = value
        if refines:
            meta.set("refines", f"#{refines}")
        if scheme:
            meta.set("scheme", scheme)

    def state_language(self, default: str) -> str:
        """State the language of a document that states none; returns that of the book."""
        found = self.metadata.findtext(f"{{{DC}}}language", "").strip() or default
        self.root.set(XML_LANGUAGE, self.root.get(XML_LANGUAGE) or found)
        return found

    def describe(self, described: dict[str, tuple[str, ...]]) -> None:
        """State properties; what the book says of its accessibility stays."""
        for name, values in (described | UNSTATED).items():
            stated = {meta.text for meta in self.find_metas(name)}
            if name == FEATURE:
                for value in values:
                    if value not in stated:
                        self.add_meta(name, value)
            elif not (stated and name.startswith("schema:")):
                self.replace_metas(name, values)

    def replace_metas(self, name: str, values: Sequence[str]) -> None:
        """Replace what the book says of a property."""
        for each in self.find_metas(name):
            self.metadata.remove(each)
        for value in values:
            self.add_meta(name, value)

    def find_metas(self, name: str) -> "list[_Element]":
        """What the book says of a property."""
        return [
            each for each in self.metadata.iter(f"{{{OPF}}}meta") if each.get("property") == name
        ]

    def drop_overlays(self) -> frozenset[str]:
        """Take out overlays that the book has; returns the paths of files that go."""
        dropped = set[str]()
        for path, item in self.items.items():
            item.attrib.pop("media-overlay", "")
            if item.get("media-type") == OVERLAY_TYPE:
                item.getparent().remove(item)  # type: ignore[union-attr]
                dropped.add(path)
        for meta in list(self.metadata):
            if (meta.get("property") or "").startswith("media:"):
                self.metadata.remove(meta)
        return frozenset(dropped)

    def add_files(self, files: Sequence[AddedFile]) -> None:
        """Add files to the manifest."""
        from lxml import etree

        for each in files:
            item = etree.SubElement(self._find("manifest"), f"{{{OPF}}}item")
            item.set("id", self._new_id(each.path))
            item.set("href", self.link(each.path))
            item.set("media-type", each.media_type)
            if each.properties:
                item.set("properties", each.properties)

    def _new_id(self, path: str) -> str:
        taken = {each.get("id") for each in self.root.iter()}
        name = regex.sub(r"[^\w.-]", "-", f"read-aloud-{posixpath.basename(path)}")
        while name in taken:
            name = f"{name}_"
        return name

    def add_overlays(self, overlays: Sequence[PageOverlay]) -> None:
        """Give pages their overlays, whose files are in the manifest, and state their lengths."""
        items = self.items
        for each in overlays:
            name = items[each.path].get("id", "")
            items[each.page].set("media-overlay", name)
            self.add_meta("media:duration", format_clock(each.duration_ms), name)
        self.add_meta("media:duration", format_clock(sum(each.duration_ms for each in overlays)))

    def upgrade(self) -> None:
        """Turn a package of EPUB 2 into one of EPUB 3."""
        self.root.set("version", "3.0")
        for number, element in enumerate(list(self.metadata)):
            if isinstance(element.tag, str):
                self._upgrade_element(element, f"read-aloud-about-{number}")
        dates = self.metadata.findall(f"{{{DC}}}date")
        for extra in dates[1:]:
            self.metadata.remove(extra)
        cover = next((m.get("content") for m in self.metadata if m.get("name") == "cover"), None)
        for item in self.items.values():
            if (
                cover
                and item.get("id") == cover
                and item.get("media-type", "").startswith("image/")
            ):
                item.set("properties", "cover-image")
            item.attrib.pop("fallback-style", "")
        for tours in self.root.findall(f"{{{OPF}}}tours"):
            self.root.remove(tours)

    def _upgrade_element(self, element: "_Element", new_id: str) -> None:
        """Write what EPUB 2 says in attributes as EPUB 3 has it (3.3, 5.3.6 and D.3)."""
        old = {
            name: str(element.attrib.pop(name))
            for name in map(str, list(element.attrib))
            if name[0] == "{"
        }
        if language := old.get(XML_LANGUAGE):
            element.set(XML_LANGUAGE, language)
        if element.tag == f"{{{DC}}}language":
            element.text = (element.text or "").strip().replace("_", "-")
        stated = [
            ("role", old.get(f"{{{OPF}}}role"), "marc:relators"),
            ("file-as", old.get(f"{{{OPF}}}file-as"), ""),
        ]
        for name, value, scheme in stated:
            if value:
                element.set("id", element.get("id") or new_id)
                self.add_meta(name, value, element.get("id", ""), scheme)
        is_empty = element.tag.startswith(f"{{{DC}}}") and not (element.text or "").strip()
        if is_empty:
            self.metadata.remove(element)

    def note_needs(self, path: str, text: str) -> None:
        """State what a page needs, as EPUB 3 wants it."""
        item = self.items[path]
        item.set("media-type", PAGE_TYPE)
        needs = [name for name, pattern in _NEEDS if pattern.search(text)]
        stated = item.get("properties", "").split()
        if joined := " ".join(dict.fromkeys([*stated, *needs])):
            item.set("properties", joined)

    def to_bytes(self) -> bytes:
        """The document."""
        from lxml import etree

        written: bytes = etree.tostring(self.root, encoding="utf-8", xml_declaration=True)
        if self.metadata.nsmap.get(None) == OPF:  # some reading systems know no prefix here
            written = written.replace(b"<opf:meta", b"<meta").replace(b"</opf:meta>", b"</meta>")
        return written


def keep_order(entries: Iterable[ContentsLine], spine: Sequence[str]) -> Iterator[ContentsLine]:
    """Lines of contents without those that lead back, as tools list references to notes."""
    places = {path: number for number, path in enumerate(spine)}
    last = 0
    for entry in entries:
        place = places.get(entry[0], last)
        if place >= last:
            yield entry
            last = place
