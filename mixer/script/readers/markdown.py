"""Markdown to Document, on markdown-it-py: the words of a text without its markup."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import unescape
from typing import TYPE_CHECKING

import regex

from mixer.script.document import SCENE_BREAK, Block, Document, heading, join_lines, paragraph
from mixer.script.readers.inline_tags import read_tagged_text

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_HTML_TAG = regex.compile(
    r"<!--.*?-->|<(script|style)\b[^<>]*>.*?</\1\s*>|</?[A-Za-z][^<>]*>",
    regex.DOTALL | regex.IGNORECASE,
)
MAX_NESTING = 100
"""Levels of quotations and lists; the parser drops anything deeper."""


def read_markdown(text: str, name: str = "The text") -> Document:
    """Read headings, paragraphs, list items, quotations, table cells, code, inline tags.

    Links and emphasis leave their words, pictures their description, HTML its text.
    """
    return read_tagged_text(text, name, read_markdown_blocks, is_markdown=True)


def read_markdown_blocks(text: str) -> tuple[Block, ...]:
    """Read Markdown without front matter, with LF as its only line break."""
    return tuple(_build_blocks(_build_parser().parse(text)))


@cache
def _build_parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable("table")


def _build_blocks(tokens: "Sequence[Token]") -> Iterator[Block]:
    for token, before in zip(tokens, (None, *tokens), strict=False):
        match token.type:
            case "hr":
                yield SCENE_BREAK
            case "inline":
                yield _build_block(_inline_text(token.children or ()), before)
            case "code_block" | "fence":
                yield paragraph(token.content)
            case "html_block":
                yield paragraph(unescape(_HTML_TAG.sub(" ", token.content)))


def _build_block(text: str, opening: "Token | None") -> Block:
    """A heading where the token before opened one, a paragraph otherwise."""
    if opening is not None and opening.type == "heading_open":
        return heading(text, int(opening.tag[1:]))
    return paragraph(text)


def _inline_text(children: "Iterable[Token]") -> str:
    return join_lines("".join(_inline_piece(child) for child in children).split("\n"))


def _inline_piece(token: "Token") -> str:
    match token.type:
        case "text" | "code_inline":
            return token.content
        case "image":
            return _inline_text(token.children or ())
        case "softbreak" | "hardbreak":
            return "\n"
        case "html_inline":
            return " " if token.content.lower().startswith("<br") else ""
        case _:
            return ""
