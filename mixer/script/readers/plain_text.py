"""Plain text to Document: paragraphs, headings, verse and scene breaks recognised by their looks.

Plain text has no markup, so this follows the conventions of typists: a blank line between
paragraphs (or an indented first line, or one paragraph a line), a short line on its own for a
title, "Chapter IV" for a chapter, a line of asterisks for a change of scene. What printers add is
taken out first, by `printed_text`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mixer.lazy import compile_lazily
from mixer.script.document import (
    SCENE_BREAK,
    Block,
    BlockKind,
    Document,
    has_words,
    heading,
    join_lines,
    normalise_newlines,
    paragraph,
)
from mixer.script.readers.asciidoc import is_asciidoc, rewrite_asciidoc
from mixer.script.readers.front_matter import split_front_matter
from mixer.script.readers.headings import (
    CHAPTER_LEVEL,
    TITLE_CHARS,
    ends_sentence,
    find_sequences,
    is_chapter_line,
    is_end_line,
    is_numbered_only,
    join_title,
)
from mixer.script.readers.hyphenation import LineJoiner
from mixer.script.readers.inline_tags import read_tagged_text
from mixer.script.readers.lone_titles import MIN_CAPITALS, LoneTitles
from mixer.script.readers.marks import find_byline, fold_title, is_ornament
from mixer.script.readers.org_mode import is_org, rewrite_org
from mixer.script.readers.page_blocks import build_verse
from mixer.script.readers.paragraph_lines import (
    MAX_CAPITAL_TITLE_CHARS,
    QUOTATION_MARKS,
    WRAPPED_LINE_CHARS,
    begins_like_verse,
    detect_chapter_heading,
    group_paragraph_lines,
    names_number,
)
from mixer.script.readers.pasted_frames import split_pasted_frame
from mixer.script.readers.printed_pages import close_double_spacing, join_pages
from mixer.script.readers.printed_text import clean_printed_text, drop_scene_numbers
from mixer.script.readers.project_gutenberg import split_gutenberg
from mixer.script.readers.restructured_text import (
    is_restructured_text,
    rewrite_restructured_text,
)
from mixer.script.readers.typed_titles import (
    TITLE_SIGN,
    find_dates,
    is_date,
    mark_typed_titles,
)

MAX_VERSE_LINE_CHARS = 60
POEM_WIDTH_CHARS = 50
"""A poem's lines could be this long, if it were prose."""

_LIST_MARK = compile_lazily(r"\s*(?:[-*•+–]|\(?\d{1,3}[.)]|[a-z][.)])\s+\S")
_DATE_LINE = compile_lazily(
    r"(?i)(?:first )?(?:posted|published|recorded|updated|written)\b.{0,60}\d{4}\b.{0,60}"
)


def read_plain_text(text: str, name: str = "The text") -> Document:
    """Read a text by its looks, with its front matter and inline tags."""
    if (markdown := _rewrite_markup(text)) is not None:
        from mixer.script.readers.markdown import read_markdown  # takes some milliseconds

        return read_markdown(markdown, name)
    text = close_double_spacing(normalise_newlines(join_pages(drop_scene_numbers(text))))
    body = split_front_matter(text, name, allow_unknown=False)[1]
    head = text[: len(text) - len(body)]
    book = split_gutenberg(body)
    if book.text is body:
        book = split_pasted_frame(body)
    document = read_tagged_text(head + book.text, name, _read_printed_blocks, is_markdown=False)
    author, blocks = _find_byline(_find_title(document.blocks, book.title))
    return replace(
        document,
        blocks=blocks,
        title=document.title or book.title,
        author=document.author or book.author or author,
        language=document.language or book.language,
    )


def _rewrite_markup(text: str) -> str | None:
    """A text in AsciiDoc, Org or reStructuredText as Markdown; None for any other."""
    if is_asciidoc(text):
        return rewrite_asciidoc(normalise_newlines(text))
    if is_org(text):
        return rewrite_org(normalise_newlines(text))
    if is_restructured_text(text):
        return rewrite_restructured_text(normalise_newlines(text))
    return None


def _read_printed_blocks(text: str) -> tuple[Block, ...]:
    return read_plain_blocks(clean_printed_text(mark_typed_titles(text)))


def _find_title(blocks: tuple[Block, ...], title: str) -> tuple[Block, ...]:
    """Blocks in which the line that a header states as title is one, not the line above it."""
    if not title or not blocks or blocks[0].level != 1:
        return blocks
    folded = fold_title(title)
    named = [n for n, each in enumerate(blocks) if fold_title(each.text) == folded]
    if not named or named[0] == 0:
        return blocks
    first = replace(blocks[0], kind=BlockKind.PARAGRAPH, level=0)
    title_block = replace(blocks[named[0]], kind=BlockKind.HEADING, level=1)
    return (first, *blocks[1 : named[0]], title_block, *blocks[named[0] + 1 :])


def _find_byline(blocks: tuple[Block, ...]) -> tuple[str, tuple[Block, ...]]:
    """The author, where the line below the title names one."""
    if len(blocks) > 1 and blocks[0].kind is BlockKind.HEADING:
        author = find_byline(blocks[1].text)
        if author and blocks[0].level == 1:
            return author, blocks
    return "", blocks


