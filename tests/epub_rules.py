"""The rules of EPUB 3.3 that a read-aloud book has to keep, checked by its own reading of them.

Every rule that is broken is a sentence in what `broken_rules` returns. Numbers are sections of the
recommendation.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

OPF = "{http://www.idpf.org/2007/opf}"
DC = "{http://purl.org/dc/elements/1.1/}"
XHTML = "{http://www.w3.org/1999/xhtml}"
OPS = "{http://www.idpf.org/2007/ops}"
SMIL = "{http://www.w3.org/ns/SMIL}"
OCF = "{urn:oasis:names:tc:opendocument:xmlns:container}"
CORE_TYPES = {
    "application/xhtml+xml",
    "application/smil+xml",
    "audio/mpeg",
    "audio/mp4",
    "image/jpeg",
    "text/css",
}
CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d)\.(\d{3})")


@dataclass
class Item:
    path: str
    media_type: str
    properties: set[str]
    overlay: str | None


@dataclass
class OpenedEpub:
    """A book taken apart."""

    archive: zipfile.ZipFile
    folder: str
    package: ET.Element
    items: dict[str, Item]
    spine: list[str]

    def parse_root(self, path: str) -> ET.Element:
        return ET.fromstring(self.archive.read(path))  # noqa: S314 - our own

    def metas(self, name: str) -> list[ET.Element]:
        return [m for m in self.package.iter(f"{OPF}meta") if m.get("property") == name]

    def pages(self) -> list[Item]:
        return [self.items[name] for name in self.spine]


def open_epub(content: bytes) -> OpenedEpub:
    archive = zipfile.ZipFile(io.BytesIO(content))
    container = ET.fromstring(archive.read("META-INF/container.xml"))  # noqa: S314
    (rootfile,) = container.iter(f"{OCF}rootfile")
    path = rootfile.attrib["full-path"]
    package = ET.fromstring(archive.read(path))  # noqa: S314
    folder = posixpath.dirname(path)
    items = {
        each.attrib["id"]: Item(
            posixpath.join(folder, each.attrib["href"]),
            each.attrib["media-type"],
            set(each.get("properties", "").split()),
            each.get("media-overlay"),
        )
        for each in package.iter(f"{OPF}item")
    }
    spine = [each.attrib["idref"] for each in package.iter(f"{OPF}itemref")]
    return OpenedEpub(archive, folder, package, items, spine)


def parse_clock_ms(clock: str) -> int:
    found = CLOCK.fullmatch(clock)
    assert found, f"{clock} is no full clock value"
    hours, minutes, seconds, part = map(int, found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + part


def find_broken_rules(content: bytes) -> list[str]:
    book = open_epub(content)
    checks = (
        _check_archive,
        _check_metadata,
        _check_manifest,
        _check_spine,
        _check_pages,
        _check_contents,
        _check_overlays,
        _check_durations,
    )
    return [sentence for check in checks for sentence in check(book)]


def _check_archive(book: OpenedEpub) -> Iterator[str]:
    """4.2.3, 4.3: the mimetype file, names, compression."""
    first = book.archive.infolist()[0]
    if (first.filename, first.compress_type, first.extra) != ("mimetype", zipfile.ZIP_STORED, b""):
        yield "mimetype is not the first entry, stored, without extra field"
    if book.archive.read("mimetype") != b"application/epub+zip":
        yield "mimetype says something else"
    names = book.archive.namelist()
    if len({name.casefold() for name in names}) != len(names):
        yield "two files share a name"
    if book.archive.testzip():
        yield "a file is damaged"
    for info in book.archive.infolist():
        if (
            info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            or info.flag_bits & 1
        ):
            yield f"{info.filename} is packed in a way that readers need not know"


def _check_metadata(book: OpenedEpub) -> Iterator[str]:
    """5.4, 5.5: what has to be there, once."""
    package = book.package
    if package.tag != f"{OPF}package" or package.get("version") != "3.0":
        yield "no package of version 3.0"
    identifiers = {
        each.get("id"): (each.text or "").strip() for each in package.iter(f"{DC}identifier")
    }
    if not identifiers.get(package.get("unique-identifier")):
        yield "the unique identifier is not there"
    for name in ("title", "language"):
        if not [each for each in package.iter(f"{DC}{name}") if (each.text or "").strip()]:
            yield f"no dc:{name}"
    modified = [meta.text or "" for meta in book.metas("dcterms:modified")]
    if len(modified) != 1 or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", modified[0]):
        yield "dcterms:modified is not there once, in UTC, to the second"
    ids = [each.get("id") for each in package.iter() if each.get("id")]
    if len(ids) != len(set(ids)):
        yield "ids of the package are not unique"
    order = [each.tag for each in package]
    if order != [f"{OPF}metadata", f"{OPF}manifest", f"{OPF}spine"]:
        yield "metadata, manifest, spine are not in this order"


def _check_manifest(book: OpenedEpub) -> Iterator[str]:
    """5.6.2: every file once, of a core media type; one nav, at most one cover."""
    listed = [item.path for item in book.items.values()]
    inside = [
        n for n in book.archive.namelist() if n != "mimetype" and not n.startswith("META-INF/")
    ]
    wanted = [name for name in inside if not name.endswith(".opf")]
    if sorted(listed) != sorted(wanted):
        yield f"manifest and archive differ: {set(listed) ^ set(wanted)}"
    for item in book.items.values():
        if item.media_type not in CORE_TYPES:
            yield f"{item.path}: {item.media_type} is no core media type"
    if [i.media_type for i in book.items.values() if "nav" in i.properties] != [
        "application/xhtml+xml"
    ]:
        yield "there is not one nav"
    covers = [i for i in book.items.values() if "cover-image" in i.properties]
    if len(covers) > 1 or any(not i.media_type.startswith("image/") for i in covers):
        yield "the cover is no picture, or not one"


def _check_spine(book: OpenedEpub) -> Iterator[str]:
    """5.7: known pages, none twice."""
    if not book.spine or len(set(book.spine)) != len(book.spine):
        yield "the spine is empty, or has a page twice"
    for page in book.pages():
        if page.media_type != "application/xhtml+xml":
            yield f"{page.path} in the spine is no page"
    direction = next(book.package.iter(f"{OPF}spine")).get("page-progression-direction", "ltr")
    if direction not in ("ltr", "rtl"):
        yield "there is no such direction"


def _ids(root: ET.Element) -> list[str]:
    return [each.attrib["id"] for each in root.iter() if "id" in each.attrib]


def _check_pages(book: OpenedEpub) -> Iterator[str]:
    """6.1: well-formed, titled, ids unique, links that lead somewhere inside."""
    for item in book.items.values():
        if item.media_type != "application/xhtml+xml":
            continue
        text = book.archive.read(item.path).decode("utf-8")
        root = book.parse_root(item.path)
        if root.tag != f"{XHTML}html" or "<!DOCTYPE html>" not in text:
            yield f"{item.path} is no XHTML5"
        if not (root.findtext(f"{XHTML}head/{XHTML}title") or "").strip():
            yield f"{item.path} has no title"
        if len(_ids(root)) != len(set(_ids(root))):
            yield f"{item.path}: ids are not unique"
        links = [
            e.attrib[name] for e in root.iter() for name in ("href", "src") if name in e.attrib
        ]
        lost = [link for link in links if not _is_internal_link(book, item.path, link)]
        yield from (f"{item.path}: {link} leads nowhere" for link in lost)


def _is_internal_link(book: OpenedEpub, page: str, link: str) -> bool:
    path, _, fragment = link.partition("#")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
    if target not in [item.path for item in book.items.values()]:
        return False
    return not fragment or fragment in _ids(book.parse_root(target))


def _check_contents(book: OpenedEpub) -> Iterator[str]:
    """7.3: one table of contents, every entry with a name, in the order of the spine."""
    (nav,) = (item for item in book.items.values() if "nav" in item.properties)
    tables = [
        n for n in book.parse_root(nav.path).iter(f"{XHTML}nav") if n.get(f"{OPS}type") == "toc"
    ]
    if len(tables) != 1 or len(tables[0].findall(f"{XHTML}ol")) != 1:
        yield "there is not one table of contents with one list"
        return
    links = list(tables[0].iter(f"{XHTML}a"))
    if not links or any(not "".join(link.itertext()).strip() for link in links):
        yield "an entry of the table of contents has no name"
    pages = [page.path for page in book.pages()]
    places = [pages.index(posixpath.join(book.folder, link.attrib["href"])) for link in links]
    if places != sorted(places):
        yield "the table of contents is not in the order of the spine"


def list_overlays(book: OpenedEpub) -> Iterator[tuple[Item, Item]]:
    """Pages with the overlays that the manifest gives them."""
    for page in book.items.values():
        if page.overlay:
            yield page, book.items[page.overlay]


def _check_overlays(book: OpenedEpub) -> Iterator[str]:
    """9.2, 9.3: structure, targets, order, times."""
    used = [overlay.path for _, overlay in list_overlays(book)]
    known = [i.path for i in book.items.values() if i.media_type == "application/smil+xml"]
    if sorted(used) != sorted(known):
        yield "an overlay belongs to no page, or to several"
    for page, overlay in list_overlays(book):
        root = book.parse_root(overlay.path)
        if root.tag != f"{SMIL}smil" or root.get("version") != "3.0":
            yield f"{overlay.path} is no SMIL 3.0"
        if [each.tag for each in root] != [f"{SMIL}body"]:
            yield f"{overlay.path} holds more than a body"
        if len(_ids(root)) != len(set(_ids(root))):
            yield f"{overlay.path}: ids are not unique"
        for group in root.iter(f"{SMIL}seq"):
            if not _is_internal_link(book, overlay.path, group.attrib[f"{OPS}textref"]):
                yield f"{overlay.path}: epub:textref leads nowhere"
        yield from _check_pars(book, page, overlay, root)


def _check_pars(book: OpenedEpub, page: Item, overlay: Item, root: ET.Element) -> Iterator[str]:
    order = _ids(book.parse_root(page.path))
    places, end_ms = [], 0
    for par in root.iter(f"{SMIL}par"):
        if [each.tag for each in par] != [f"{SMIL}text", f"{SMIL}audio"]:
            yield f"{overlay.path}: a par is not a text and an audio"
            continue
        text, audio = par
        path, _, fragment = text.attrib["src"].partition("#")
        if posixpath.join(book.folder, path) != page.path or fragment not in order:
            yield f"{overlay.path}: {text.attrib['src']} is not in its page"
            continue
        places.append(order.index(fragment))
        if not _is_internal_link(book, overlay.path, audio.attrib["src"]):
            yield f"{overlay.path}: {audio.attrib['src']} is not there"
        begin, end = (
            parse_clock_ms(audio.attrib["clipBegin"]),
            parse_clock_ms(audio.attrib["clipEnd"]),
        )
        if not end_ms <= begin < end:
            yield f"{overlay.path}: the clip {begin} to {end} is none"
        end_ms = end
    if not places or places != sorted(set(places)):
        yield f"{overlay.path}: the sentences are not in the page's order"


def overlay_duration_ms(book: OpenedEpub, overlay: Item) -> int:
    """What an overlay plays."""
    audios = book.parse_root(overlay.path).iter(f"{SMIL}audio")
    return sum(
        parse_clock_ms(each.attrib["clipEnd"]) - parse_clock_ms(each.attrib["clipBegin"])
        for each in audios
    )


def _check_durations(book: OpenedEpub) -> Iterator[str]:
    """9.3.5: the length of each overlay, and of all of them."""
    durations = {
        meta.get("refines"): parse_clock_ms(meta.text or "")
        for meta in book.metas("media:duration")
    }
    names = {item.path: name for name, item in book.items.items()}
    wanted = {f"#{names[o.path]}": overlay_duration_ms(book, o) for _, o in list_overlays(book)}
    wanted_all = {**wanted, None: sum(wanted.values())}
    if durations != wanted_all:
        yield f"media:duration says {durations}, and {wanted_all} is heard"
