"""What a page says of itself: title, author, language, kinds, how its classes are shown.

Of pages of the web also which of their elements belong to the site: share bars, headers, comments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import regex

from mixer.lazy import compile_lazily
from mixer.script.document import split_names
from mixer.script.readers.marks import MAX_MARK_CHARS, remove_spans

Attributes = Mapping[str, str]

_NO_NAMES = frozenset[str]()
_CLASS_NUMBER = compile_lazily(r"(?<=\D)[-_]?\d++$")
_HIDDEN = compile_lazily(
    r"(?:display\s*+:\s*+none|visibility\s*+:\s*+hidden|mso-hide\s*+:\s*+all)\b", regex.IGNORECASE
)
_RAISED = compile_lazily(
    r"vertical-align\s*+:\s*+(?:super\b|(?!0+%)[\d.]++(?:%|r?em))", regex.IGNORECASE
)
_LOWERED = compile_lazily(r"vertical-align\s*+:\s*+(?:sub\b|-[\d.]++(?:%|r?em))", regex.IGNORECASE)
_OWN_LINE = compile_lazily(r"display\s*+:\s*+(?:block|table|flex|list-item)\b", regex.IGNORECASE)
_STRONG = compile_lazily(r"font-weight\s*+:\s*+(?:bold(?:er)?|[6-9]00)\b", regex.IGNORECASE)
_CLASS_SELECTOR = compile_lazily(r"\s*+[\w*]*\.([\w-]++)\s*+")
_FLOATING = compile_lazily(r"(?i)\bfloat\s*+:\s*+left")
_BRACE = compile_lazily(r"[{}]")


_SITE_WORDS = split_names(
    "share sharing sharebar sharedaddy social sidebar masthead navbar navbox nav navigation menu "
    "breadcrumb breadcrumbs cookie advert advertisement ads ad related relatedposts newsletter "
    "subscribe subscription comment comments commentlist respond pagination pager skip signup "
    "promo popup modal editsection hatnote noprint noexport catlinks printfooter footer topbar "
    "toolbar button buttons btn timestamp tags vote votes jumplink meta posted dateline hidetext"
)
_TEXT_WORDS = split_names(
    "content article body main post entry hentry story chapter text prose markdown"
)
"""Of classes and ids: the last word says what an element is, `newsletter-post` or `post-footer`."""

_BOX_WORDS = split_names("wrap wrapper container inner outer box holder area column col page wide")
"""Behind the word that says what an element is: `nav-content-wrap`."""

_SITE_ROLES = split_names("banner navigation contentinfo complementary search")
_SITE_HEADER_CLASSES = split_names("site global page-header top main-header site-header")
_BOXES = frozenset({"div", "aside", "ul", "form", "header", "footer"})
"""Elements whose `id` says what they are; that of a section is its title's."""

_QUOTATIONS = frozenset({"quote", "blockquote"})
_NAME_PART = compile_lazily(r"[a-z]++|[A-Z][a-z]*+")
_READING_TIME = compile_lazily(r"(?i)(?:^|[|·•—–-])\s*\d{1,3} min(?:ute)?s? read\s*$")
_PAGE_PART_DEPTH = 3
"""Of a header or footer that belongs to the page itself: html, body, footer."""


@dataclass(frozen=True, slots=True)
class PageStyles:
    """Classes by what a style sheet makes of them on all devices."""

    hidden: frozenset[str] = frozenset()
    raised: frozenset[str] = frozenset()
    lowered: frozenset[str] = frozenset()
    own_line: frozenset[str] = frozenset()
    strong: frozenset[str] = frozenset()
    floating: frozenset[str] = frozenset()

    def add(self, more: "PageStyles") -> "PageStyles":
        """These and others."""
        return PageStyles(
            self.hidden | more.hidden,
            self.raised | more.raised,
            self.lowered | more.lowered,
            self.own_line | more.own_line,
            self.strong | more.strong,
            self.floating | more.floating,
        )

    def is_hidden(self, attributes: Mapping[str, str]) -> bool:
        """Whether an element is not shown."""
        return _has_style(attributes, _HIDDEN, self.hidden)

    def is_raised(self, attributes: Mapping[str, str]) -> bool:
        """Whether an element stands above the line, as `<sup>` does."""
        return _has_style(attributes, _RAISED, self.raised)

    def is_lowered(self, attributes: Mapping[str, str]) -> bool:
        """Whether an element stands below the line, as `<sub>` does."""
        return _has_style(attributes, _LOWERED, self.lowered)

    def has_own_line(self, attributes: Mapping[str, str]) -> bool:
        """Whether an element of a line begins and ends one."""
        return _has_style(attributes, _OWN_LINE, self.own_line)

    def is_strong(self, tag: str, attributes: Mapping[str, str]) -> bool:
        """Whether an element is set in bold type."""
        return tag in ("b", "strong") or _has_style(attributes, _STRONG, self.strong)

    def is_floating(self, attributes: Mapping[str, str]) -> bool:
        """Whether text flows around an element, such as a letter that begins a chapter."""
        return _has_style(attributes, _FLOATING, self.floating)


