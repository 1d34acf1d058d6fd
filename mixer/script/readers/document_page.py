"""A page that a reader of word processor documents fills, so that its rules are those of pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mixer.errors import UnreadableText
from mixer.script.document import Block, BlockKind, has_words
from mixer.script.readers.headings import is_counted_line
from mixer.script.readers.marks import (
    is_contents_title,
    is_index_title,
    is_pictures_title,
)
from mixer.script.readers.page_blocks import BlockList
from mixer.script.readers.page_elements import PageElements, find_anchors
from mixer.script.readers.page_head import NO_STYLES, PageHead
from mixer.script.readers.paragraph_lines import join_titles
from mixer.script.readers.web_page import (
    NoteReferences,
    drop_contents,
    drop_notes,
    find_headings,
)
from mixer.script.readers.wrapped_lines import has_wrapped_lines, join_wrapped


@dataclass
class DocumentPage:
    """Paragraphs as elements of a page; `title` is the first of the document's title."""

    elements: PageElements = field(
        default_factory=lambda: PageElements(head=PageHead(NO_STYLES), content=BlockList())
    )
    title: str = ""

    def build_blocks(self, name: str) -> tuple[Block, ...]:
        """All that was read, without notes that are linked to their references.

        Raises:
            UnreadableText: that is nothing.
        """
        notes = NoteReferences()
        notes.add_links(self.elements.note_links, "", _find_bookmark)
        notes.declared |= set(map(_find_bookmark, self.elements.declared_notes))
        kept = drop_notes(self.elements.content.blocks, notes, "", _find_bookmark)
        kept = drop_contents(list(join_wrapped(kept)) if has_wrapped_lines(kept) else kept)
        blocks = tuple(join_titles(find_headings(kept)))
        if not any(has_words(block.text) for block in blocks):
            raise UnreadableText(
                f"{name} contains no words to read: its pages are pictures, or empty."
            )
        return blocks

    @contextmanager
    def open(self, tag: str, **attributes: str) -> Iterator[None]:
        """An element of the page."""
        self.elements.depth += 1
        self.elements.content.add_anchors(find_anchors(attributes))
        self.elements.open_element(tag, attributes)
        yield
        self.elements.depth -= 1
        self.elements.close_element(tag)

    def add_words(self, text: str) -> None:
        """Add words to the open element."""
        is_strong = bool(self.elements.strong_depth)
        self.elements.content.add_words(text, self.elements.link[1], is_strong=is_strong)

    def add_number(self, number: str) -> None:
        """Add the automatic number of a heading, in front of its words."""
        self.add_words(number)
        self.elements.content.open.line_ended = is_counted_line(number)

    def close_paragraph(self, level: int, *, is_centred: bool) -> str:
        """Note what the open paragraph is, and return its words."""
        block = self.elements.content.open
        words = "".join(block.pieces)
        block.is_strong |= is_centred and words.isupper()
        if level == 1 and not self.title:
            self.title = " ".join(words.split())
        return words

    def add_rule(self) -> None:
        """Add a scene break; two lines below each other are one."""
        blocks = self.elements.content.blocks
        if blocks and blocks[-1].block.kind is not BlockKind.SCENE_BREAK:
            self.elements.content.add_scene_break()

    def drop_list_title(self) -> None:
        """Drop the title of a list of what the document has, which stands above it."""
        blocks = self.elements.content.blocks
        title = blocks[-1].block.text if blocks else ""
        if is_contents_title(title) or is_index_title(title) or is_pictures_title(title):
            blocks.pop()


def _find_bookmark(link: str) -> tuple[str, str]:
    return "", link.removeprefix("#")
