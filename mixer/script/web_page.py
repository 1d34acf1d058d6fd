"""HTML to Document: what a reader of the page would read, without what only links or decorates.

The standard library's lenient parser reads it, since pages and books are seldom well-formed; it
expands nothing but character references, so no text can grow while it is read. Left out: scripts,
styles, navigation, readings above ruby, page numbers, and notes with the marks that lead to them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from html.parser import HTMLParser

import regex

from mixer.script.casting import About
from mixer.script.document import (
    SCENE_BREAK,
    Block,
    Document,
    has_words,
    heading,
    joined,
    names,
    paragraph,
    unified,
)

Attributes = Mapping[str, str]

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = names(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset "
    "figcaption figure footer form header html legend li main ol option p pre section summary "
    "table tbody td tfoot th thead title tr ul"
)
_UNREAD = names(
    "audio button canvas datalist embed head iframe input map math nav noscript object rp rt "
    "script select style svg template textarea video"
)
_EMPTY = names("area base br col embed hr img input link meta param source track wbr")
"""Elements without content (HTML Living Standard, 13.1.2, void elements)."""

_UNREAD_TYPES = names(
    "pagebreak noteref footnote footnotes endnote endnotes rearnote rearnotes note annoref "
    "annotation backlink page-list toc landmarks index-locator "
    "doc-pagebreak doc-noteref doc-footnote doc-endnote doc-endnotes doc-backlink doc-pagelist "
    "doc-toc"
)
"""Of `epub:type` (EPUB Structural Semantics Vocabulary) and `role` (DPUB-ARIA)."""

_UNREAD_CLASSES = names(
    "footnote footnotes endnote endnotes noteref pagenum pagenumber pageno page-number "
    "visually-hidden sr-only"
)
_NOTE_MARK = regex.compile(r"\s*[\[(]?\s*(?:\d{1,3}|[*†‡§¶]{1,3}|\p{No}+)\s*[\])]?\s*")


@dataclass(frozen=True, slots=True)
class Placed:
    """A block, and which of the page's anchors lead to it.

    Attributes:
        block: what is read there.
        anchors: `id` and `name` attributes since the block before it, its own included.
    """

    block: Block
    anchors: frozenset[str]


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is read.

    Attributes:
        placed: its blocks in reading order.
        title: of its head; may be empty.
        author: that its head names.
        language: that its root states.
        description: that its head gives.
        types: the `epub:type` of its body and of what stands alone in it.
        is_picture: whether all its words describe pictures.
    """

    placed: tuple[Placed, ...]
    title: str = ""
    author: str = ""
    language: str = ""
    description: str = ""
    types: frozenset[str] = frozenset()
    is_picture: bool = False


def read_html(text: str) -> Document:
    """Read a page: headings, paragraphs, list items, table cells, changes of scene."""
    page = read_page(text)
    blocks = tuple(placed.block for placed in page.placed)
    about = About(description=page.description)
    return Document(blocks, page.title, page.author, page.language, about)


def read_page(text: str) -> Page:
    """Read a page, and remember which anchors lead where."""
    parser = _Parser()
    parser.feed(unified(text))
    parser.close()
    return parser.page()


