"""OpenDocument text to Document: paragraphs, headings by their levels and styles, without notes.

Read from its archive, or from the one file of a flat document, after OpenDocument 1.3 (ISO/IEC
26300). Headers and footers are in the file of styles, of which only the styles are used; macros and
parts elsewhere are never opened. Deleted text stands apart from the text, and is not read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mixer.errors import UnreadableText
from mixer.script.document import Document, split_names
from mixer.script.readers.archive import Archive
from mixer.script.readers.document_page import DocumentPage
from mixer.script.readers.metadata import clean_title, normalise_language_tag, split_authors
from mixer.script.readers.odt_styles import (
    OdtStyle,
    OdtStyles,
    parse_level,
    read_odt_styles,
)
from mixer.script.readers.open_block import LINE_BREAK
from mixer.script.readers.package_xml import (
    find_children,
    get_attribute,
    get_text,
    local_name,
    parse_content,
    parse_xml,
)
from mixer.script.readers.style_names import TITLE_LEVEL

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CONTENT, STYLES, META, MANIFEST = "content.xml", "styles.xml", "meta.xml", "META-INF/manifest.xml"

_LISTS = split_names(
    "table-of-content illustration-index table-index object-index user-index alphabetical-index"
)
"""Generated from the text; a bibliography is text of its own."""

_BOXES = split_names(
    "text-box custom-shape rect ellipse circle line polyline polygon path regular-polygon "
    "connector caption measure"
)
_SKIPPED = _LISTS | split_names(
    "tracked-changes note annotation ruby-text number placeholder page-number page-count "
    "page-continuation note-ref forms script event-listeners covered-table-cell object "
    "object-ole binary-data plugin applet floating-frame control title desc index-title-template"
)
_MARKS = {"s": " ", "tab": " ", "line-break": LINE_BREAK}
_ANCHORS = split_names("bookmark bookmark-start reference-mark reference-mark-start")


def read_odt(
    content: bytes, name: str = "The document", check_time: Callable[[], None] = lambda: None
) -> Document:
    """Read a document of LibreOffice or another word processor; see `DocumentPage`.

    An error of `check_time` ends that.

    Raises:
        UnreadableText: it is damaged, encrypted, not a text, or holds no words.
        ObjectTooLarge: it unpacks to more than a book can hold.
    """
    roots = _parse_files(content, name, check_time)
    styles = read_odt_styles(roots)
    reader = _OdtReader(styles, check_time)
    for body in _find_bodies(roots, name):
        reader.read_blocks(body)
    blocks = reader.page.build_blocks(name)
    stated = _read_meta(roots)
    author = stated.get("initial-creator") or stated.get("creator", "")
    return Document(
        blocks,
        title=clean_title(stated.get("title", "")) or reader.page.title,
        author=", ".join(split_authors(author)),
        language=normalise_language_tag(stated.get("language", "")),
    )


def _parse_files(content: bytes, name: str, check_time: Callable[[], None]) -> list["Element"]:
    """The styles, the text and what is stated about it; all in one of a flat document."""
    if not content.startswith(b"PK"):
        return [parse_content(content, name, "itself")]
    archive = Archive(content, name, CONTENT, check_time=check_time)
    if MANIFEST in archive and b"encryption-data" in archive.read(MANIFEST):
        raise UnreadableText(f"{name} is encrypted, and needs a password: remove it first.")
    paths = (each for each in (STYLES, META) if each in archive)
    return [*(parse_xml(archive, each) for each in paths), parse_xml(archive, CONTENT)]


def _find_bodies(roots: list["Element"], name: str) -> list["Element"]:
    bodies = [each for root in roots for each in find_children(root, "body")]
    texts = [each for body in bodies for each in find_children(body, "text")]
    if not texts:
        kinds = [local_name(each) for body in bodies for each in body]
        kind = kinds[0][:20] if kinds else "file"
        raise UnreadableText(
            f"{name} is an OpenDocument {kind}, and not a text: save its words as a text (.odt)."
        )
    return texts


def _read_meta(roots: list["Element"]) -> dict[str, str]:
    return {
        local_name(each): get_text(each)
        for root in roots
        for meta in find_children(root, "meta")
        for each in meta
    }


@dataclass
class _OdtReader:
    """Reads paragraphs; `_lists` are the names of the lists around them."""

    styles: OdtStyles
    check_time: Callable[[], None]
    page: DocumentPage = field(default_factory=DocumentPage)
    _lists: list[str] = field(default_factory=list)

    def read_blocks(self, parent: "Element") -> None:
        """Read the paragraphs of a text, a section, a list, a table's cell or a box."""
        for each in parent:
            name = local_name(each)
            if name in ("p", "h"):
                self.check_time()
                self._read_paragraph(each, is_heading=name == "h")
            elif name in _LISTS:
                self.page.drop_list_title()
            elif name == "list":
                self._read_list(each)
            elif name not in _SKIPPED and not _is_hidden(each):
                self.read_blocks(each)

    def _read_list(self, element: "Element") -> None:
        outer = self._lists[-1] if self._lists else ""
        self._lists.append(get_attribute(element, "style-name") or outer)
        self.read_blocks(element)
        self._lists.pop()

    def _read_paragraph(self, paragraph: "Element", *, is_heading: bool) -> None:
        style = self.styles.find("paragraph", get_attribute(paragraph, "style-name"))
        fields = find_children(paragraph, "hidden-paragraph")
        if not (style.is_hidden or style.is_skipped or any(map(_is_hidden, fields))):
            outline = parse_level(get_attribute(paragraph, "outline-level") or "1")
            is_stated = is_heading and style.level != TITLE_LEVEL
            self._read_styled(paragraph, style, outline if is_stated else style.level)

    def _read_styled(self, paragraph: "Element", style: OdtStyle, level: int) -> None:
        with self.page.open(f"h{level}" if level else "p"):
            if level:
                self.page.add_number(self._count_heading(paragraph, style, level))
            self._read_letters(paragraph, "b" if style.is_strong else "")
            words = self.page.close_paragraph(level, is_centred=style.is_centred)
        if style.is_ruled and not words.strip():
            self.page.add_rule()
        for box in _iter_boxes(paragraph):
            self.read_blocks(box)

    def _count_heading(self, paragraph: "Element", style: OdtStyle, level: int) -> str:
        if get_attribute(paragraph, "is-list-header") == "true" or level == TITLE_LEVEL:
            return ""
        if self._lists:
            return self.styles.numbers.count(self._lists[-1], len(self._lists) - 1)
        return self.styles.numbers.count(style.list_name, level - 2)

    def _read_letters(self, element: "Element", tag: str) -> None:
        if tag:
            with self.page.open(tag):
                self._read_words(element)
        else:
            self._read_words(element)

    def _read_words(self, parent: "Element") -> None:
        self.page.add_words(parent.text or "")
        for each in parent:
            name = local_name(each)
            if name in _MARKS:
                self.page.add_words(_MARKS[name])
            elif name in _ANCHORS:
                self.page.elements.content.add_anchors({get_attribute(each, "name")})
            elif name not in _SKIPPED and name not in _BOXES and not _is_hidden(each):
                self._read_element(name, each)
            self.page.add_words(each.tail or "")

    def _read_element(self, name: str, element: "Element") -> None:
        link = get_attribute(element, "href")
        if name == "span":
            style = self.styles.find("text", get_attribute(element, "style-name"))
            if not style.is_hidden:
                self._read_letters(element, style.raised or ("b" if style.is_strong else ""))
        elif name == "a" and link.startswith("#"):
            with self.page.open("a", href=link):
                self._read_words(element)
        elif name == "frame":
            with self.page.open("img", alt=_describe_picture(element)):
                pass
            self._read_words(element)
        else:
            self._read_words(element)


def _is_hidden(element: "Element") -> bool:
    """Whether an element is hidden by what it states itself."""
    if local_name(element) == "section" and get_attribute(element, "display") == "none":
        return True
    is_row = get_attribute(element, "visibility") == "collapse"
    return is_row or get_attribute(element, "is-hidden") == "true"


def _describe_picture(frame: "Element") -> str:
    texts = (get_text(each) for name in ("desc", "title") for each in find_children(frame, name))
    return next(filter(None, texts), "") if find_children(frame, "image") else ""


def _iter_boxes(parent: "Element") -> Iterator["Element"]:
    """The boxes and shapes with text in a paragraph."""
    for each in parent:
        name = local_name(each)
        if name in _BOXES:
            yield each
        elif name not in _SKIPPED:
            yield from _iter_boxes(each)
