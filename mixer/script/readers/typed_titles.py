"""Titles that typists mark: underlined, between signs, spaced out, dated.

    The Quay          == The Quay ==       *** Chapter 1 ***       C H A P T E R  I
    --------

Diaries have dates for titles: those open chapters where nothing else does.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import regex

from mixer.lazy import compile_lazily
from mixer.script.readers.headings import (
    MIN_CAPITALISED_CHARS,
    TITLE_CHARS,
    ends_sentence,
    is_chapter_line,
    is_numbered_only,
    names_chapter,
)
from mixer.script.readers.marks import (
    is_contents_title,
    is_index_title,
    is_notes_title,
    is_pictures_title,
)

TITLE_SIGN = "\ue001"
"""Before a line that is a title for certain; of the private use area."""

MIN_HASH_TITLES = 2
MIN_DATES, MIN_MONTHS = 3, 2
MIN_TITLES_APART = 3
MIN_GAP, MAX_GAP = 2, 8
"""Empty lines above a title that is set apart, and below it."""

MIN_PROSE_CHARS = 45
"""Of a line of prose right below a title."""

_UNDERLINED = compile_lazily(
    rf"(?:\A|(?<=\n\n))(?P<title>[^\n]{{1,{TITLE_CHARS}}})\n"
    r"[ \t]*(?P<rule>([=~-])\3{2,}+)[ \t]*(?=\n|\Z)"
)
_SCENE_LINE = compile_lazily(r"(?:INT|EXT|I/E)\b.*")
"""Of screenplays, where they open no chapters."""

_LIST_TITLES = (is_contents_title, is_index_title, is_notes_title, is_pictures_title)
_APART = compile_lazily(r"\p{Lu}.{2,60}(?<![.,;:!?…”\"’])(?<!\s{2}[lIO]{0,2}\d[\dlIO]{0,3})")
"""A title; a number behind a gap is a page's."""

_NAME = compile_lazily(r"\p{Lu}[\p{L}.’'-]{0,20}(?: \p{Lu}[\p{L}.’'-]{0,20}){1,3}")
_PROSE_LINE = compile_lazily(rf".{{{MIN_PROSE_CHARS},}}|.*[.!?…”\"]")
_WIKI = compile_lazily(rf"(?m)^(={{2,6}}) *(?P<title>[^=\n]{{1,{TITLE_CHARS}}}?) *\1$")
_HASHED = compile_lazily(
    rf"(?:\A|(?<=\n\n))#{{1,6}} +(?P<title>\S[^\n]{{0,{TITLE_CHARS}}}?)(?: +#+)?(?=\n\n|\Z)"
)
_DECORATED = compile_lazily(
    r"(?m)^[ \t]*(?P<left>[*~=•·\[(<|–—-]{1,5}) ?(?P<title>\p{L}[^\n]{1,60}?)[ \t]*"
    r"(?P<right>[*~=•·\])>|–—-]{1,5})[ \t]*$"
)
_TITLE_SIGNS = "*~=•·"
_SPACED = compile_lazily(
    r"(?m)^[ \t]*(?:\p{Lu} ){3,20}\p{Lu}(?:[ \t]{2,}(?:\p{Lu} ){0,20}\p{Lu})*[ \t]*$"
)
_TEMPLATES = compile_lazily(
    r"\{\{[^{}\n]{0,300}(?:\n[ \t]*\|[^{}]{0,2000}+)?\}\}| ?\[edit\]"
    r"|\[\[(?:Category|Kategorie|Catégorie|Categor[ií]a):[^\[\]\n]{0,200}\]\]|<ref\b[^>\n]{0,200}/>"
    r"|<ref\b[^>\n]{0,200}>[^<\n]{0,1000}</ref>|\[\[(?:File|Image):[^\[\]\n]{0,300}\]\]|'{2,3}"
    r"|</?(?:span|div|blockquote|poem|center|small|big|references|nowiki|p|br|ol|ul|li)\b[^<>\n]{0,200}>"
    r"|\(\((?!\()[^()\n]{1,500}\)\)|(?<![:\w/])//(?=\S)(?P<shown>[^/\n]{1,300})//(?!\w)"
    r"|\[\[[^\[\]|\n]{1,100}\|(?P<shown>[^\[\]|\n]{1,100})\]\]"
)
"""Of wikis: templates, notes, pictures, emphasis, links under another name."""

