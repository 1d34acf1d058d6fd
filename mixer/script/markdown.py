"""Markdown to Document, on markdown-it-py: the words of a text without its marks."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import unescape

import regex
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mixer.script.casting import split_head
from mixer.script.document import SCENE_BREAK, Block, Document, heading, joined, paragraph, unified

_HTML_TAG = regex.compile(
    r"<!--.*?-->|<(script|style)\b[^<>]*>.*?</\1\s*>|</?[A-Za-z][^<>]*>",
    regex.DOTALL | regex.IGNORECASE,
)
MOST_NESTED = 100
"""Quotations in lists in quotations: what lies deeper, the parser would leave out."""


def read_markdown(text: str) -> Document:
    """Read a Markdown text: headings, paragraphs, list items, quotations, table cells, code.

    Links and emphasis leave their words, pictures their description, HTML its text.
    """
    head, body = split_head(unified(text))
    title, author = head.values.get("title", ""), head.values.get("author", "")
    return Document(read_markdown_blocks(body), title=title, author=author)


def read_markdown_blocks(text: str) -> tuple[Block, ...]:
    """Read a Markdown text that has no head."""
    return tuple(_blocks(_parser().parse(text)))


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"maxNesting": MOST_NESTED}).enable("table")


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    for token, before in zip(tokens, (None, *tokens), strict=False):
        match token.type:
            case "hr":
                yield SCENE_BREAK
            case "inline":
                yield _titled(_inline_text(token.children or ()), before)
            case "code_block" | "fence":
                yield paragraph(token.content)
            case "html_block":
                yield paragraph(unescape(_HTML_TAG.sub(" ", token.content)))


def _titled(text: str, opening: Token | None) -> Block:
    """A heading where the token before opened one, a paragraph otherwise."""
    if opening is not None and opening.type == "heading_open":
        return heading(text, int(opening.tag[1:]))
    return paragraph(text)


def _inline_text(children: Iterable[Token]) -> str:
    return joined("".join(_inline_piece(child) for child in children).split("\n"))


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
