"""At which levels of headings chapters open, where parts contain them."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import dropwhile, pairwise

from mixer.script.document import Block, BlockKind
from mixer.script.readers.headings import is_chapter_line, names_chapter, names_part
from mixer.script.readers.marks import find_byline, fold_title

MAX_TITLE_PAGE_BLOCKS = 12
MIN_PARTS = 2
"""Of parts without numbers, and of chapters in each."""


def open_parts(blocks: Sequence[Block], author: str = "") -> tuple[Block, ...]:
    """Blocks, with the chapters inside of parts at the level of the parts, so that all open."""
    blocks = _demote_bylines(blocks, fold_title(author))
    headings = _skip_title([block for block in blocks if block.kind is BlockKind.HEADING])
    levels = sorted({block.level for block in headings})
    raised: dict[int, int] = {}
    for upper, lower in pairwise(levels):
        above = [block.text for block in headings if block.level == upper]
        below = [block.text for block in headings if block.level == lower]
        if headings[0].level == upper and len(above) == 1 and headings[0] is blocks[0]:
            continue
        named = sum(block.is_silent for block in headings if block.level == upper)
        are_inside = _stand_in_parts(headings, upper, lower) or _stand_below_names(
            blocks, upper, lower
        )
        if not (are_inside or (all(map(names_chapter, below)) and len(below) > named)):
            break  # or each stands under the name that the contents give its chapter
        raised[lower] = raised.get(upper, upper)
    return tuple(
        replace(block, level=raised[block.level])
        if block.kind is BlockKind.HEADING and block.level in raised
        else block
        for block in blocks
    )


def _demote_bylines(blocks: Sequence[Block], author: str) -> Sequence[Block]:
    """Blocks, with lines of a title page that name the author as text; no chapter opens there.

    A scene that divides nothing from them is left out.
    """
    blocks = list(dropwhile(lambda block: block.kind is BlockKind.SCENE_BREAK, blocks))
    front = [
        replace(block, kind=BlockKind.PARAGRAPH, level=0)
        if block.kind is BlockKind.HEADING and _names_author(block.text, author)
        else block
        for block in blocks[:MAX_TITLE_PAGE_BLOCKS]
    ]
    return [*front, *blocks[MAX_TITLE_PAGE_BLOCKS:]]


def _names_author(text: str, author: str) -> bool:
    return bool(find_byline(text) or (author and fold_title(text) == author))


def _skip_title(headings: list[Block]) -> list[Block]:
    """Headings behind those of a title page, which are larger or smaller than all that follow."""
    parts = (n for n, each in enumerate(headings) if _is_part(each.text))
    first = next(parts, 0)
    top = headings[first].level if headings else 0
    start = next((n for n, each in enumerate(headings[:first]) if each.level == top), first)
    return headings[start:]


def _stand_in_parts(headings: Sequence[Block], upper: int, lower: int) -> bool:
    """Whether all headings of a level stand below parts, none below what surrounds them."""
    is_part, found = False, False
    for each in headings:
        if each.level == upper:
            is_part = _is_part(each.text)
        elif each.level == lower:
            if not is_part:
                return False
            found = True
    return found


def _stand_below_names(blocks: Sequence[Block], upper: int, lower: int) -> bool:
    """Whether headings of a level stand below others that have no text, as parts have none.

    Each holds several; what is named or counted as a chapter is not a part.
    """
    held: list[int] = []
    is_bare = False
    for each, following in pairwise(blocks):
        if each.kind is BlockKind.HEADING and each.level == upper:
            is_heading = following.kind is BlockKind.HEADING and following.level == lower
            is_bare = is_heading and not (names_chapter(each.text) or each.text[:1].isdigit())
            held += [0] if is_bare else []
        elif each.kind is BlockKind.HEADING and each.level == lower:
            if not is_bare:
                return False
            held[-1] += 1
    return len(held) >= MIN_PARTS and min(held) >= MIN_PARTS


def _is_part(title: str) -> bool:
    return is_chapter_line(title) and names_part(title)