_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
    "|januar|februar|märz|mai|juni|juli|oktober|dezember"
    "|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre"
    "|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
    "|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre"
)
_WEEKDAYS = "(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|tue|wed|thu|fri|sat|sun)"
_DAY = r"\d{1,2}(?:st|nd|rd|th|\.)?"
_DATE_STARTS = {"the", *(each[:3] for each in f"{_MONTHS}|{_WEEKDAYS[3:]}".split("|"))}
_DATE = compile_lazily(
    rf"(?:(?:{_WEEKDAYS})[.,]?,? )?(?:the )?"
    rf"(?:{_DAY}(?: of| de)? (?:{_MONTHS})\.?|(?:{_MONTHS})\.? (?:the )?{_DAY}|(?:1[5-9]|20)\d\d)"
    r"(?:,?(?: de)? \d{4})?(?:[.,:]? ?[–—-]* ?[^.!?\n]{0,24})?[.:]?"
    r"|(?:1[5-9]|20)\d\d-\d\d-\d\d|\d\d?/\d\d?/\d{2,4}",
    regex.IGNORECASE,
)
_MONTH = compile_lazily(rf"(?:{_MONTHS})(?:,? (?:1[5-9]|20)\d\d)?\.?", regex.IGNORECASE)
_YEAR_ONLY = compile_lazily(r"(?:1[5-9]|20)\d\d\.?")


def mark_typed_titles(text: str) -> str:
    """Put a sign before titles that a typist marked, and take the marks away."""
    if "{{" in text or "[edit]" in text or "'''" in text or text.startswith("==") or "\n==" in text:
        text = _TEMPLATES.sub(lambda match: match["shown"] or "", text)
    if "\n==" in text or "\n--" in text or "\n~~" in text:
        text = _WIKI.sub(
            lambda match: f"\n{_sign(match['title'])}\n", _UNDERLINED.sub(_unline, text)
        )
    if "# " in text and len(_HASHED.findall(text)) >= MIN_HASH_TITLES:
        text = _HASHED.sub(lambda match: _sign(match["title"]), text)
    if "\n\n\n" in text:
        text = _mark_titles_apart(text)
    text = _SPACED.sub(_close_up, text)
    decorated = list(_DECORATED.finditer(text))
    if not decorated:
        return text
    titles = {match["title"] for match in decorated if _is_decorated(match)}
    are_titles = len(titles) >= MIN_TITLES_APART
    return _DECORATED.sub(lambda match: _undecorate(match, are_titles=are_titles), text)


def is_scene_line(line: str) -> bool:
    """Whether a line of a screenplay states a scene's place."""
    return _SCENE_LINE.match(line) is not None


