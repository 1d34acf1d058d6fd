"""Markdown to Document, on markdown-it-py: the words of a text without its marks."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import regex
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mixer.script.document import SCENE_BREAK, Block, Document, heading, paragraph

_FRONT_MATTER = regex.compile(r"\A---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", regex.DOTALL)
_FRONT_MATTER_LINE = regex.compile(r"(?P<name>[A-Za-z_-]+)\s*:\s*(?P<value>.*\S)\s*")
_HTML_TAG = regex.compile(r"<!--.*?-->|</?[A-Za-z][^<>]*>", regex.DOTALL)


def read_markdown(text: str) -> Document:
    """Read a Markdown text: headings, paragraphs, list items, quotations, table cells, code.

    Links and emphasis leave their words, pictures their description, HTML its text.
    """
    matter = _FRONT_MATTER.match(text)
    about = _front_matter(matter.group(1)) if matter else {}
    body = text[matter.end() :] if matter else text
    blocks = tuple(_blocks(_parser().parse(body)))
    return Document(blocks, title=about.get("title", ""), author=about.get("author", ""))


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


def _front_matter(lines: str) -> dict[str, str]:
    """The `name: value` lines at the head of a file; anything richer is passed over."""
    found = (_FRONT_MATTER_LINE.fullmatch(line) for line in lines.splitlines())
    return {match["name"].lower(): match["value"].strip("\"'") for match in found if match}


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
                yield paragraph(_HTML_TAG.sub(" ", token.content))


def _titled(text: str, opening: Token | None) -> Block:
    """A heading where the token before opened one, a paragraph otherwise."""
    if opening is not None and opening.type == "heading_open":
        return heading(text, int(opening.tag[1:]))
    return paragraph(text)


def _inline_text(children: Iterable[Token]) -> str:
    return "".join(_inline_piece(child) for child in children)


def _inline_piece(token: Token) -> str:
    match token.type:
        case "text" | "code_inline" | "image":
            return token.content
        case "softbreak" | "hardbreak":
            return "\n"
        case "html_inline":
            return " " if token.content.lower().startswith("<br") else ""
        case _:
            return ""
