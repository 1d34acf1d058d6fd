"""Puts elements around the sentences of a book's own page, and changes nothing else of it. Pure.

The page stays the text that it was: elements are inserted at places of it, so everything between
them is as the author wrote it. A sentence gets one element where that nests with the elements of
the page, and otherwise one for each part that does. Linear in the length of the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from typing import NamedTuple
from unicodedata import normalize
from xml.sax.saxutils import quoteattr

import regex

from mixer.publish.epub.page_tokens import PageToken, PartFinder, read_tokens
from mixer.script.edits import TextOrigin
from mixer.script.readers import decode_xml, strip_spaces

MIN_MATCHES = 0.9
"""Share of sentences whose words are where they should be, or else the page was read otherwise."""

_REWRITTEN = regex.compile(
    r"<!--.*?-->|<!\[CDATA\[(?P<section>.*?)\]\]>|&(?!(?:amp|lt|gt|quot|apos);)[A-Za-z]\w{1,30};",
    regex.DOTALL,
)
_ENCODING = regex.compile(r"(\A<\?xml[^>]{0,200}?encoding\s*+=\s*+)(?:\"[^\"]*+\"|'[^']*+')")
_DECLARATION = regex.compile(r"\A\s*+<\?xml[^>]*+>")
_DOCTYPE = regex.compile(r"<!DOCTYPE(?:[^\[>]|\[[^\]]*+\])*+>", regex.IGNORECASE)
_OLD_META = regex.compile(
    r"<meta\s[^>]*?http-equiv=[\"'](?!content-type|refresh|default-style)[^>]*+>", regex.IGNORECASE
)
_OLD_ANCHOR = regex.compile(r"(<a\b(?:(?!\sid=)[^>])*?)\sname=(?![^>]*\sid=)")
_MUTE_ROOT = regex.compile(r"<html(?=[\s>])(?![^>]*\slang=)(?![^>]*\sxml:lang=)")
_ENTITY = "<!ENTITY"
_NAMESPACE = ' xmlns="http://www.w3.org/1999/xhtml"'


class PageSentence(NamedTuple):
    """A sentence, or a word of one: where it is on its page, and how it is written."""

    origin: TextOrigin
    words: str


class PageElement(NamedTuple):
    """An element that was put around a part of a sentence, and how many characters it has."""

    element_id: str
    characters: int


@dataclass(frozen=True, slots=True)
class MarkedPage:
    """A page with its elements; `elements` has those of each sentence, none where it has none."""

    text: str
    elements: tuple[tuple[PageElement, ...], ...]


@dataclass(frozen=True, slots=True)
class OwnPage:
    """A page as its author wrote it, well-formed; `characters` are those that origins count."""

    text: str
    tokens: list[PageToken] = field(repr=False)
    characters: str = field(repr=False)

    def matches(self, sentences: Sequence[PageSentence]) -> bool:
        """Whether the words of nearly all sentences are where they should be."""
        return sum(map(self._holds, sentences)) >= len(sentences) * MIN_MATCHES

    def _holds(self, sentence: PageSentence) -> bool:
        """Whether a sentence's words are where they should be; changed words are anywhere."""
        spans = sentence.origin.spans
        there = "".join(self.characters[at : at + count] for at, count in spans if at >= 0)
        if not sentence.origin.is_exact or any(at < 0 for at, _ in spans):
            return len(there) == sum(count for at, count in spans if at >= 0)
        return there == sentence.words or _fold(there) == _fold(sentence.words)

    def mark(self, sentences: Sequence[PageSentence], prefix: str) -> MarkedPage:
        """Put elements around sentences, which are in reading order; ids begin with `prefix`."""
        while f'"{prefix}' in self.text or f"'{prefix}" in self.text:
            prefix = f"{prefix}_"
        finder, pieces = PartFinder(self.text, self.tokens), list[tuple[int, int, str]]()
        elements, done = list[tuple[PageElement, ...]](), 0
        for number, sentence in enumerate(sentences):
            spans = [each for each in sentence.origin.spans if each[0] >= 0]
            own = list[PageElement]()
            if spans and spans[0][0] >= done and self._holds(sentence):
                done = sum(spans[-1])
                for part, (start, end, count) in enumerate(finder.find_parts(spans)):
                    name = f"{prefix}{number}" + (f"-{part}" if part else "")
                    pieces.append((start, end, name))
                    own.append(PageElement(name, count))
            elements.append(tuple(own))
        return MarkedPage(_insert_elements(self.text, pieces), tuple(elements))


def _fold(words: str) -> str:
    return strip_spaces(normalize("NFKC", words)).replace("−", "-")


def _insert_elements(text: str, pieces: Sequence[tuple[int, int, str]]) -> str:
    parts, done = list[str](), 0
    for start, end, name in pieces:
        parts += [text[done:start], f'<span id="{name}">', text[start:end], "</span>"]
        done = end
    return "".join([*parts, text[done:]])


