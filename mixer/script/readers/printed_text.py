"""What print leaves in plain text: page numbers, running heads, pictures, marks of emphasis.

A text that was scanned, or copied from pages, carries them between its paragraphs. They are taken
out only where they repeat, count on, or interrupt a sentence; in doubt they stay.
"""

from html import unescape
from itertools import pairwise

import regex

from mixer.lazy import compile_lazily
from mixer.script.readers.marks import PICTURE_NOTE, names_counted_thing
from mixer.script.readers.page_furniture import PageFurniture
from mixer.script.readers.printed_lists import drop_lists, drop_notes

MIN_PAGE_NUMBERS = 3

_EMPHASIS = compile_lazily(r"(?<![\w_])_(?=[^\s_])([^_]{1,300})(?<=[^\s_])_(?![\w_])")
_STRONG = compile_lazily(
    r"(?<![\w=+])([=+])(?=\p{L})([^=+\n]{1,200})(?<=[\p{L}\p{N}.,:;!?’”])\1(?![\w=+])"
)
"""Project Gutenberg's signs around bold words and small capitals."""

_TABLE_RULE = compile_lazily(r"(?m)^[ \t]*[+|](?:[-=+|:\t ]*[-=+][-=+|:\t ]*)[+|][ \t]*$")
_TABLE_ROW = compile_lazily(r"(?m)^[ \t]*\|(?P<cells>[^\n]{1,300})\|[ \t]*$")
_BRACED_PAGE = compile_lazily(r" ?\{\d{1,4}\}")
_MARKUP = compile_lazily(
    r"<(?P<tag>i|b|em|strong|u|small|center)>(?P<words>(?=\S)[^<>]{1,500}(?<=\S))</(?P=tag)>"
    r"|\[(?P<code>b|i|u|s|center|quote|url|size|color|font)(?:=[^\[\]\n]{0,100})?\]"
    r"(?P<shown>(?=\S)[^\[\]]{1,500}(?<=\S))\[/(?P=code)\]",
    regex.IGNORECASE,
)
"""Of pages and forums, where it encloses words; other brackets are text."""

MAX_MARKUP_DEPTH = 3
_ENTITY = compile_lazily(r"&(?:nbsp|amp|mdash|ndash|hellip|quot|lt|gt|[lr][sd]quo|#\d{2,5});")
_CLOSING_TAG = compile_lazily(r"\[/\w|</\w")
_GLUED = compile_lazily(
    r"(?<=[^\n] (?P<word>\p{Ll}{2,24})[.,;:!?”\"’)]{0,2})"
    r"(?P<number>(?<!\d)\d{1,3})(?=[\s.,;:!?”\"’)])"
)
MIN_GLUED = 2
_NAVIGATION = compile_lazily(
    r"(?m)^[ \t]*[<«←]*[ \t]*Prev(?:ious)?(?: \w{1,10})?[ \t]*[|/·•]"
    r"(?:[^|/·•\n]{0,40}[|/·•])?[ \t]*Next(?: \w{1,10})?[ \t]*[>»→]*[ \t]*$"
)
"""The line of links between the pages of a story."""

_TIMECODE = compile_lazily(
    r"(?m)^(?:\d+[ \t]*\n)?(?:\d\d:)?\d\d:\d\d[,.]\d{3} --> .*\n|\AWEBVTT.*\n"
)
"""Of captions, with their number."""

_STAMP = compile_lazily(
    r"(?m)^[ \t]{0,8}(?:[\[(](?:\d{1,2}:)?\d{1,2}:\d\d(?:[.,]\d{1,3})?[\])]"
    r"|\d{1,2}:\d\d:\d\d)[ \t–—-]{1,4}(?=\S)"
)
MIN_STAMPS, FIRST_CHARS = 3, 10_000
"""Of the lines of a recording, with their time; the first is near the beginning."""


_VERSE_NUMBER = compile_lazily(r"(?P<verse>\s*\S.{0,80}?)\s{2,}(?P<number>\d{1,4})")
VERSE_STEP, MIN_NUMBERED = 5, 3
"""Of the numbers at the ends of lines of verse; of poems that have two of them."""