def _mark_titles_apart(text: str) -> str:
    """Sign short lines above prose that more empty lines set apart than paragraphs.

    Where lines name chapters, as many empty lines as above those.
    """
    lines = text.split("\n")
    gaps = dict(_iter_gaps(lines))
    usual = sorted(gaps.values() or [0])[len(gaps) // 4]
    named = [n for n in gaps if names_chapter(lines[n].strip())]
    least = min((gaps[n] for n in named), default=0)
    titles = [
        n
        for n, gap in gaps.items()
        if gap >= max(MIN_GAP, usual + 1, least) and n >= min(named, default=0)
        if _is_set_apart(lines, n)
    ]
    if named or len({lines[n].strip() for n in titles}) >= MIN_TITLES_APART:
        for n in titles:
            lines[n] = (
                f"{_sign(lines[n])}\n"
                if any(map(str.strip, lines[n + 1 : n + 2]))
                else _sign(lines[n])
            )
    return "\n".join(lines)


def _iter_gaps(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The first line of each paragraph, and how many empty lines are above it."""
    gap = 0
    for n, line in enumerate(lines):
        if line.strip():
            if gap or not n:
                yield n, gap
            gap = 0
        else:
            gap += 1


def _is_set_apart(lines: Sequence[str], n: int) -> bool:
    """Whether a line is a title: prose or a stanza is below it."""
    title = lines[n].strip()
    if not _APART.fullmatch(title) or not _is_capitalised(title) or is_scene_line(title):
        return False
    if any(names(title) for names in _LIST_TITLES):
        return False
    last = min(len(lines), n + 2 + MAX_GAP)
    first = next((m for m in range(n + 1, last) if lines[m].strip()), None)
    if first is None:
        return False
    below = lines[first].strip()
    if first == n + 1:
        return _is_signed(lines, first) or (
            len(below) >= MIN_PROSE_CHARS and not below[0].islower()
        )
    is_stanza = any(map(str.strip, lines[first + 1 : first + 2]))
    return is_stanza or _PROSE_LINE.fullmatch(below) is not None


def _is_signed(lines: Sequence[str], n: int) -> bool:
    """Whether a line is the name of an author: prose is below it, behind an empty line."""
    below = [line.strip() for line in lines[n + 1 : n + 2 + MAX_GAP] if line.strip()]
    is_apart = n + 1 < len(lines) and not lines[n + 1].strip()
    is_prose = bool(below) and _PROSE_LINE.fullmatch(below[0]) is not None
    return is_apart and is_prose and _NAME.fullmatch(lines[n].strip()) is not None


def _is_capitalised(title: str) -> bool:
    words = (word for word in title.split() if len(word) >= MIN_CAPITALISED_CHARS)
    return all(word[0].isupper() for word in words)


def find_dates(lines: Sequence[str]) -> set[int]:
    """The indices of lone dates, or months, that head the entries of a diary.

    Few of them are none.
    """
    found = [index for index, line in enumerate(lines) if line and is_date(line)]
    months = [n for n, line in enumerate(lines) if line and _MONTH.fullmatch(line)]
    if set(found) <= set(months):
        names = {lines[n].casefold() for n in months}
        return set(months) if MIN_MONTHS <= len(names) == len(months) else set()
    adjacent = sum(one + 1 == other for one, other in pairwise(found))
    return set(found) if len(found) >= MIN_DATES and adjacent * 2 <= len(found) - 1 else set()


def is_date(line: str) -> bool:
    """Whether a line is a date, as it heads an entry of a diary."""
    if len(line) > TITLE_CHARS or not any(map(str.isdigit, line)):
        return False
    if _YEAR_ONLY.match(line) and not _YEAR_ONLY.fullmatch(line):
        return regex.fullmatch(r"\d{4}-\d\d-\d\d", line) is not None
    is_possible = line[:1].isdigit() or line[:3].casefold() in _DATE_STARTS
    return is_possible and _DATE.fullmatch(line) is not None


def _sign(title: str) -> str:
    title = title.strip()
    is_known = is_chapter_line(title) or is_numbered_only(title)
    return title if is_known else TITLE_SIGN + title


def _unline(match: regex.Match[str]) -> str:
    """A title without its rule, which is about as long; longer or shorter, it divides scenes."""
    title, rule = match["title"].strip(), match["rule"]
    is_rule = len(title) * 2 // 3 <= len(rule) <= len(title) + 8
    if not is_rule or ends_sentence(title) or not any(map(str.isalpha, title)):
        return match[0]
    return _sign(title) + "\n"


def _is_decorated(match: regex.Match[str]) -> bool:
    """Whether a line is a title between signs that are alike, with empty lines around it."""
    left, title, text = match["left"], match["title"], match.string
    is_even = left == match["right"][::-1] and left[0] in _TITLE_SIGNS and match[0].count(" ") > 1
    start = max(match.start() - 2, 0)
    is_apart = text[start : match.start()] == "\n\n" and text.startswith("\n\n", match.end())
    return is_even and is_apart and _APART.fullmatch(title) is not None and _is_capitalised(title)


def _undecorate(match: regex.Match[str], *, are_titles: bool) -> str:
    if is_chapter_line(match["title"].strip()):
        return match["title"]
    return _sign(match["title"]) if are_titles and _is_decorated(match) else match[0]


def _close_up(match: regex.Match[str]) -> str:
    words = regex.split(r"[ \t]{2,}", match[0].strip())
    title = " ".join(word.replace(" ", "") for word in words)
    return title if is_chapter_line(title) else match[0]
