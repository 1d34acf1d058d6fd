"""Markdown to Document, on markdown-it-py: the words of a text without its markup."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from mixer.lazy import compile_lazily
from mixer.script.document import (
    SCENE_BREAK,
    Block,
    Document,
    has_words,
    heading,
    paragraph,
)
from mixer.script.readers.headings import TITLE_CHARS, is_chapter_line
from mixer.script.readers.inline_tags import read_tagged_text
from mixer.script.readers.markdown_dialects import rewrite_dialects
from mixer.script.readers.marks import is_ornament
from mixer.script.readers.open_block import LINE_BREAK
from mixer.script.readers.page_blocks import AnchoredBlock, build_paragraph, split_paragraphs
from mixer.script.readers.web_page import drop_contents, find_headings

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

MAX_NESTING = 100
"""Levels of quotations and lists; the parser drops anything deeper."""

MAX_INLINE_NESTING = 10
"""Of brackets in brackets: each level costs another search. What is deeper stays as written."""

MAX_SENTENCE_TITLE_WORDS = 3
"""Of an underlined title that ends like a sentence."""

_INLINE_MARK = compile_lazily(r"[\n\\`~*_!\[\]<&\u2028]")
"""What the parser's rules for the inside of blocks begin at."""


def read_markdown(text: str, name: str = "The text") -> Document:
    """Read headings, paragraphs, list items, quotations, table cells, code, inline tags.

    Links and emphasis leave their words, pictures their description, HTML its text.
    """
    return read_tagged_text(text, name, read_markdown_blocks, is_markdown=True)


def read_markdown_blocks(text: str) -> tuple[Block, ...]:
    """Read Markdown without front matter, with LF as its only line break."""
    blocks = list(_build_blocks(_build_parser().parse(rewrite_dialects(text))))
    return find_headings(drop_contents(blocks))


@cache
def _build_parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    inside = _enable_extensions(MarkdownIt("commonmark", {"maxNesting": MAX_INLINE_NESTING}))

    def parse_marked_up(state: "StateCore") -> None:
        """Parse what is inside blocks; most cells of tables have nothing but words."""
        for token in state.tokens:
            if token.type == "inline" and _INLINE_MARK.search(token.content):
                token.children = []
                inside.inline.parse(token.content, inside, state.env, token.children)

    parser = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING})
    parser.core.ruler.at("inline", parse_marked_up)
    return _enable_extensions(parser)


def _enable_extensions(parser: "MarkdownIt") -> "MarkdownIt":
    return parser.enable(["table", "strikethrough"])


def _build_blocks(tokens: "Sequence[Token]") -> Iterator[AnchoredBlock]:
    for token, before in zip(tokens, (None, *tokens), strict=False):
        match token.type:
            case "inline":
                opening = before if before and before.type == "heading_open" else None
                yield from _build_text(token, opening)
            case "hr":
                yield AnchoredBlock(SCENE_BREAK, frozenset())
            case "code_block" | "fence":
                yield AnchoredBlock(paragraph(token.content), frozenset())
            case "html_block":
                yield from _read_html(token.content)


def _build_text(token: "Token", opening: "Token | None") -> Iterable[AnchoredBlock]:
    """A heading where a token opened one, a paragraph or verse otherwise."""
    children = token.children or []
    if any(child.type == "html_inline" for child in children):
        tag, parser = opening.tag if opening else "p", _build_parser()
        page = parser.renderer.render(children, parser.options, {})
        return _read_html(f"<{tag}>{page}</{tag}>")
    text = _inline_text(children) if children else token.content.strip()
    if opening:
        return _build_heading(text, opening, children)
    if is_ornament(text):
        return [AnchoredBlock(SCENE_BREAK, frozenset())]
    if children:
        return _build_paragraphs(text, children)
    return [AnchoredBlock(paragraph(text), frozenset())] if text else ()


def _build_heading(
    text: str, opening: "Token", children: "Sequence[Token]"
) -> Iterator[AnchoredBlock]:
    is_sentence = opening.markup == "-" and _is_sentence(text)
    if is_ornament(text) or not has_words(text):
        yield AnchoredBlock(SCENE_BREAK, frozenset())
    elif not is_sentence:
        yield AnchoredBlock(heading(text, int(opening.tag[1:])), frozenset())
    else:
        yield from _build_paragraphs(text, children)
        yield AnchoredBlock(SCENE_BREAK, frozenset())


def _build_paragraphs(text: str, children: "Sequence[Token]") -> Iterator[AnchoredBlock]:
    style = _find_style(children)
    for lines in split_paragraphs(text):
        for block in build_paragraph(lines):
            yield style._replace(block=block) if style else AnchoredBlock(block, frozenset())


def _read_html(text: str) -> "Sequence[AnchoredBlock]":
    from mixer.script.readers.page_reader import read_page

    return read_page(text).blocks


def _is_sentence(text: str) -> bool:
    """Whether hyphens under a text do not underline it, but divide scenes."""
    is_long = len(text.split()) > MAX_SENTENCE_TITLE_WORDS and text.endswith((".", "”", '"'))
    return len(text) > TITLE_CHARS or (is_long and not is_chapter_line(text))


def _find_style(children: "Sequence[Token]") -> AnchoredBlock | None:
    """An empty block: whether all of it is in bold type, and where it leads if all are links.

    None where nothing is marked up.
    """
    if not any(child.nesting for child in children):
        return None
    texts = [child for child in children if child.type == "text" and child.content.strip()]
    kinds = [child.type for child in children]
    is_strong = kinds[:1] == ["strong_open"] and kinds.index("strong_close") == len(kinds) - 1
    links = {str(child.attrs["href"]) for child in children if child.type == "link_open"}
    is_linked = bool(links) and all(child.level > 0 for child in texts)
    found = frozenset(links) if is_linked else frozenset()
    return AnchoredBlock(SCENE_BREAK, frozenset(), found, targets=found, is_strong=is_strong)


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
    return _inline_text(line.children) if line.children else line.content
