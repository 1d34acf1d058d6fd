"""HTML to Document, and what only a whole page shows: its main part, notes, a table of contents."""

from collections.abc import Callable, Sequence
from itertools import groupby

from mixer.script.document import BlockKind, Document
from mixer.script.readers.languages import normalise_language_tag
from mixer.script.readers.marks import is_contents_title, is_notes_title, is_page_number
from mixer.script.readers.page_blocks import AnchoredBlock
from mixer.script.readers.page_reader import read_page
from mixer.script.script import Metadata

MIN_CONTENTS_LINES = 2
MIN_TARGETED_LINES = 3
"""Of links to chapters in a row, where no heading says that they are the contents."""


def read_html(
    text: str, name: str = "The page", check_time: Callable[[], None] = lambda: None
) -> Document:
    """Read headings, paragraphs, list items, table cells and scene breaks of a page.

    Site navigation, share bars, notes and the references to them are left out.
    """
    page = read_page(text, name, is_site=True, check_time=check_time)
    fragments = {link.rpartition("#")[2] for link in page.note_links}
    kept = drop_notes(_select_main_part(page.blocks), lambda each: bool(each.anchors & fragments))
    return Document(
        tuple(each.block for each in kept),
        page.title,
        page.author,
        normalise_language_tag(page.language),
        Metadata(description=page.description),
    )


def _select_main_part(blocks: Sequence[AnchoredBlock]) -> list[AnchoredBlock]:
    """The blocks of `<main>`, or all of them where a page has none."""
    return [each for each in blocks if each.is_main] or list(blocks)


def drop_notes(
    blocks: Sequence[AnchoredBlock], is_target: Callable[[AnchoredBlock], bool]
) -> list[AnchoredBlock]:
    """Drop blocks that begin with a link back and that references lead to; then their heading."""
    kept: list[AnchoredBlock] = []
    last_dropped = False
    for each in (*blocks, None):
        is_note = each is not None and each.is_note and is_target(each)
        ends_section = each is None or each.is_heading
        if ends_section and last_dropped and kept and is_notes_title(kept[-1].block.text):
            kept.pop()
        if each is not None and not is_note:
            kept.append(each)
        last_dropped = is_note or (last_dropped and not ends_section and each not in kept[-1:])
    return kept


def drop_contents(
    blocks: Sequence[AnchoredBlock], is_chapter: Callable[[str], bool]
) -> list[AnchoredBlock]:
    """Drop lines that are nothing but links to chapters, where they are a table of contents.

    Args:
        is_chapter: whether a link's address leads to the beginning of a chapter.
    """
    text_count = sum(_is_text(each) for each in blocks)
    kept: list[AnchoredBlock] = []
    for is_line, group in groupby(blocks, _is_contents_line):
        run = list(group)
        title = kept[-1] if kept and kept[-1].is_heading else None
        is_titled = title is not None and is_contents_title(title.block.text)
        is_whole = is_titled or len(run) >= text_count
        least = MIN_CONTENTS_LINES if is_whole else MIN_TARGETED_LINES
        links = {link for each in run for link in each.links}
        has_enough = is_line and sum(bool(each.links) for each in run) >= least
        if has_enough and (is_titled or any(map(is_chapter, links))):
            del kept[len(kept) - (title is not None and is_whole) :]
        else:
            kept += run
    return kept


def _is_contents_line(each: AnchoredBlock) -> bool:
    return not each.is_heading and (bool(each.links) or is_page_number(each.block.text))


def _is_text(each: AnchoredBlock) -> bool:
    return not each.is_heading and each.block.kind is not BlockKind.SCENE_BREAK
