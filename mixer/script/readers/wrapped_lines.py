"""Joins lines that a tool made paragraphs of."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from mixer.script.document import Block, BlockKind
from mixer.script.readers.headings import ends_statement
from mixer.script.readers.page_blocks import AnchoredBlock
from mixer.script.readers.paragraph_lines import WRAPPED_LINE_CHARS

MIN_WRAPPED, MIN_BLOCKS_PER_LINE, MIN_LINE_CHARS = 5, 4, 45
"""Of lines that a tool took for paragraphs, which are at least a fourth of all."""


def has_wrapped_lines(blocks: Sequence[AnchoredBlock]) -> bool:
    """Whether a tool made a paragraph of each line of a text."""
    broken = sum(_is_wrapped(one.block, two.block) for one, two in pairwise(blocks))
    return broken >= MIN_WRAPPED and broken * MIN_BLOCKS_PER_LINE >= len(blocks)


def join_wrapped(blocks: Sequence[AnchoredBlock]) -> Iterator[AnchoredBlock]:
    """Blocks with lines that were taken for paragraphs as whole sentences."""
    last: AnchoredBlock | None = None
    end: Block | None = None
    for each in blocks:
        if last is not None and end is not None and _is_wrapped(end, each.block):
            last = last._replace(block=_join_blocks(last.block, each.block))
        else:
            yield from [last] if last is not None else []
            last = each
        end = each.block
    yield from [last] if last is not None else []


def _is_wrapped(one: Block, two: Block) -> bool:
    """Whether a line goes on in the next: it is long, and no sentence ends with it."""
    are_text = one.kind is two.kind is BlockKind.PARAGRAPH and not one.continues
    is_line = MIN_LINE_CHARS <= len(one.text) <= WRAPPED_LINE_CHARS
    is_open = one.text[-1:].isalnum() or one.text.endswith((",", ";", ":", "-", "—", "–", "”", "]"))
    return are_text and is_line and is_open and not ends_statement(one.text)


def _join_blocks(one: Block, two: Block) -> Block:
    origin = one.origin
    if origin is not None and two.origin is not None:
        origin = replace(origin, spans=origin.spans + two.origin.spans)
    return replace(one, text=f"{one.text} {two.text}", origin=origin)
