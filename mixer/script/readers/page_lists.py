"""The lists that a book has of itself: its contents, its pictures, its index. None is read."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

import regex

from mixer.lazy import compile_lazily
from mixer.script.document import BlockKind
from mixer.script.readers.headings import is_chapter_line, is_counted_line
from mixer.script.readers.marks import (
    fold_title,
    is_contents_column,
    is_contents_title,
    is_index_title,
    is_page_number,
    is_pictures_title,
)
from mixer.script.readers.page_blocks import AnchoredBlock

MIN_CONTENTS_LINES = 2
MIN_TARGETED_LINES = 3
"""Of links to chapters in a row, where no heading says that they are the contents."""

MIN_UNTITLED_LINES, MAX_FRONT_BLOCKS = 4, 300
"""Of the titles of chapters in their order, without links or a heading of their own."""

MAX_LINES, MAX_LINE_CHARS = 2_000, 300
MIN_INDEX_SHARE = 0.6

_ENTRY_NUMBER = compile_lazily(r"[\s.·_]+(?:\d{1,4}|[ivxlc]{1,6})\s*$")
_ENTRIES = compile_lazily(r"(?:(?:\D|\d++(?!\s|$)){2,80}?[\s.·_]\d{1,4}(?:\s+|$))+")
_ENTRY_PAGE = compile_lazily(r"(?<=[\s.·_])\d{1,4}(?=\s|$)")
MAX_RUN_CHARS, MIN_RUN_ENTRIES = 10_000, 4
INDEX_LINE = compile_lazily(
    r".{0,200}[,\s][\divxlc]+(?:[-–,;\s]+[\divxlc]+)*[.,;\s]*|.{1,100},[\s,]*"
    r"|.{0,100}\bsee(?: also)?\s.{0,100}",
    regex.IGNORECASE,
)
"""A word with its pages, or with links to them that are left out."""


def drop_lists(
    blocks: Sequence[AnchoredBlock], is_chapter: Callable[[str], bool], titles: str
) -> list[AnchoredBlock]:
    """Drop the lists of a page, with their titles.

    Args:
        is_chapter: whether a link's address leads to the beginning of a chapter.
        titles: of chapters, folded, one a line.
    """
    kept: list[AnchoredBlock] = []
    index = 0
    order = {title: n for n, title in enumerate(titles.split("\n")) if title}
    untitled = _find_untitled(blocks[:MAX_FRONT_BLOCKS], order)
    while index < len(blocks):
        end = untitled.get(index, 0) or _find_list_end(blocks, index, titles)
        kept += [] if end > index else [blocks[index]]
        index = max(end, index + 1)
    return _drop_links(kept, is_chapter)


def _find_list_end(blocks: Sequence[AnchoredBlock], start: int, titles: str) -> int:
    """Where the list ends whose title is here; `start` where there is none."""
    title = blocks[start].block.text
    if is_contents_title(title) or is_pictures_title(title):
        end, lines, targets = start + 1, 0, set[str]()
        if end < len(blocks) and _is_run_of_entries(blocks[end].block.text):
            return end + 1
        while end < len(blocks) and end - start < MAX_LINES and _is_line(blocks[end], titles):
            if not blocks[end].targets and blocks[end].anchors & targets:
                break  # the first of the chapters, of which nothing else says that it is one
            lines += max(len(blocks[end].targets), 1)
            targets |= {link.rpartition("#")[2] for link in blocks[end].targets}
            end += 1
        is_empty = not lines and end < len(blocks) and blocks[end].is_heading
        return end if lines >= MIN_CONTENTS_LINES or is_empty else start
    if is_index_title(title) and blocks[start].is_heading:
        return _find_index_end(blocks, start)
    return start


def _find_untitled(blocks: Sequence[AnchoredBlock], order: Mapping[str, int]) -> dict[int, int]:
    """Where lists of contents begin and end that nothing but the titles in their order shows."""
    found, start, last = dict[int, int](), 0, -1
    if len(order) < MIN_UNTITLED_LINES:
        return found
    for n, each in enumerate(blocks):
        text = "" if each.is_heading else _ENTRY_NUMBER.sub("", each.block.text[:MAX_LINE_CHARS])
        place = order.get(fold_title(text), -1) if text else -1
        if place <= last:
            start, last = n, -1
        if place < 0:
            start = n + 1
        elif n + 1 - start >= MIN_UNTITLED_LINES:
            found[start] = n + 1
        last = place
    return found


def _is_run_of_entries(text: str) -> bool:
    """Whether a tool made one paragraph of all lines of the contents, each with its page."""
    if len(text) > MAX_RUN_CHARS or _ENTRIES.fullmatch(text) is None:
        return False
    pages = [int(each) for each in _ENTRY_PAGE.findall(text)]
    return len(pages) >= MIN_RUN_ENTRIES and pages == sorted(pages)


def _is_line(each: AnchoredBlock, titles: str) -> bool:
    text = each.block.text
    if len(text) > MAX_LINE_CHARS or (each.is_heading and not each.targets):
        return False
    entry = _ENTRY_NUMBER.sub("", text)
    is_named = _is_named(text, titles) or _is_named(entry, titles)
    is_named |= entry != text and (is_chapter_line(entry.strip()) or is_contents_title(entry))
    return bool(each.targets) or is_page_number(text) or is_named or is_contents_column(text)


def _is_named(text: str, titles: str) -> bool:
    """Whether a title has the words of a line; of a lone number it has no others."""
    folded = fold_title(text)
    return folded in (titles.split("\n") if is_counted_line(text) else titles)


def _find_index_end(blocks: Sequence[AnchoredBlock], start: int) -> int:
    end = start + 1
    while end < len(blocks) and (not blocks[end].is_heading or len(blocks[end].block.text) == 1):
        end += 1
    lines = [each.block.text for each in blocks[start + 1 : end] if not each.is_heading]
    entries = sum(
        len(line) <= MAX_LINE_CHARS and INDEX_LINE.fullmatch(line) is not None for line in lines
    )
    return end if entries >= MIN_INDEX_SHARE * len(lines) else start


def _drop_links(
    blocks: Sequence[AnchoredBlock], is_chapter: Callable[[str], bool]
) -> list[AnchoredBlock]:
    """Drop lines that are nothing but links to chapters, where they are a table of contents."""
    text_count = sum(_is_text(each) for each in blocks)
    kept: list[AnchoredBlock] = []
    for is_link, group in groupby(blocks, _is_link_line):
        run = list(group)
        is_whole = len(run) >= text_count
        least = MIN_CONTENTS_LINES if is_whole else MIN_TARGETED_LINES
        has_enough = is_link and sum(bool(each.links) for each in run) >= least
        if has_enough and any(is_chapter(link) for each in run for link in each.links):
            del kept[len(kept) - bool(kept and kept[-1].is_heading and is_whole) :]
        else:
            kept += run
    return kept


def _is_link_line(each: AnchoredBlock) -> bool:
    return not each.is_heading and (bool(each.links) or is_page_number(each.block.text))


def _is_text(each: AnchoredBlock) -> bool:
    return not each.is_heading and each.block.kind is not BlockKind.SCENE_BREAK