def open_page(content: bytes, sentences: Sequence[PageSentence]) -> OwnPage | None:
    """Open a page of which some sentences are spoken.

    One that is not well-formed, or reads otherwise as XML, is written out as the reader understood
    it. None where the words are not where they should be in either way.
    """
    text = decode_own_page(content)
    if _ENTITY in text:
        return None
    page = _read_page(text)
    if page is None or not page.matches(sentences):
        page = _read_page(_write_out(text))
    return page if page is not None and page.matches(sentences) else None


_TAG = regex.compile(
    r"<!--.*?-->|<(?:script|style)\b.*?</(?:script|style)>"
    r"|<(?P<slash>/?)(?P<name>[A-Za-z][A-Za-z0-9]*)(?P<rest>(?:\s(?:[^<>\"']|\"[^\"]*+\"|'[^']*+')*+)?+/?)>",
    regex.DOTALL | regex.IGNORECASE,
)
_ATTRIBUTE = regex.compile(r"(?P<key>[\w:.-]+)\s*=\s*(?P<value>\"[^\"]*\"|'[^']*')")
_OLD_ELEMENTS = {
    "center": ("div", "text-align: center"),
    "font": ("span", ""),
    "big": ("span", "font-size: larger"),
    "tt": ("span", "font-family: monospace"),
    "strike": ("s", ""),
    "acronym": ("abbr", ""),
}
_OLD_STYLES = {
    "align": "text-align",
    "valign": "vertical-align",
    "bgcolor": "background-color",
    "color": "color",
}
_OLD_ATTRIBUTE = regex.compile(
    r"cellpadding|cellspacing|border|frame|rules|nowrap|noshade|compact|clear|[hv]space|size"
    r"|background|text|v?link|alink"
)
_WIDE = regex.compile(r"table|t[dhr]|col(?:group)?|hr|pre|p")
"""HTML 4.01 (chapter 15): what HTML left to style sheets."""


def decode_own_page(content: bytes) -> str:
    """Decode a page, to be kept in UTF-8; named characters and CDATA sections are written out."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = decode_xml(content)
    return _REWRITTEN.sub(_write_plainly, _ENCODING.sub(r'\1"utf-8"', text, count=1))


def _write_plainly(match: "regex.Match[str]") -> str:
    if match["section"] is not None:
        return escape(match["section"], quote=False)
    if match[0].startswith("<!") or (character := unescape(match[0])) == match[0]:
        return match[0]
    return "".join(f"&#{ord(each)};" for each in character)


def upgrade_page(text: str) -> str:
    """Write a page of XHTML 1 as one of HTML: its document type, anchors, what styles do today."""
    text = _TAG.sub(_upgrade_tag, text)
    text = _OLD_META.sub("", _DOCTYPE.sub("<!DOCTYPE html>", text, count=1))
    return _OLD_ANCHOR.sub(
        lambda match: match[0] if " id=" in match[0] else f"{match[1]} id=", text
    )


def _upgrade_tag(match: "regex.Match[str]") -> str:
    """A tag with styles instead of HTML 4's attributes and elements for them."""
    name = (match["name"] or "").lower()
    if not name or not (match["rest"].strip(" /\n") or name in _OLD_ELEMENTS):
        return match[0]
    tag, style = _OLD_ELEMENTS.get(name, (match["name"], ""))
    styles = [style] if style and not match["slash"] else []
    kept = [tag]
    for each in _ATTRIBUTE.finditer(match["rest"]):
        key, value = each["key"].lower(), each["value"][1:-1]
        if key in _OLD_STYLES:
            styles.append(f"{_OLD_STYLES[key]}: {value}")
        elif key == "width" and _WIDE.fullmatch(name):
            styles.append(f"width: {value}{'px' if value.isdecimal() else ''}")
        elif key == "style":
            styles.insert(0, value.rstrip("; "))
        elif not _OLD_ATTRIBUTE.fullmatch(key) and not (name == "font" and key == "face"):
            kept.append(each[0])
    if styles:
        kept.append(f'style="{"; ".join(styles).replace(chr(34), chr(39))}"')
    end = "/" if match["rest"].rstrip().endswith("/") else ""
    return f"<{match['slash']}{' '.join(kept)}{end}>"


def add_to_head(text: str, element: str) -> str:
    """Add an element to the head of a page that has one."""
    at = text.find("</head>")
    return text if at < 0 else f"{text[:at]}{element}{text[at:]}"


def state_language(text: str, language: str) -> str:
    """State the language of a page that states none."""
    value = quoteattr(language)
    return _MUTE_ROOT.sub(lambda _: f"<html lang={value} xml:lang={value}", text, count=1)


def _read_page(text: str) -> OwnPage | None:
    found = read_tokens(text)
    return None if found is None else OwnPage(text, *found)


def _write_out(text: str) -> str:
    from lxml import etree

    text = _DOCTYPE.sub("", _DECLARATION.sub("", text, count=1), count=1)
    parser = etree.HTMLParser(no_network=True, huge_tree=True, encoding="utf-8")
    root = etree.fromstring(text.encode(), parser)
    root.attrib.pop("xmlns", "")
    written = etree.tostring(root, encoding="unicode")
    return f"<!DOCTYPE html>\n{written}".replace("<html", f"<html{_NAMESPACE}", 1)
