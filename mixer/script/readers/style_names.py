"""What the names of styles in documents of word processors state: headings, lists, notes."""

from mixer.lazy import compile_lazily
from mixer.script.readers.headings import CHAPTER_LEVEL

TITLE_LEVEL, MAX_LEVEL = 1, 6

MAX_STYLE_DEPTH = 20
"""Of styles that are based on each other."""

_HEADING = compile_lazily(r"(?:heading|überschrift|titre|título|titolo|kop)\s*(?P<level>[1-9])")
_CHAPTER = compile_lazily(r"(?:.* - )?(?:chapter|part) (?:title|heading|head|name|number)")
"""In the templates of publishers and printers."""

_SKIPPED = compile_lazily(
    r"(?:toc|contents)\s*(?:\d+|heading)|table of (?:figures|authorities)|(?:foot|end)note.*"
    r"|(?:header|footer)(?: left| right)?"
    r"|(?:(?:illustration|figure|table|object|user) )?index (?:\d+|heading|separator)"
)


def find_style_level(name: str) -> int:
    """The level of a style by its name in small letters; 0 unless it is a heading's."""
    if name == "title":
        return TITLE_LEVEL
    match = _HEADING.fullmatch(name)
    level = int(match["level"]) + 1 if match else 0
    return min(CHAPTER_LEVEL if _CHAPTER.fullmatch(name) else level, MAX_LEVEL)


def is_skipped_style(name: str) -> bool:
    """Whether paragraphs of a style are generated, or no part of the text."""
    return _SKIPPED.fullmatch(name) is not None
