"""A book's own page as tags and stretches of text, and which parts of it may become elements. Pure.

Linear in the length of the page.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from itertools import accumulate

import regex

from mixer.script.readers import RAW_TAGS, strip_spaces

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


_TOKEN = regex.compile(
    r"<!--.*?-->|<\?.*?\?>|<!DOCTYPE(?:[^\[>]|\[[^\]]*+\])*+>"
    r"|<(?:[^<>\"']|\"[^\"]*+\"|'[^']*+')*+>|[^<]++",
    regex.DOTALL | regex.IGNORECASE,
)


_TAG_NAME = regex.compile(r"</?([^\s/>]++)")


_CHARACTER = regex.compile(r"&[^;\s]{1,40};|[^\s\u00AD]")


@dataclass(slots=True)
class PageToken:
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


def read_tokens(text: str) -> tuple[list[PageToken], str] | None:
    """Read a page: its tokens, and the characters that origins count; None if not well-formed."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    tokens, characters, length = list[PageToken](), list[str](), 0
    open_tags = [0]
    tokens.append(PageToken(0, 0, tag="!", is_inline=False))
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
    return tokens, "".join(characters)


def _pair_tags(tokens: list[PageToken], open_tags: list[int], token: PageToken) -> None:
    """Pair a closing tag; an element with a block in it is a block itself."""
    number = open_tags.pop()
    own, parent = tokens[number], tokens[open_tags[-1]]
    own.pair, token.pair = len(tokens), number
    token.tag, token.parent, token.is_inline = own.tag, own.parent, own.is_inline
    parent.is_inline = parent.is_inline and own.is_inline


def _iter_tokens(text: str) -> Iterator[PageToken]:
    for match in _TOKEN.finditer(text):
        token, written = PageToken(*match.span()), match[0]
        if written[0] == "<":
            name = None if written[1] in "!?" else _TAG_NAME.match(written)
            token.tag = name[1].lower() if name else "!"
            token.closes = written.startswith("</")
            token.opens = bool(name) and not token.closes and not written.endswith("/>")
            token.is_inline = token.tag in INLINE_TAGS or token.tag == "!"
        yield token


class PartFinder:
    """Finds the parts of sentences that may become elements, as places of a page's text."""

    def __init__(self, text: str, tokens: list[PageToken]) -> None:
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