NO_STYLES = PageStyles()


def _has_style(
    attributes: Mapping[str, str], pattern: regex.Pattern[str], classes: frozenset[str]
) -> bool:
    style = attributes.get("style")
    if style and pattern.search(style):
        return True
    return bool(classes) and not classes.isdisjoint(attributes.get("class", "").split())


def read_styles(css: str) -> PageStyles:
    """Read a style sheet."""
    css = remove_spans(css, "/*", "*/")
    found: dict[regex.Pattern[str], set[str]] = {
        each: set() for each in (_HIDDEN, _RAISED, _LOWERED, _OWN_LINE, _STRONG, _FLOATING)
    }
    depth, selectors, start = 0, "", 0
    for match in _BRACE.finditer(css):
        between, start = css[start : match.start()], match.end()
        if match[0] == "{":
            selectors = between if depth == 0 else selectors
            depth += 1
            continue
        if depth == 1:
            for pattern, classes in found.items():
                if pattern.search(between):
                    matches = map(_CLASS_SELECTOR.fullmatch, selectors.split(","))
                    classes |= {each[1] for each in matches if each}
        depth = max(0, depth - 1)
    return PageStyles(*map(frozenset, found.values()))


@dataclass
class PageHead:
    """Title, `<meta>` by name, `epub:type` and `role` of the body and its sections, styles."""

    styles: PageStyles
    title: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)
    _style: list[str] = field(default_factory=list)
    _open: str = ""

    def open_element(self, tag: str, attributes: Mapping[str, str], skipped: str) -> None:
        """Read an element; `skipped` is the one around it that is left out."""
        if tag in ("html", "body"):
            language = attributes.get("lang") or attributes.get("xml:lang")
            self.metadata["language"] = language or self.metadata.get("language", "")
        elif tag == "meta":
            self._read_named(attributes.get("name", "").lower(), attributes.get("content", ""))
        elif tag == "style" or (tag == "title" and not self.title and skipped in ("", "head")):
            self._open = tag
        if tag in ("body", "section"):
            self.types |= parse_types(attributes)

    def add_text(self, text: str) -> bool:
        """Add text of a title or a style sheet; False where none is open."""
        if self._open:
            (self.title if self._open == "title" else self._style).append(text)
        return bool(self._open)

    def close_element(self, tag: str) -> None:
        """Close an element."""
        if tag == "style" and self._style:
            self.styles = self.styles.add(read_styles("".join(self._style)))
            self._style = []
        self._open = ""

    def _read_named(self, name: str, value: str) -> None:
        before = self.metadata.get(name, "") if name == "author" else ""
        self.metadata[name] = f"{before}, {value}" if before and value not in before else value


def parse_classes(attributes: Attributes) -> frozenset[str]:
    """An element's classes in lower case, without the numbers that tools put behind them."""
    written = attributes.get("class")
    if not written:
        return _NO_NAMES
    return frozenset(_CLASS_NUMBER.sub("", each) for each in written.lower().split())


def parse_types(attributes: Attributes) -> frozenset[str]:
    """What an element says that it is: `epub:type` and `role`."""
    # `type` in books that calibre made of Kindle's
    names = ("epub:type", "role", "data-type", "type")
    written = [attributes[name] for name in names if name in attributes]
    return frozenset(" ".join(written).lower().split()) if written else _NO_NAMES


def is_decoration(tag: str, attributes: Attributes, depth: int) -> bool:
    """Whether an element belongs to a site and not to the text of a page."""
    if tag in ("html", "body", "main", "article"):
        return False
    if attributes.get("role", "").lower() in _SITE_ROLES:
        return True
    if tag == "footer" and depth <= _PAGE_PART_DEPTH:
        return True
    if tag == "header" and _SITE_HEADER_CLASSES & parse_classes(attributes):
        return True
    names = f"{attributes.get('class', '')} {attributes.get('id', '') if tag in _BOXES else ''}"
    parts = [[each.lower() for each in _NAME_PART.findall(name)] for name in names.split()]
    is_text = any(_TEXT_WORDS.intersection(_drop_box_words(each)[-1:]) for each in parts)
    is_text |= tag in ("div", "section") and (["section"] in parts or ["group"] in parts)
    return not is_text and any(map(_names_decoration, parts))


def _drop_box_words(parts: list[str]) -> list[str]:
    while len(parts) > 1 and parts[-1] in _BOX_WORDS:
        parts = parts[:-1]
    return parts


def _names_decoration(parts: Sequence[str]) -> bool:
    """Whether the words of a class name a part of a site, such as `entry-footer`."""
    words = {*parts, "".join(parts), *(w.removesuffix("wrapper")[-7:] for w in parts if "bar" in w)}
    return not _SITE_WORDS.isdisjoint(words) and _QUOTATIONS.isdisjoint(words)


def drop_reading_time(text: str) -> str:
    """Text of a site's page, without how long it takes to be read."""
    return _READING_TIME.sub("", text) if "read" in text[-MAX_MARK_CHARS:] else text
