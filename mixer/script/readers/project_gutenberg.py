"""Project Gutenberg's frame around a book: a header with its title, a licence behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from mixer.lazy import compile_lazily
from mixer.script.document import collapse_whitespace
from mixer.script.readers.languages import normalise_language_tag

_START = compile_lazily(
    r"\*{3}\s*START OF (?:THIS |THE )?PROJECT GUTENBERG|\*END\*?\s*THE SMALL PRINT",
    regex.IGNORECASE,
)
_END = compile_lazily(
    r"\*{3}\s*END OF (?:THIS |THE )?PROJECT GUTENBERG|End of (?:the )?Project Gutenberg['’ ]",
    regex.IGNORECASE,
)
_FIELD = compile_lazily(r"(?P<name>Title|Author|Authors|Language):\s*+(?P<value>.*)")
_CREDIT = compile_lazily(
    r"(?:This )?E-?(?:text|book) (?:was )?(?:prepared|produced) by|Produced by|"
    r"\[?Transcriber['’]?s['’]? notes?|This file was produced|\(This (?:file|book) was produced",
    regex.IGNORECASE,
)
MAX_HEADER_LINES = 600
"""Of the longest headers, with the small print in front of the book."""

MAX_CREDIT_LINES = 60
"""At the beginning of a book, where those who made the file are named."""


@dataclass(frozen=True, slots=True)
class GutenbergBook:
    """A text without its frame, and what the header states."""

    text: str
    title: str = ""
    author: str = ""
    language: str = ""


def split_gutenberg(text: str) -> GutenbergBook:
    """Take a text out of its frame; any other text stays as it is.

    Lines that are taken out stay as empty ones, so that line numbers in messages are right.
    """
    lines = text.split("\n")
    start, end = find_book_span(lines)
    if start == 0 and end == len(lines):
        return GutenbergBook(text)
    fields = dict(_iter_fields(lines[:start]))
    body = list(_blank_credits(lines[start:end]))
    return GutenbergBook(
        "\n".join([""] * start + body),
        title=fields.get("title", ""),
        author=fields.get("author", "") or fields.get("authors", ""),
        language=normalise_language_tag(fields.get("language", "")),
    )


def find_book_span(lines: Sequence[str]) -> tuple[int, int]:
    """Where the book begins and ends among lines or paragraphs; all of them without a frame."""
    start, end = 0, len(lines)
    for index, line in enumerate(lines[:MAX_HEADER_LINES]):
        if _START.search(line):
            start = index + 1
            while start < index + 3 and start < end and not lines[start - 1].rstrip().endswith("*"):
                start += 1
    for index in range(start, end):
        if _END.match(lines[index].lstrip()):
            return start, index
    return start, end


def _iter_fields(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for index, line in enumerate(lines):
        if match := _FIELD.match(line.strip()):
            value = [match["value"]]
            for more in lines[index + 1 :]:
                if not more[:1].isspace() or not more.strip():
                    break
                value.append(more)
            yield match["name"].lower(), collapse_whitespace(" ".join(value))


def _blank_credits(lines: Sequence[str]) -> Iterator[str]:
    """The lines of a book without the paragraphs that name those who made the file."""
    is_credit = False
    for index, line in enumerate(lines):
        if not line.strip():
            is_credit = False
        elif index < MAX_CREDIT_LINES and _CREDIT.match(line.strip()):
            is_credit = True
        yield "" if is_credit else line