def read_plain_blocks(text: str) -> tuple[Block, ...]:
    """Read a text without front matter, with LF as its only line break; keeps every word."""
    groups = group_paragraph_lines(text.expandtabs(4))
    reader = _TextReader(groups, _Layout.measure(groups), LineJoiner(text))
    return tuple(_drop_false_title(reader.build_blocks()))


@dataclass(frozen=True, slots=True)
class _Layout:
    """How wide a text is set, and whether nearly all its lines begin like verse."""

    width: int

    @classmethod
    def measure(cls, groups: Sequence[Sequence[str]]) -> "_Layout":
        """The longest line that is wrapped; of a poem, as if it were prose."""
        wrapped = [line.strip() for lines in groups if len(lines) > 1 for line in lines]
        width = max((len(line) for line in wrapped if len(line) <= WRAPPED_LINE_CHARS), default=0)
        capital = sum(map(begins_like_verse, wrapped))
        is_poem = width <= POEM_WIDTH_CHARS and capital * 5 >= len(wrapped) * 4
        return cls(POEM_WIDTH_CHARS if is_poem else width)

    def is_verse(self, lines: Sequence[str]) -> bool:
        """Whether lines were broken on purpose: the next word would have fit, and begins a line."""
        stripped = [line.strip() for line in lines]
        if len(lines) == 1 or max(map(len, stripped)) > MAX_VERSE_LINE_CHARS:
            return False
        if sum(map(begins_like_verse, stripped[1:])) * 5 < (len(lines) - 1) * 4:
            return False
        fitting = sum(
            len(one) + 1 + len(two.split()[0]) <= self.width for one, two in pairwise(stripped)
        )
        return fitting * 2 >= len(lines) - 1


@dataclass(frozen=True, slots=True)
class _TextReader:
    """Reads paragraphs in the context of those around them."""

    groups: Sequence[list[str]]
    layout: _Layout
    joiner: LineJoiner

    def build_blocks(self) -> list[Block]:
        singles = [lines[0].strip() if len(lines) == 1 else "" for lines in self.groups]
        counted = find_sequences(singles)
        chapters = sum(is_chapter_line(line) or line[:1] == TITLE_SIGN for line in singles if line)
        if not counted and len(dates := find_dates(singles)) > chapters:
            counted = dates
        titles = LoneTitles(self.groups)
        if not counted and len(names := titles.find_names()) > chapters:
            counted = names
        capitals = titles.find_capitals()
        if len(capitals) >= MIN_CAPITALS and len(capitals) > max(chapters, len(counted)):
            counted |= capitals
        blocks: list[Block] = []
        index = 0
        while index < len(self.groups):
            read, used = self._read_group(index, index in counted)
            blocks += read
            index += used
        return blocks

    def _read_group(self, index: int, is_counted: bool) -> tuple[list[Block], int]:
        """The blocks of a paragraph, and how many paragraphs they took."""
        lines = self.groups[index]
        text = self.joiner.join(lines)
        if len(lines) > 1:
            return self._read_lines(index, lines, text), 1
        if is_ornament(text):
            return [SCENE_BREAK], 1
        if text.startswith(TITLE_SIGN):
            return [heading(text[len(TITLE_SIGN) :], CHAPTER_LEVEL if index else 1)], 1
        following = self.groups[index + 1][0] if index + 1 < len(self.groups) else ""
        if is_end_line(text) and (not following or is_chapter_line(following.strip())):
            return [paragraph(text)], 1
        if is_counted or is_chapter_line(text):
            title = self._find_subtitle(index + 1) if is_numbered_only(text) else ""
            return [heading(join_title(text, title) if title else text, CHAPTER_LEVEL)], 1 + bool(
                title
            )
        is_title = self._is_whole_title(index, text)
        return [heading(text, 1) if is_title else paragraph(text)], 1

    def _is_whole_title(self, index: int, text: str) -> bool:
        """Whether a text begins with a short line on its own."""
        is_short = len(text) <= TITLE_CHARS and not ends_sentence(text)
        return index == 0 and is_short and has_words(text)

    def _find_subtitle(self, index: int) -> str:
        """The name of a chapter that stands below its number, in a line of its own."""
        lines = self.groups[index] if index + 1 < len(self.groups) else []
        if len(lines) > 1 and len(text := join_lines(lines)) <= MAX_CAPITAL_TITLE_CHARS:
            return text if text.isupper() and not text.startswith(QUOTATION_MARKS) else ""
        text = lines[0].strip() if len(lines) == 1 else ""
        return text if names_number(text) else ""

    def _read_lines(self, index: int, lines: list[str], text: str) -> list[Block]:
        if title := detect_chapter_heading(lines):
            return [title]
        if index == 0 and _names_origin(lines[1].strip()) and not ends_sentence(lines[0]):
            return [heading(lines[0], 1), paragraph(self.joiner.join(lines[1:]))]
        items = lines[1:] if lines[0].endswith(":") else lines
        if all(map(_LIST_MARK.match, items)) or self.layout.is_verse(lines):
            return build_verse(lines) if all(map(has_words, lines)) else [paragraph(text)]
        return [paragraph(text)]


def _names_origin(line: str) -> bool:
    """Whether a line below a title names the author, or the date."""
    return bool(find_byline(line)) or is_date(line) or _DATE_LINE.fullmatch(line) is not None


def _drop_false_title(blocks: list[Block]) -> list[Block]:
    """Treat a text of one short line as a sentence, not as a title."""
    if len(blocks) == 1 and blocks[0].level == 1:
        return [paragraph(blocks[0].text)]
    return blocks
