"""HTML to Document: what a reader of the page would read, without links and decoration.

The standard library's lenient parser reads it, since pages and books are seldom well-formed; it
expands only character references, so a text cannot grow while it is read. Left out: scripts,
styles, navigation, ruby readings, page numbers, and notes with the references to them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from html.parser import HTMLParser

import regex

from mixer.script.document import (
    SCENE_BREAK,
    Block,
    Document,
    has_words,
    heading,
    join_lines,
    normalise_newlines,
    paragraph,
    split_names,
)
from mixer.script.script import Metadata

Attributes = Mapping[str, str]

_HEADING_LEVELS = {f"h{level}": level for level in range(1, 7)}
_BLOCK_TAGS = split_names(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset "
    "figcaption figure footer form header html legend li main ol option p pre section summary "
    "table tbody td tfoot th thead title tr ul"
)
_SKIPPED_TAGS = split_names(
    "audio button canvas datalist embed head iframe input map math nav noscript object rp rt "
    "script select style svg template textarea video"
)
_VOID_TAGS = split_names("area base br col embed hr img input link meta param source track wbr")
"""Elements without content (HTML Living Standard, 13.1.2, void elements)."""

_SKIPPED_TYPES = split_names(
    "pagebreak noteref footnote footnotes endnote endnotes rearnote rearnotes note annoref "
    "annotation backlink page-list toc landmarks index-locator "
    "doc-pagebreak doc-noteref doc-footnote doc-endnote doc-endnotes doc-backlink doc-pagelist "
    "doc-toc"
)
"""Of `epub:type` (EPUB Structural Semantics Vocabulary) and `role` (DPUB-ARIA)."""

_SKIPPED_CLASSES = split_names(
    "footnote footnotes endnote endnotes noteref pagenum pagenumber pageno page-number "
    "visually-hidden sr-only"
)
_NOTE_REFERENCE = regex.compile(r"\s*[\[(]?\s*(?:\d{1,3}|[*†‡§¶]{1,3}|\p{No}+)\s*[\])]?\s*")


@dataclass(frozen=True, slots=True)
class AnchoredBlock:
    """A block and the page's anchors that lead to it.

    `anchors` holds `id` and `name` attributes since the previous block, the block's own included.
    """

    block: Block
    anchors: frozenset[str]


@dataclass(frozen=True, slots=True)
class WebPage:
    """The readable content of a page; strings are empty where the page states nothing.

    `types` are `epub:type` and `role` of the body and its sections; `is_picture` is true when
    all words describe pictures.
    """

    blocks: tuple[AnchoredBlock, ...]
    title: str = ""
    author: str = ""
    language: str = ""
    description: str = ""
    types: frozenset[str] = frozenset()
    is_picture: bool = False


def read_html(text: str, _name: str = "") -> Document:
    """Read headings, paragraphs, list items, table cells and scene breaks of a page."""
    page = read_page(text)
    blocks = tuple(placed.block for placed in page.blocks)
    metadata = Metadata(description=page.description)
    return Document(blocks, page.title, page.author, page.language, metadata)


def read_page(text: str) -> WebPage:
    """Read a page with the anchors of its blocks."""
    parser = _PageParser()
    parser.feed(normalise_newlines(text))
    parser.close()
    return parser.build_page()


class _PageParser(HTMLParser):
    """Collects blocks while the markup is fed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._blocks: list[AnchoredBlock] = []
        self._pieces: list[str] = []
        self._anchors: set[str] = set()
        self._level = 0
        self._skipped: tuple[str, int] | None = None
        self._note: int | None = None
        self._preformatted = 0
        self._page = WebPage(())
        self._in_title = False
        self._has_own_words = False

    def build_page(self) -> WebPage:
        self._flush()
        return replace(
            self._page,
            blocks=tuple(self._blocks),
            title=self._page.title.strip(),
            is_picture=not self._has_own_words,
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        attributes = {name: value or "" for name, value in attrs}
        self._read_metadata(tag, attributes)
        if self._skipped and not self._update_skipped(tag):
            return
        self._anchors |= self._find_anchors(attributes)
        if _is_skipped(tag, attributes):
            if tag in _BLOCK_TAGS:
                self._flush()
            if tag not in _VOID_TAGS:
                self._skipped = (tag, 1)
        else:
            self._open_element(tag, attributes)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read an element that closes itself."""
        before = self._skipped
        self.handle_starttag(tag, attrs)
        if self._skipped is not before or tag not in _VOID_TAGS:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        self._in_title = self._in_title and tag != "title"
        if self._skipped:
            self._close_skipped(tag)
        elif tag in _BLOCK_TAGS or tag in _HEADING_LEVELS:
            self._flush()
            self._preformatted -= tag == "pre" and self._preformatted > 0
        elif tag == "a" and self._note is not None:
            self._drop_note_reference()

    def handle_data(self, data: str) -> None:
        """Read the text between two tags."""
        if self._in_title:
            self._page = replace(self._page, title=self._page.title + data)
        elif not self._skipped:
            self._pieces.append(data)
            self._has_own_words = self._has_own_words or has_words(data)

    def _update_skipped(self, tag: str) -> bool:
        """Whether a tag ends the skipped element; counts nested ones."""
        name, depth = self._skipped or ("", 0)
        if name in ("p", "rt", "rp") and (tag in _BLOCK_TAGS or tag in _HEADING_LEVELS):
            self._skipped = None
            return True
        if tag == name:
            self._skipped = (name, depth + 1)
        return False

    def _close_skipped(self, tag: str) -> None:
        name, depth = self._skipped or ("", 0)
        if name in ("rt", "rp") and tag == "ruby":
            self._skipped = None
        elif tag == name:
            self._skipped = (name, depth - 1) if depth > 1 else None

    def _open_element(self, tag: str, attributes: Attributes) -> None:
        if tag in _HEADING_LEVELS or tag in _BLOCK_TAGS:
            self._flush(next_anchors=self._find_anchors(attributes))
            self._level = _HEADING_LEVELS.get(tag, 0)
            self._preformatted += tag == "pre"
        elif tag == "hr":
            self._flush()
            self._blocks.append(AnchoredBlock(SCENE_BREAK, self._take_anchors()))
        elif tag == "br":
            self._pieces.append("\n")
        elif tag == "img" and "alt" in attributes:
            self._pieces.append(f" {attributes['alt']} ")
        elif tag == "a" and "#" in attributes.get("href", ""):
            self._note = len(self._pieces)

    @staticmethod
    def _find_anchors(attributes: Attributes) -> set[str]:
        return {attributes[name] for name in ("id", "name") if attributes.get(name)}

    def _read_metadata(self, tag: str, attributes: Attributes) -> None:
        page = self._page
        if tag in ("html", "body"):
            language = attributes.get("lang") or attributes.get("xml:lang") or page.language
            self._page = replace(page, language=language)
        if tag == "title" and not page.title:
            self._in_title = True
        if tag == "meta":
            self._read_meta_tag(attributes.get("name", "").lower(), attributes.get("content", ""))
        if tag in ("body", "section"):
            self._page = replace(self._page, types=self._page.types | _parse_types(attributes))

    def _read_meta_tag(self, name: str, content: str) -> None:
        page = self._page
        author = content if name == "author" else page.author
        description = content if name == "description" else page.description
        self._page = replace(page, author=author, description=description)

    def _drop_note_reference(self) -> None:
        text = "".join(self._pieces[self._note :])
        if _NOTE_REFERENCE.fullmatch(text):
            del self._pieces[self._note :]
        self._note = None

    def _flush(self, next_anchors: set[str] | None = None) -> None:
        """End the current block; `next_anchors` belong to the next one."""
        text = join_lines("".join(self._pieces).split("\n"))
        self._pieces, self._note = [], None
        if has_words(text):
            block = heading(text, self._level) if self._level else paragraph(text)
            kept = next_anchors or set()
            self._anchors -= kept
            self._blocks.append(AnchoredBlock(block, self._take_anchors()))
            self._anchors |= kept
        elif text and not self._level:
            self._blocks.append(AnchoredBlock(SCENE_BREAK, frozenset()))
        self._level = 0

    def _take_anchors(self) -> frozenset[str]:
        anchors, self._anchors = frozenset(self._anchors), set()
        return anchors


def _is_skipped(tag: str, attributes: Attributes) -> bool:
    if tag in _SKIPPED_TAGS or "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    if _SKIPPED_TYPES & _parse_types(attributes):
        return tag not in ("html", "body")
    return bool(_SKIPPED_CLASSES & set(attributes.get("class", "").lower().split()))


def _parse_types(attributes: Attributes) -> frozenset[str]:
    return frozenset(
        f"{attributes.get('epub:type', '')} {attributes.get('role', '')}".lower().split()
    )
