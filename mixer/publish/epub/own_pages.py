"""Puts elements around the sentences of a book's own page, and changes nothing else of it. Pure.

The page stays the text that it was: elements are inserted at places of it, so everything between
them is as the author wrote it. A sentence gets one element where that nests with the elements of
the page, and otherwise one for each part that does. Linear in the length of the page.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from itertools import accumulate
from unicodedata import normalize

import regex

from mixer.script.edits import TextOrigin
from mixer.script.readers import RAW_TAGS, decode_xml, strip_spaces

_INLINE = (
    "a abbr acronym audio b bdi bdo big br button canvas cite code data del dfn em embed font i "
    "iframe img input ins kbd label map mark math meter noscript object output picture progress q "
    "rb rp rt rtc ruby s samp script select small span strike strong sub sup svg template textarea "
    "time tt u var video wbr"
)
INLINE_TAGS = frozenset(_INLINE.split())
"""HTML's phrasing content, and what older pages have of its kind."""

WHOLE_TAGS = frozenset({"map", "math", "object", "ruby", "select", "svg"})
"""Their content model has no place for other elements around their parts."""

MIN_MATCHES = 0.9
"""Share of sentences whose words are where they should be, or else the page was read otherwise."""

_TOKEN = regex.compile(
    r"<!--.*?-->|<\?.*?\?>|<!DOCTYPE(?:[^\[>]|\[[^\]]*+\])*+>"
    r"|<(?:[^<>\"']|\"[^\"]*+\"|'[^']*+')*+>|[^<]++",
    regex.DOTALL | regex.IGNORECASE,
)
_TAG_NAME = regex.compile(r"</?([^\s/>]++)")
_CHARACTER = regex.compile(r"&[^;\s]{1,40};|[^\s\u00AD]")
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
_ENTITY = "<!ENTITY"
_NAMESPACE = ' xmlns="http://www.w3.org/1999/xhtml"'


@dataclass(frozen=True, slots=True)
class PageSentence:
    """A sentence, or a word of one: where it is on its page, and how it is written."""

    origin: TextOrigin
    words: str


@dataclass(frozen=True, slots=True)
class PageElement:
    """An element that was put around a part of a sentence, and how many characters it has."""

    element_id: str
    characters: int


@dataclass(frozen=True, slots=True)
class MarkedPage:
    """A page with its elements; `elements` has those of each sentence, none where it has none."""

    text: str
    elements: tuple[tuple[PageElement, ...], ...]


@dataclass(slots=True)
class _Token:
    """A tag or a stretch of text, whose first character has the number `first`.

    `pair` is the number of the element's other tag; `parent` the tag that it stands in; `is_inline`
    where an element and all in it may be part of a sentence.
    """

    start: int
    end: int
    tag: str = ""
    opens: bool = False
    closes: bool = False
    first: int = 0
    count: int = 0
    pair: int = -1
    parent: str = ""
    is_inline: bool = True


@dataclass(frozen=True, slots=True)
class OwnPage:
    """A page as its author wrote it, well-formed; `characters` are those that origins count."""

    text: str
    tokens: list[_Token] = field(repr=False)
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
        return _fold(there) == _fold(sentence.words)

    def mark(self, sentences: Sequence[PageSentence], prefix: str) -> MarkedPage:
        """Put elements around sentences, which are in reading order; ids begin with `prefix`."""
        while f'"{prefix}' in self.text or f"'{prefix}" in self.text:
            prefix = f"{prefix}_"
        finder, pieces = _PartFinder(self.text, self.tokens), list[tuple[int, int, str]]()
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


