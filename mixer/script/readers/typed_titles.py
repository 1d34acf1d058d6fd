"""Titles that typists mark: underlined, between signs, spaced out, dated.

    The Quay          == The Quay ==       *** Chapter 1 ***       C H A P T E R  I
    --------

Diaries have dates for titles: those open chapters where nothing else does.
"""

from collections.abc import Sequence
from itertools import pairwise

import regex

from mixer.lazy import compile_lazily
from mixer.script.readers.headings import (
    MIN_CAPITALISED_CHARS,
    TITLE_CHARS,
    ends_sentence,
    is_chapter_line,
    names_chapter,
)

TITLE_SIGN = "\ue001"
"""Before a line that is a title for certain; of the private use area."""

MIN_HASH_TITLES = 2
MIN_DATES = 3
MIN_TITLES_APART = 3

_UNDERLINED = compile_lazily(
    rf"(?:\A|(?<=\n\n))(?P<title>[^\n]{{1,{TITLE_CHARS}}})\n"
    r"[ \t]*(?P<rule>([=~-])\3{2,}+)[ \t]*(?=\n|\Z)"
)
_APART = compile_lazily(
    r"(?:\A|(?<=\n\n\n))(?P<title>\p{Lu}[^\n]{2,60}(?<![.,;:!?…”\"’]))(?=\n\n)"
    r"(?=\n{2,6}(?:[^\n]{45,}|[^\n]*[.!?…”\"]\n))"
)
_WIKI = compile_lazily(rf"(?m)^(={{2,6}}) *(?P<title>[^=\n]{{1,{TITLE_CHARS}}}?) *\1$")
_HASHED = compile_lazily(
    rf"(?:\A|(?<=\n\n))#{{1,6}} +(?P<title>\S[^\n]{{0,{TITLE_CHARS}}}?)(?: +#+)?(?=\n\n|\Z)"
)
_DECORATED = compile_lazily(
    r"(?m)^[ \t]*(?P<left>[*~=•·\[(<|–—-]{1,5}) ?(?P<title>\p{L}[^\n]{1,60}?)[ \t]*"
    r"(?P<right>[*~=•·\])>|–—-]{1,5})[ \t]*$"
)
_SPACED = compile_lazily(
    r"(?m)^[ \t]*(?:\p{Lu} ){3,20}\p{Lu}(?:[ \t]{2,}(?:\p{Lu} ){0,20}\p{Lu})*[ \t]*$"
)
_TEMPLATES = compile_lazily(
    r"\{\{[^{}\n]{0,300}\}\}| ?\[edit\]|<ref\b[^>\n]{0,200}/>"
    r"|<ref\b[^>\n]{0,200}>[^<\n]{0,1000}</ref>|\[\[(?:File|Image):[^\[\]\n]{0,300}\]\]|'{2,3}"
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
_DATE = compile_lazily(
    rf"(?:(?:{_WEEKDAYS})[.,]?,? )?(?:the )?"
    rf"(?:{_DAY}(?: of| de)? (?:{_MONTHS})\.?|(?:{_MONTHS})\.? (?:the )?{_DAY}|(?:1[5-9]|20)\d\d)"
    r"(?:,?(?: de)? \d{4})?(?:[.,:]? ?[–—-]* ?[^.!?\n]{0,24})?[.:]?"
    r"|(?:1[5-9]|20)\d\d-\d\d-\d\d|\d\d?/\d\d?/\d{2,4}",
    regex.IGNORECASE,
)
_YEAR_ONLY = compile_lazily(r"(?:1[5-9]|20)\d\d\.?")


def mark_typed_titles(text: str) -> str:
    """Put a sign before titles that a typist marked, and take the marks away."""
    if "{{" in text or "[edit]" in text or "'''" in text or "\n==" in text:
        text = _TEMPLATES.sub(lambda match: match["shown"] or "", text)
    if "\n==" in text or "\n--" in text or "\n~~" in text:
        text = _WIKI.sub(
            lambda match: f"\n{_sign(match['title'])}\n", _UNDERLINED.sub(_unline, text)
        )
    if "# " in text and len(_HASHED.findall(text)) >= MIN_HASH_TITLES:
        text = _HASHED.sub(lambda match: _sign(match["title"]), text)
    if "\n\n\n" in text:
        text = _mark_titles_apart(text)
    return _DECORATED.sub(_undecorate, _SPACED.sub(_close_up, text))


def _mark_titles_apart(text: str) -> str:
    """Sign short lines below two empty ones and above prose, where no line names a chapter."""
    titles = {match["title"] for match in _APART.finditer(text)}
    titles = {title for title in titles if _is_capitalised(title)}
    is_named = len(titles) < MIN_TITLES_APART
    if is_named or any(names_chapter(line.strip()) for line in text.split("\n")):
        return text
    return _APART.sub(lambda m: _sign(m["title"]) if m["title"] in titles else m[0], text)


def _is_capitalised(title: str) -> bool:
    words = (word for word in title.split() if len(word) >= MIN_CAPITALISED_CHARS)
    return all(word[0].isupper() for word in words)


def find_dates(lines: Sequence[str]) -> set[int]:
    """The indices of lone dates that head the entries of a diary; few of them are none."""
    found = [index for index, line in enumerate(lines) if line and _is_date(line)]
    adjacent = sum(one + 1 == other for one, other in pairwise(found))
    return set(found) if len(found) >= MIN_DATES and adjacent * 2 <= len(found) - 1 else set()


def _is_date(line: str) -> bool:
    if len(line) > TITLE_CHARS or not any(map(str.isdigit, line)):
        return False
    if _YEAR_ONLY.match(line) and not _YEAR_ONLY.fullmatch(line):
        return regex.fullmatch(r"\d{4}-\d\d-\d\d", line) is not None
    return _DATE.fullmatch(line) is not None


def _sign(title: str) -> str:
    return title if is_chapter_line(title.strip()) else TITLE_SIGN + title.strip()


def _unline(match: regex.Match[str]) -> str:
    """A title without its rule, which is about as long; longer or shorter, it divides scenes."""
    title, rule = match["title"].strip(), match["rule"]
    is_rule = len(title) * 2 // 3 <= len(rule) <= len(title) + 8
    if not is_rule or ends_sentence(title) or not any(map(str.isalpha, title)):
        return match[0]
    return _sign(title) + "\n"


def _undecorate(match: regex.Match[str]) -> str:
    return match["title"] if is_chapter_line(match["title"].strip()) else match[0]


def _close_up(match: regex.Match[str]) -> str:
    words = regex.split(r"[ \t]{2,}", match[0].strip())
    title = " ".join(word.replace(" ", "") for word in words)
    return title if is_chapter_line(title) else match[0]
