"""Markdown to Document, on markdown-it-py: the words of a text without its marks."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import unescape

import regex
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mixer.script.document import SCENE_BREAK, Block, Document, heading, joined, paragraph, unified

_FRONT_MATTER = regex.compile(r"\A---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", regex.DOTALL)
_FRONT_MATTER_LINE = regex.compile(r"(?P<name>[\w-]+)\s*:(?P<value>(?:\s.*)?)")
_FRONT_MATTER_MORE = regex.compile(r"\s*|[\s#-].*|[]}].*")
"""Of a line: the rest of a longer value, a comment, or nothing."""

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
    text = unified(text)
    matter = _FRONT_MATTER.match(text)
    about = _front_matter(matter.group(1)) if matter else {}
    body = text[matter.end() :] if matter and about else text
    blocks = tuple(_blocks(_parser().parse(body)))
    return Document(blocks, title=about.get("title", ""), author=about.get("author", ""))


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"maxNesting": MOST_NESTED}).enable("table")


def _front_matter(text: str) -> dict[str, str]:
    """The `name: value` lines at the head of a file; anything richer is passed over.

    Empty when a line looks like prose: then the rules around it are scene breaks.
    """
    about: dict[str, str] = {}
    for line in text.splitlines():
        if match := _FRONT_MATTER_LINE.fullmatch(line):
            about[match["name"].lower()] = match["value"].strip("\"' ")
        elif not _FRONT_MATTER_MORE.fullmatch(line):
            return {}
    return about


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
