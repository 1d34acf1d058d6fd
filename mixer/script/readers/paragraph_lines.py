"""How the lines of a plain text form paragraphs, and where a chapter's line begins one.

A blank line separates paragraphs, or an indented first line, or each has one long line. Titles
often have no blank line below them, and a chapter's number may begin its first paragraph. In a book
a number and the name below it are one title as well.
"""

from collections.abc import Collection, Iterator, Sequence, Set
from dataclasses import replace
from itertools import pairwise, zip_longest

from mixer.lazy import compile_lazily
from mixer.script.document import Block, BlockKind, has_words, heading, join_lines
from mixer.script.readers.headings import (
    CHAPTER_LEVEL,
    SUBTITLE_CHARS,
    TITLE_CHARS,
    ends_sentence,
    ends_statement,
    find_sequences,
    is_chapter_line,
    is_counted_line,
    is_numbered_only,
    is_title_case,
    join_title,
    names_part,
    parse_lone_number,
    split_run_in,
)
from mixer.script.readers.marks import is_ornament

WRAPPED_LINE_CHARS = 90
"""Editors wrap before this; where longer lines end sentences, each line is a paragraph."""

MIN_RUN_INS = 2
MIN_STANZA_LINES, MAX_STANZA_LINE_CHARS = 4, 60
MIN_LINES_PER_GAP, MIN_LONG_LINES = 5, 3
"""Where each line is a paragraph, few are empty, between scenes."""

MAX_CAPITAL_TITLE_CHARS = 300
"""Of titles such as "IN WHICH TOM MEETS A STRANGER, AND …"."""

QUOTATION_MARKS = ("“", "‘", '"', "'", "«", "„", "—", "–", "-", "[", "(")
_FIRST_LETTER = compile_lazily(r"[\p{L}\p{N}]")


def group_paragraph_lines(text: str) -> list[list[str]]:
    """The lines of each paragraph; a title's are apart from those below it."""
    lines = [line.rstrip() for line in text.strip("\n").split("\n")]
    written = [line for line in lines if line]
    are_few = (len(lines) - len(written)) * MIN_LINES_PER_GAP < len(lines)
    if are_few and _has_paragraph_per_line(written, are_long=len(written) < len(lines)):
        return [[line] for line in written]
    groups: list[list[str]] = [[]]
    stanza_end = 0
    for n, line in enumerate(lines):
        stanza_end = _find_stanza_end(lines, n) if n >= stanza_end else stanza_end
        is_inside = n < stanza_end
        if (
            not line
            or is_ornament(line)
            or (not is_inside and _is_indented_start(line, groups[-1]))
        ):
            groups.append([])
        if line:
            groups[-1].append(line)
        if line and is_ornament(line):
            groups.append([])
    groups = [part for group in groups if group for part in _split_titles(group)]
    return [part for group in _split_run_ins(groups) for part in _split_long_lines(group)]


def _find_stanza_end(lines: Sequence[str], start: int) -> int:
    """Behind the last line of a stanza whose lines are indented in turns; `start` of any other."""
    if not lines[start] or (start and lines[start - 1]):
        return start
    end = start
    while end < len(lines) and lines[end] and len(lines[end].strip()) <= MAX_STANZA_LINE_CHARS:
        end += 1
    stanza = lines[start:end]
    if len(stanza) < MIN_STANZA_LINES or (end < len(lines) and lines[end]):
        return start
    steps = sum(_indent(one) < _indent(two) for one, two in pairwise(stanza))
    capital = sum(map(begins_like_verse, stanza))
    return end if steps > 1 and capital * 5 >= len(stanza) * 4 else start


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


def _has_paragraph_per_line(lines: list[str], *, are_long: bool) -> bool:
    """Whether only line breaks separate paragraphs: most lines end a sentence, titles apart.

    Lines longer than an editor wraps decide, where there are any, or with `are_long` only they.
    """
    text = [line for line in lines if not is_chapter_line(line.strip())]
    lines = text if len(text) > 1 else lines
    long = [line for line in lines if len(line) > WRAPPED_LINE_CHARS]
    decisive = long or lines
    if are_long and len(long) < MIN_LONG_LINES:
        return False
    return sum(map(ends_sentence, decisive)) * 4 >= len(decisive) * 3


