"""Markdown to Document, on markdown-it-py: the words of a text without its marks."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import unescape

import regex
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mixer.script.document import (
    SCENE_BREAK,
    Block,
    Document,
    heading,
    join_lines,
    normalise_newlines,
    paragraph,
)
from mixer.script.front_matter import split_front_matter

_HTML_TAG = regex.compile(
    r"<!--.*?-->|<(script|style)\b[^<>]*>.*?</\1\s*>|</?[A-Za-z][^<>]*>",
    regex.DOTALL | regex.IGNORECASE,
)
MAX_NESTING = 100
"""Quotations in lists in quotations: what lies deeper, the parser would leave out."""


def read_markdown(text: str) -> Document:
    """Read a Markdown text: headings, paragraphs, list items, quotations, table cells, code.

    Links and emphasis leave their words, pictures their description, HTML its text.
    """
    head, body = split_front_matter(normalise_newlines(text))
    title, author = head.values.get("title", ""), head.values.get("author", "")
    return Document(read_markdown_blocks(body), title=title, author=author)


def read_markdown_blocks(text: str) -> tuple[Block, ...]:
    """Read a Markdown text that has no head."""
    return tuple(_build_blocks(_build_parser().parse(text)))


@cache
def _build_parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable("table")


def _build_blocks(tokens: Sequence[Token]) -> Iterator[Block]:
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


def _build_block(text: str, opening: Token | None) -> Block:
    """A heading where the token before opened one, a paragraph otherwise."""
    if opening is not None and opening.type == "heading_open":
        return heading(text, int(opening.tag[1:]))
    return paragraph(text)


def _inline_text(children: Iterable[Token]) -> str:
    return join_lines("".join(_inline_piece(child) for child in children).split("\n"))


def _inline_piece(token: Token) -> str:
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