class _PartFinder:
    """Finds the parts of sentences that may become elements, as places of a page's text."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self._text, self._tokens = text, tokens
        self._numbers = [n for n, token in enumerate(tokens) if token.count]
        self._firsts = [tokens[n].first for n in self._numbers]
        self._places: tuple[int, list[tuple[int, int]]] = (-1, [])

    def find_parts(self, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
        """The start and end of each part, and how many characters of the sentence it has."""
        low, high = spans[0][0], sum(spans[-1])
        firsts, sums = [at for at, _ in spans], [0, *accumulate(count for _, count in spans)]

        def count_until(character: int) -> int:
            number = bisect_right(firsts, character) - 1
            return sums[number] + min(character - firsts[number], spans[number][1])

        for first, last in map(self._trim, self._find_runs(*self._widen(low, high))):
            begin, end = self._tokens[first], self._tokens[last]
            from_, to = max(low, begin.first), min(high, end.first + end.count)
            if count := count_until(to) - count_until(from_):
                start = begin.start if begin.tag else self._locate(first, from_)[0]
                yield start, end.end if end.tag else self._locate(last, to - 1)[1], count

    def _widen(self, low: int, high: int) -> tuple[int, int]:
        """The tokens of a sentence, with the tags of elements that are all its own."""
        tokens = self._tokens
        i = self._numbers[bisect_right(self._firsts, low) - 1]
        j = self._numbers[bisect_right(self._firsts, high - 1) - 1]
        is_start = tokens[i].first == low
        is_end = tokens[j].first + tokens[j].count == high
        while True:
            before, after = tokens[i - 1], tokens[min(j + 1, len(tokens) - 1)]
            opens = is_start and before.opens and before.is_inline
            closes = is_end and after.closes and after.is_inline
            if opens and closes and before.pair == j + 1:
                i, j = i - 1, j + 1
            elif opens and before.pair <= j:
                i -= 1
            elif closes and after.pair >= i:
                j += 1
            else:
                return i, j

    def _find_runs(self, i: int, j: int) -> Iterator[tuple[int, int]]:
        """The first and last token of each stretch that nests with the page's elements."""
        first, at = -1, i
        while at <= j:
            token = self._tokens[at]
            last = token.pair if token.opens else at
            nests = token.is_inline and last <= j and not token.closes
            is_alone = token.parent in WHOLE_TAGS
            if first >= 0 and (not nests or is_alone):
                yield first, at - 1
                first = -1
            if nests and is_alone and not token.tag:
                yield at, at
            elif nests and not is_alone and first < 0:
                first = at
            at = last + 1 if nests else at + 1
        if first >= 0:
            yield first, j

    def _trim(self, run: tuple[int, int]) -> tuple[int, int]:
        """Leave white space at the ends of a run out of it."""
        first, last = run
        while first < last and not (self._tokens[first].tag or self._tokens[first].count):
            first += 1
        while last > first and not (self._tokens[last].tag or self._tokens[last].count):
            last -= 1
        return first, last

    def _locate(self, number: int, character: int) -> tuple[int, int]:
        """Where a character of a token is in the page's text."""
        token = self._tokens[number]
        if self._places[0] != number:
            found = _CHARACTER.finditer(self._text, token.start, token.end)
            self._places = number, [each.span() for each in found if _is_counted(each[0])]
        return self._places[1][
            min(max(character, token.first), token.first + token.count - 1) - token.first
        ]


def _is_counted(written: str) -> bool:
    return len(written) == 1 or strip_spaces(unescape(written)) != ""


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
    """Write a page of XHTML 1 as one of HTML: its document type, anchors, notes to old browsers."""
    text = _OLD_META.sub("", _DOCTYPE.sub("<!DOCTYPE html>", text, count=1))
    return _OLD_ANCHOR.sub(
        lambda match: match[0] if " id=" in match[0] else f"{match[1]} id=", text
    )


def add_to_head(text: str, element: str) -> str:
    """Add an element to the head of a page that has one."""
    at = text.find("</head>")
    return text if at < 0 else f"{text[:at]}{element}{text[at:]}"


def _write_out(text: str) -> str:
    from lxml import etree

    text = _DOCTYPE.sub("", _DECLARATION.sub("", text, count=1), count=1)
    parser = etree.HTMLParser(no_network=True, huge_tree=True, encoding="utf-8")
    root = etree.fromstring(text.encode(), parser)
    root.attrib.pop("xmlns", "")
    written = etree.tostring(root, encoding="unicode")
    return f"<!DOCTYPE html>\n{written}".replace("<html", f"<html{_NAMESPACE}", 1)


def _read_page(text: str) -> OwnPage | None:
    """Read a page; None for one that is not well-formed."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    tokens, characters, length = list[_Token](), list[str](), 0
    open_tags = [0]
    tokens.append(_Token(0, 0, tag="!", is_inline=False))
    for token in _iter_tokens(text):
        token.first, token.parent = length, tokens[open_tags[-1]].tag
        if token.opens:
            open_tags.append(len(tokens))
        elif token.closes:
            _pair_tags(tokens, open_tags, token)
        elif not token.tag and token.parent not in RAW_TAGS:
            characters.append(strip_spaces(unescape(text[token.start : token.end])))
            token.count = len(characters[-1])
            length += token.count
        elif not token.is_inline:
            tokens[open_tags[-1]].is_inline = False
        tokens.append(token)
    return OwnPage(text, tokens, "".join(characters))


def _pair_tags(tokens: list[_Token], open_tags: list[int], token: _Token) -> None:
    """Pair a closing tag; an element with a block in it is a block itself."""
    number = open_tags.pop()
    own, parent = tokens[number], tokens[open_tags[-1]]
    own.pair, token.pair = len(tokens), number
    token.tag, token.parent, token.is_inline = own.tag, own.parent, own.is_inline
    parent.is_inline = parent.is_inline and own.is_inline


def _iter_tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        token, written = _Token(*match.span()), match[0]
        if written[0] == "<":
            name = None if written[1] in "!?" else _TAG_NAME.match(written)
            token.tag = name[1].lower() if name else "!"
            token.closes = written.startswith("</")
            token.opens = bool(name) and not token.closes and not written.endswith("/>")
            token.is_inline = token.tag in INLINE_TAGS or token.tag == "!"
        yield token