def _is_indented_start(line: str, before: list[str]) -> bool:
    """Whether an indented line begins a paragraph: no other is so, or a sentence ended above."""
    if not before or not line[0].isspace():
        return False
    has_ended = len(before) == 1 and ends_statement(before[0])
    is_first = has_ended and _indent(line) == _indent(before[0])
    return not before[-1][0].isspace() or is_first


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


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


def find_chapter_lines(blocks: tuple[Block, ...], named: Set[int]) -> tuple[Block, ...]:
    """Blocks, with those as headings that name chapters (the `named`) or count them.

    So is a name in a line of its own below a number.
    """
    found = find_sequences([block.text for block in blocks], named) | named
    return open_chapters(blocks, found, found)


def open_chapters(blocks: tuple[Block, ...], found: Set[int], named: Set[int]) -> tuple[Block, ...]:
    """Blocks, with those found as headings, and names in lines of their own below the `named`."""
    below = {n for n in range(1, len(blocks) - 1) if n - 1 in named and n + 1 not in found}
    found = found | {n for n in below if _is_named_below(blocks, n)}
    return tuple(open_chapter(block) if n in found else block for n, block in enumerate(blocks))


def open_chapter(block: Block) -> Block:
    """A paragraph as the heading of a chapter; a heading as it is."""
    if block.kind is BlockKind.HEADING:
        return block
    return replace(heading(block.text, CHAPTER_LEVEL), origin=block.origin)


def _is_named_below(blocks: tuple[Block, ...], n: int) -> bool:
    """Whether a block is the name of the chapter whose number is above it."""
    text = blocks[n].text
    is_sentence = ends_sentence(text) and len(text.split()) == 1
    return is_numbered_only(blocks[n - 1].text) and names_number(text) and not is_sentence


def names_number(text: str) -> bool:
    """Whether a line below a chapter's number may be its name."""
    is_short = 0 < len(text) <= SUBTITLE_CHARS and has_words(text)
    is_counted = is_chapter_line(text) or parse_lone_number(text) is not None
    if not is_short or is_counted or is_ornament(text):
        return False
    is_name = is_title_case(text) or (begins_like_verse(text) and not ends_sentence(text))
    return is_name and not text.startswith(QUOTATION_MARKS)


def join_titles(blocks: Sequence[Block]) -> Iterator[Block]:
    """Blocks, with a chapter's number and its name as one heading where each is one."""
    blocks = tuple(_open_numbers(blocks))
    joined = False
    alone = {
        two.level for one, two in pairwise(blocks) if two.kind is BlockKind.HEADING is not one.kind
    }
    for block, following in zip(blocks, (*blocks[1:], None), strict=False):
        is_number = block.kind is BlockKind.HEADING and is_counted_line(block.text)
        is_named = following is not None and following.kind is BlockKind.HEADING
        if joined:
            joined = False
        elif is_number and is_named and following and _is_name(following, block, alone):
            joined = True
            yield join_headings(block, following)
        else:
            yield block


def _open_numbers(blocks: Sequence[Block]) -> Iterator[Block]:
    """Blocks, with a paragraph as heading that is a chapter's number above the chapter's name."""
    for block, following in zip_longest(blocks, blocks[1:]):
        is_above = following is not None and following.kind is BlockKind.HEADING
        is_number = block.kind is BlockKind.PARAGRAPH and is_chapter_line(block.text)
        if is_above and is_number and is_counted_line(block.text) and not names_part(block.text):
            yield replace(heading(block.text, following.level), origin=block.origin)
        else:
            yield block


def _is_name(title: Block, number: Block, alone: Collection[int]) -> bool:
    """Whether a heading names what is counted above it: not the first chapter of a part."""
    is_first = title.level > number.level and title.level in alone and names_part(number.text)
    return not is_first and not is_chapter_line(title.text)


def join_headings(number: Block, name: Block) -> Block:
    """A chapter's number and its name as one heading, at the place of both."""
    text = join_title(number.text, name.text)
    origin = number.origin
    if origin is not None and name.origin is not None:
        spans = (*origin.spans, *name.origin.spans)
        origin = replace(origin, spans=spans, is_exact=False)
    return replace(number, text=text, origin=origin)
