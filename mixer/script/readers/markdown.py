"""Markdown to Document, on markdown-it-py: the words of a text without its markup."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from mixer.script.document import SCENE_BREAK, Block, Document, heading, paragraph
from mixer.script.readers.inline_tags import read_tagged_text
from mixer.script.readers.markdown_dialects import rewrite_dialects
from mixer.script.readers.page_blocks import LINE_BREAK, build_paragraph, split_paragraphs
from mixer.script.readers.web_page import read_page

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_NESTING = 100
"""Levels of quotations and lists; the parser drops anything deeper."""


def read_markdown(text: str, name: str = "The text") -> Document:
    """Read headings, paragraphs, list items, quotations, table cells, code, inline tags.

    Links and emphasis leave their words, pictures their description, HTML its text.
    """
    return read_tagged_text(text, name, read_markdown_blocks, is_markdown=True)


def read_markdown_blocks(text: str) -> tuple[Block, ...]:
    """Read Markdown without front matter, with LF as its only line break."""
    return tuple(_build_blocks(_build_parser().parse(rewrite_dialects(text))))


@cache
def _build_parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable(["table", "strikethrough"])


def _build_blocks(tokens: "Sequence[Token]") -> Iterator[Block]:
    for token, before in zip(tokens, (None, *tokens), strict=False):
        match token.type:
            case "hr":
                yield SCENE_BREAK
            case "inline":
                yield from _build_text(_inline_text(token.children or ()), before)
            case "code_block" | "fence":
                yield paragraph(token.content)
            case "html_block":
                yield from (each.block for each in read_page(token.content).blocks)


def _build_text(text: str, opening: "Token | None") -> list[Block]:
    """A heading where the token before opened one, a paragraph or verse otherwise."""
    if opening is not None and opening.type == "heading_open":
        return [heading(text, int(opening.tag[1:]))]
    return [block for lines in split_paragraphs(text) for block in build_paragraph(lines)]


def _inline_text(children: "Iterable[Token]") -> str:
    return "".join(_inline_piece(child) for child in children)


def _inline_piece(token: "Token") -> str:
    match token.type:
        case "text" | "code_inline":
            return token.content
        case "image":
            return _inline_text(token.children or ())
        case "softbreak":
            return "\n"
        case "hardbreak":
            return LINE_BREAK
        case "html_inline":
            return LINE_BREAK if token.content.lower().startswith("<br") else ""
        case _:
            return ""


def read_markdown_line(text: str) -> str:
    """Read words of a paragraph without their markup; what begins a block elsewhere is words."""
    (line,) = _build_parser().parseInline(rewrite_dialects(text))
    return _inline_text(line.children or ())
