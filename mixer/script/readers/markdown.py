"""Markdown to Document, on markdown-it-py: the words of a text without its markup.

What Pandoc, Obsidian, GitHub and Hugo add is rewritten first: notes and the references to them,
comments, attributes, block names, embedded files and commands of LaTeX are left out; links between
notes, highlights, sub- and superscripts leave their words. Code stays as it is.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

import regex

from mixer.script.document import SCENE_BREAK, Block, Document, heading, paragraph
from mixer.script.readers.inline_tags import read_tagged_text
from mixer.script.readers.marks import remove_spans
from mixer.script.readers.open_block import LINE_BREAK
from mixer.script.readers.page_blocks import build_paragraph, split_paragraphs
from mixer.script.readers.page_reader import read_page

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_NESTING = 100
"""Levels of quotations and lists; the parser drops anything deeper."""

MAX_NOTE_CHARS = 1_000
"""Of a note inside a sentence."""

_BRACKET = regex.compile(r"[\[\]]")
_FENCE = regex.compile(r" {0,3}(?P<fence>`{3,}|~{3,})")
_CODE_SPAN = regex.compile(r"(`[^`\n]*+`)")
_NOTE = regex.compile(r" {0,3}\[\^[^\]\s]{1,60}\]:")
_COMMAND_LINE = regex.compile(r"\s*+(?:\\[a-zA-Z]{2,30}\*?(?:\{[^{}]{0,200}\}){0,3}\s*+|:{3,}.*)")
_DEFINITION = regex.compile(r"[:~]\s+(?=\S)")
_LINE_BLOCK = regex.compile(r"\|(?: (?P<line>.*[^|\s])?)?\s*")
_BEGINNINGS = (
    (regex.compile(r"(?P<kept>(?:\s{0,3}>\s?)++)\[!\w{1,30}\][+-]?\s*+"), r"\g<kept>"),
    (regex.compile(r"(?P<kept>\s*+(?:[-*+]|\d{1,9}[.)])\s++)\[[ xX/-]\]\s++"), r"\g<kept>"),
)
"""Of lines: callouts, and boxes of tasks."""

_SUPERSCRIPTS = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_ATTRIBUTE = r"(?:[#.][\w:.-]+|[\w:-]+=(?:\"[^\"\n]*\"|[^\s\"}]+)|-|=\w+)"
_TAG_WORDS = "pause|emphasis|lang|say|music|sting|sound"
_MATHS = regex.compile(
    r"(?<![\\$\w])(?P<mark>\${1,2})(?=[^\s$])(?P<formula>[^$\n]{1,200})(?<=[^\s\\])(?P=mark)(?![\w$])"
)
_INSIDE = (
    (regex.compile(r"!\[\[[^\[\]\n]{1,300}\]\]"), ""),
    (
        regex.compile(
            rf"\[\[(?!\s*(?:{_TAG_WORDS})\b)[^\[\]|\n]{{1,200}}\|([^\[\]|\n]{{1,200}})\]\]"
        ),
        r"\1",
    ),
    (
        regex.compile(
            rf"\[\[(?!\s*(?:{_TAG_WORDS})\b)([^\[\]|:#\n]{{1,200}})(?:#[^\[\]|:\n]{{1,200}})?\]\]"
        ),
        r"\1",
    ),
    (regex.compile(r"\[\^[^\]\s]{1,60}\]"), ""),
    (regex.compile(rf"\[([^\[\]\n]{{1,300}})\](?=\{{{_ATTRIBUTE})"), r"\1"),
    (regex.compile(rf"\s?\{{\s*{_ATTRIBUTE}(?:\s+{_ATTRIBUTE}){{0,20}}\s*\}}"), ""),
    (regex.compile(r"==(?=[^\s=])([^=\n]{1,300})(?<=\S)=="), r"\1"),
    (regex.compile(r"(?<=[\w)])\^([^\s^~]{1,20})\^"), lambda m: m[1].translate(_SUPERSCRIPTS)),
    (
        regex.compile(r"(?<=[\w)])(?<!~)~([^\s^~]{1,20})~(?!~)"),
        lambda m: m[1].translate(_SUBSCRIPTS),
    ),
    (regex.compile(r"(?<![\w:]):[a-z][a-z0-9_+-]{1,30}:(?![\w:])"), ""),
    (regex.compile(r"\s\^[\w-]{1,60}\s*$"), ""),
)
"""Inside lines, outside of code: pattern and what it becomes."""

_POWER = regex.compile(r"\^(?:\{([-+]?\d{1,3})\}|(\d))")
_COMMAND = regex.compile(r"\\([a-zA-Z]+)\s*|[{}]")


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


def rewrite_dialects(text: str) -> str:
    """Rewrite a text with LF as its only line break to plain CommonMark."""
    lines = remove_spans(text, "%%", "%%").split("\n") if "%%" in text else text.split("\n")
    return "\n".join(_rewrite_line_blocks(list(_rewrite_lines(lines))))


def _rewrite_lines(lines: Sequence[str]) -> Iterator[str]:
    fence, in_note, before = "", False, ""
    for line in lines:
        opening = _FENCE.match(line)
        if fence or opening:
            if opening and not fence:
                fence = opening["fence"]
            elif fence and line.strip().startswith(fence):
                fence = ""
            yield line
            continue
        in_note = _NOTE.match(line) is not None or (in_note and _continues_note(line, before))
        before = line
        if not in_note:
            yield from _rewrite_line(line)
        elif not line:
            yield ""


def _continues_note(line: str, before: str) -> bool:
    """A note goes on up to an empty line, and behind it where lines are indented."""
    return not line or line.startswith(("  ", "\t")) or bool(before)


def _rewrite_line(line: str) -> Iterator[str]:
    if _COMMAND_LINE.fullmatch(line):
        yield ""
        return
    if definition := _DEFINITION.match(line):
        yield ""
        line = line[definition.end() :]
    for pattern, replacement in _BEGINNINGS:
        line = pattern.sub(replacement, line, count=1) if "[" in line else line
    parts = _CODE_SPAN.split(line)
    yield "".join(part if n % 2 else _rewrite_words(part) for n, part in enumerate(parts))


def _rewrite_words(text: str) -> str:
    if not any(mark in text for mark in "[{=^~:$"):
        return text
    text = _drop_inline_notes(text)
    for pattern, replacement in _INSIDE:
        text = pattern.sub(replacement, text)
    return _MATHS.sub(lambda match: _rewrite_formula(match["formula"]), text)


def _drop_inline_notes(text: str) -> str:
    """Drop notes such as ^[He came by boat.], which may contain brackets."""
    kept, start = list[str](), 0
    while (opened := text.find("^[", start)) >= 0:
        end = _find_closing_bracket(text, opened + 1)
        if end < 0:
            kept.append(text[start : opened + 2])
            start = opened + 2
        else:
            kept.append(text[start:opened])
            start = end
    return "".join([*kept, text[start:]])


def _find_closing_bracket(text: str, start: int) -> int:
    limit, depth = start + MAX_NOTE_CHARS, 0
    if text.find("]", start, limit) < 0:
        return -1
    for bracket in _BRACKET.finditer(text, start, limit):
        depth += 1 if bracket[0] == "[" else -1
        if depth == 0:
            return bracket.end()
    return -1


def _rewrite_formula(formula: str) -> str:
    """A formula without its dollar signs, so that it is not read as money."""
    powers = _POWER.sub(lambda match: (match[1] or match[2]).translate(_SUPERSCRIPTS), formula)
    return _COMMAND.sub(lambda match: f"{match[1]} " if match[1] else "", powers).strip()


def _rewrite_line_blocks(lines: Sequence[str]) -> Iterator[str]:
    """Pandoc's verse, whose lines begin with a bar; lines of tables end with one as well."""
    for line, following in zip(lines, (*lines[1:], ""), strict=True):
        match = _LINE_BLOCK.fullmatch(line) if line.startswith("|") else None
        is_row = match is None or "|" in (match["line"] or "") or not match["line"]
        ending = "\\" if following.startswith("| ") else ""
        yield line if is_row or match is None else match["line"].strip() + ending