_SCENE_NUMBERS = compile_lazily(
    r"(?m)^(?P<lead>\f?)[ \t]*+(?P<number>\d{1,3}[A-Z]?)[ \t]{2,}(?P<place>(?:INT|EXT|I/E)\b"
    r"[^\n]{0,120}?)(?:[ \t]{2,80}(?P=number))?[ \t]{0,80}$"
)
"""Of a screenplay, on one side of a scene's place or on both."""


def clean_printed_text(text: str) -> str:
    """Take out what only print needs; the words of the text stay, in their order."""
    if _CLOSING_TAG.search(text):
        text = _drop_markup(text)
    text = _NAVIGATION.sub("", text) if "Next" in text and "Prev" in text else text
    text = _TIMECODE.sub("", text) if " --> " in text else text
    if _STAMP.search(text, 0, FIRST_CHARS) and len(_STAMP.findall(text)) >= MIN_STAMPS:
        text = _STAMP.sub("", text)
    text = _STRONG.sub(r"\2", _EMPHASIS.sub(r"\1", PICTURE_NOTE.sub("", text)))
    if len(_BRACED_PAGE.findall(text)) >= MIN_PAGE_NUMBERS:
        text = _BRACED_PAGE.sub("", text)
    text = _drop_glued_marks(text)
    if "|" in text:
        text = _TABLE_ROW.sub(_join_cells, _TABLE_RULE.sub("", text))
    lines = _drop_verse_numbers([line.rstrip() for line in text.split("\n")])
    lines = PageFurniture(drop_lists(lines)).remove()
    return "\n".join(drop_notes(lines, text))


def drop_scene_numbers(text: str) -> str:
    """Drop the numbers of scenes, which look like those of pages."""
    if "INT" not in text:
        return text
    return _SCENE_NUMBERS.sub(lambda match: match["lead"] + match["place"], text)


def _drop_verse_numbers(lines: list[str]) -> list[str]:
    """Drop numbers at the ends of lines that count the lines of a poem."""
    written = [n for n, line in enumerate(lines) if line]
    found = [
        (count, n, int(match["number"]), match["verse"])
        for count, n in enumerate(written)
        if lines[n][-1].isdecimal() and (match := _VERSE_NUMBER.fullmatch(lines[n]))
        if int(match["number"]) % VERSE_STEP == 0
    ]
    counted = set[int]()
    for one, two in pairwise(found):
        if 0 < two[0] - one[0] == two[2] - one[2]:
            counted |= {one[1], two[1]}
    if len(counted) < MIN_NUMBERED:
        return lines
    kept = list(lines)
    for _, n, number, verse in found:
        if n in counted or number == VERSE_STEP:
            kept[n] = verse
    return kept


def _drop_glued_marks(text: str) -> str:
    """Drop raised numbers of notes that became digits behind words: they count on from 1."""
    found = [each for each in _GLUED.finditer(text) if not names_counted_thing(f"{each['word']} ")]
    numbers = [int(match["number"]) for match in found]
    are_marks = all(n in (1, last + 1) for last, n in pairwise([0, *numbers]))
    are_apart = len({match["word"] for match in found}) == len(found)
    if len(found) < MIN_GLUED or not are_marks or not are_apart:
        return text
    places = {match.span("number") for match in found}
    return _GLUED.sub(lambda match: "" if match.span("number") in places else match[0], text)


def _join_cells(match: regex.Match[str]) -> str:
    """A row of a table as a paragraph."""
    return f"\n{' '.join(match['cells'].replace('|', ' ').split())}\n"


def _drop_markup(text: str) -> str:
    for _ in range(MAX_MARKUP_DEPTH):
        text, count = _MARKUP.subn(lambda match: match["words"] or match["shown"], text)
        if not count:
            return text
        text = _ENTITY.sub(lambda match: unescape(match[0]), text)
    return text