class _Parser(HTMLParser):
    """Walks through the tags and gathers blocks."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._placed: list[Placed] = []
        self._pieces: list[str] = []
        self._anchors: set[str] = set()
        self._level = 0
        self._skipped: tuple[str, int] | None = None
        self._note: int | None = None
        self._preformatted = 0
        self._page = Page(())
        self._in_title = False
        self._has_own_words = False

    def page(self) -> Page:
        """What was read, once all is fed."""
        self._flush()
        return replace(
            self._page,
            placed=tuple(self._placed),
            title=self._page.title.strip(),
            is_picture=not self._has_own_words,
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        about = {name: value or "" for name, value in attrs}
        self._take_about(tag, about)
        if self._skipped and not self._reopens(tag):
            return
        self._anchors |= {about[name] for name in ("id", "name") if about.get(name)}
        if _is_unread(tag, about):
            if tag in _BLOCKS:
                self._flush()
            if tag not in _EMPTY:
                self._skipped = (tag, 1)
        else:
            self._open(tag, about)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read an element that is closed where it opens."""
        before = self._skipped
        self.handle_starttag(tag, attrs)
        if self._skipped is not before or tag not in _EMPTY:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        self._in_title = self._in_title and tag != "title"
        if self._skipped:
            self._close_skipped(tag)
        elif tag in _BLOCKS or tag in _HEADINGS:
            self._flush()
            self._preformatted -= tag == "pre" and self._preformatted > 0
        elif tag == "a" and self._note is not None:
            self._drop_note_mark()

    def handle_data(self, data: str) -> None:
        """Take the text between two tags."""
        if self._in_title:
            self._page = replace(self._page, title=self._page.title + data)
        elif not self._skipped:
            self._pieces.append(data)
            self._has_own_words = self._has_own_words or has_words(data)

    def _reopens(self, tag: str) -> bool:
        """Whether a tag inside something unread ends it; counts those that nest in it."""
        name, depth = self._skipped or ("", 0)
        if name in ("p", "rt", "rp") and (tag in _BLOCKS or tag in _HEADINGS):
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

    def _open(self, tag: str, about: Attributes) -> None:
        if tag in _HEADINGS or tag in _BLOCKS:
            self._flush(leaving=self._anchors_of(about))
            self._level = _HEADINGS.get(tag, 0)
            self._preformatted += tag == "pre"
        elif tag == "hr":
            self._flush()
            self._placed.append(Placed(SCENE_BREAK, self._taken_anchors()))
        elif tag == "br":
            self._pieces.append("\n")
        elif tag == "img" and "alt" in about:
            self._pieces.append(f" {about['alt']} ")
        elif tag == "a" and "#" in about.get("href", ""):
            self._note = len(self._pieces)

    @staticmethod
    def _anchors_of(about: Attributes) -> set[str]:
        return {about[name] for name in ("id", "name") if about.get(name)}

    def _take_about(self, tag: str, about: Attributes) -> None:
        """What a page says of itself, wherever it stands."""
        page = self._page
        if tag in ("html", "body"):
            language = about.get("lang") or about.get("xml:lang") or page.language
            self._page = replace(page, language=language)
        if tag == "title" and not page.title:
            self._in_title = True
        if tag == "meta":
            self._take_meta(about.get("name", "").lower(), about.get("content", ""))
        if tag in ("body", "section"):
            self._page = replace(self._page, types=self._page.types | _types(about))

    def _take_meta(self, name: str, content: str) -> None:
        page = self._page
        author = content if name == "author" else page.author
        description = content if name == "description" else page.description
        self._page = replace(page, author=author, description=description)

    def _drop_note_mark(self) -> None:
        """Take back the text of a link that only leads to a note."""
        text = "".join(self._pieces[self._note :])
        if _NOTE_MARK.fullmatch(text):
            del self._pieces[self._note :]
        self._note = None

    def _flush(self, leaving: set[str] | None = None) -> None:
        """End the block that is being read; anchors of what opens now belong to the next."""
        text = joined("".join(self._pieces).split("\n"))
        self._pieces, self._note = [], None
        if has_words(text):
            block = heading(text, self._level) if self._level else paragraph(text)
            kept = leaving or set()
            self._anchors -= kept
            self._placed.append(Placed(block, self._taken_anchors()))
            self._anchors |= kept
        elif text and not self._level:
            self._placed.append(Placed(SCENE_BREAK, frozenset()))
        self._level = 0

    def _taken_anchors(self) -> frozenset[str]:
        anchors, self._anchors = frozenset(self._anchors), set()
        return anchors


def _is_unread(tag: str, about: Attributes) -> bool:
    if tag in _UNREAD or "hidden" in about or about.get("aria-hidden") == "true":
        return True
    if _UNREAD_TYPES & _types(about):
        return tag not in ("html", "body")
    return bool(_UNREAD_CLASSES & set(about.get("class", "").lower().split()))


def _types(about: Attributes) -> frozenset[str]:
    return frozenset(f"{about.get('epub:type', '')} {about.get('role', '')}".lower().split())
