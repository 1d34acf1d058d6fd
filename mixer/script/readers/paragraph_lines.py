"""How the lines of a plain text form paragraphs, and where a chapter's line begins one.

A blank line separates paragraphs, or an indented first line, or each has one long line. Titles
often have no blank line below them, and a chapter's number may begin its first paragraph.
"""

from mixer.lazy import compile_lazily
from mixer.script.document import Block, heading, join_lines
from mixer.script.readers.headings import (
    CHAPTER_LEVEL,
    SUBTITLE_CHARS,
    TITLE_CHARS,
    ends_sentence,
    ends_statement,
    is_chapter_line,
    is_numbered_only,
    is_title_case,
    join_title,
    split_run_in,
)
from mixer.script.readers.marks import is_ornament

WRAPPED_LINE_CHARS = 90
"""Editors wrap before this; where longer lines end sentences, each line is a paragraph."""

MIN_RUN_INS = 2
MAX_CAPITAL_TITLE_CHARS = 300
"""Of titles such as "IN WHICH TOM MEETS A STRANGER, AND …"."""

QUOTATION_MARKS = ("“", "‘", '"', "'", "«", "„", "—", "–", "-", "[", "(")
_FIRST_LETTER = compile_lazily(r"[\p{L}\p{N}]")


def group_paragraph_lines(text: str) -> list[list[str]]:
    """The lines of each paragraph; a title's are apart from those below it."""
    lines = [line.rstrip() for line in text.strip("\n").split("\n")]
    if "" not in lines and _has_paragraph_per_line(lines):
        return [[line] for line in lines]
    groups: list[list[str]] = [[]]
    for line in lines:
        if not line or is_ornament(line) or _is_indented_start(line, groups[-1]):
            groups.append([])
        if line:
            groups[-1].append(line)
        if line and is_ornament(line):
            groups.append([])
    groups = [part for group in groups if group for part in _split_titles(group)]
    return [part for group in _split_run_ins(groups) for part in _split_long_lines(group)]


def _split_titles(lines: list[str]) -> list[list[str]]:
    """Separate a chapter's line from prose that no empty line separates from it."""
    if len(lines) == 1 or detect_chapter_heading(lines):
        return [lines]
    groups: list[list[str]] = [[]]
    index = 0
    while index < len(lines):
        if _is_title_line(lines, index):
            end = index + 1 + _is_name_line(lines, index + 1)
            groups += [lines[index:end], []]
            index = end
        else:
            groups[-1].append(lines[index])
            index += 1
    return [group for group in groups if group]


def _is_title_line(lines: list[str], index: int) -> bool:
    line = lines[index].strip()
    following = lines[index + 1].strip() if index + 1 < len(lines) else ""
    if not is_chapter_line(line) or (index and not ends_statement(lines[index - 1])):
        return False
    if not begins_like_verse(following) or is_chapter_line(following):
        return not following and is_numbered_only(line)
    return is_numbered_only(line) or _is_cut_short(lines, index)


def _is_name_line(lines: list[str], index: int) -> bool:
    """Whether a line below a chapter's number, and above prose, is the chapter's name."""
    line = lines[index].strip() if index + 1 < len(lines) else ""
    if not line or len(line) > SUBTITLE_CHARS or line.startswith(QUOTATION_MARKS):
        return False
    is_name = is_title_case(line) or not ends_sentence(line)
    return (
        is_numbered_only(lines[index - 1].strip())
        and is_name
        and _is_cut_short(lines, index)
        and begins_like_verse(lines[index + 1])
    )


def _is_cut_short(lines: list[str], index: int) -> bool:
    """Whether the first word of the next line would have fit into a line."""
    width = max(len(line.strip()) for line in lines)
    return len(lines[index].strip()) + 1 + len(lines[index + 1].split()[0]) <= width


def _split_run_ins(groups: list[list[str]]) -> list[list[str]]:
    """Separate chapters' numbers from the paragraphs that they begin, where there are several."""
    found = {
        index: parts
        for index, lines in enumerate(groups)
        if sum(map(len, lines)) > TITLE_CHARS and (parts := split_run_in(lines[0].strip()))
    }
    titles = sum(is_chapter_line(lines[0].strip()) for lines in groups if len(lines) == 1)
    if not found or len(found) + titles < MIN_RUN_INS:
        return groups
    split = (
        [[found[n][0]], [found[n][1], *g[1:]]] if n in found else [g] for n, g in enumerate(groups)
    )
    return [group for parts in split for group in parts]


def _split_long_lines(lines: list[str]) -> list[list[str]]:
    """Split paragraphs that no blank line separates, though each fills a line."""
    is_long = any(len(line) > WRAPPED_LINE_CHARS for line in lines)
    if is_long and all(map(ends_sentence, lines)):
        return [[line] for line in lines]
    return [lines]


def _has_paragraph_per_line(lines: list[str]) -> bool:
    """Whether only line breaks separate paragraphs: most lines end a sentence, titles apart.

    Lines longer than an editor wraps decide, where there are any.
    """
    text = [line for line in lines if not is_chapter_line(line.strip())]
    lines = text if len(text) > 1 else lines
    long = [line for line in lines if len(line) > WRAPPED_LINE_CHARS]
    decisive = long or lines
    return sum(map(ends_sentence, decisive)) * 4 >= len(decisive) * 3


def _is_indented_start(line: str, before: list[str]) -> bool:
    return bool(before) and line[0].isspace() and not before[-1][0].isspace()


def detect_chapter_heading(lines: list[str]) -> Block | None:
    """A heading of several lines: "CHAPTER IV", and below it the chapter's name."""
    number, *title = map(str.strip, lines)
    longest = MAX_CAPITAL_TITLE_CHARS if join_lines(title).isupper() else TITLE_CHARS
    is_prose = sum(map(len, lines)) > longest or any(
        ends_sentence(line) and not is_title_case(line) for line in title
    )
    if is_prose or not is_chapter_line(number):
        return None
    return heading(join_title(number, join_lines(title)), CHAPTER_LEVEL)


def begins_like_verse(line: str) -> bool:
    """Whether the first letter of a line is a capital, or a digit."""
    first = _FIRST_LETTER.search(line)
    return first is not None and (first[0].isupper() or first[0].isdecimal())
