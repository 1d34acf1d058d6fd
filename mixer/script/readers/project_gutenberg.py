"""Project Gutenberg's frame around a book: a header with its title, a licence behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from mixer.lazy import compile_lazily
from mixer.script.document import Block, BlockKind, collapse_whitespace
from mixer.script.readers.headings import is_chapter_line
from mixer.script.readers.metadata import normalise_language_tag

_START = compile_lazily(
    r"\*{3}\s*START OF (?:THIS |THE )?PROJECT GUTENBERG|\*END\*?\s*THE SMALL PRINT"
    r"|^To contact Project Gutenberg of Australia go to",
    regex.IGNORECASE,
)
_END = compile_lazily(
    r"\*{3}\s*END OF (?:THIS |THE )?PROJECT GUTENBERG|End of (?:the )?Project Gutenberg['’ ]"
    r"|This site is full of FREE ebooks",
    regex.IGNORECASE,
)
_FIELD = compile_lazily(r"(?P<name>Title|Author|Authors|Language):\s*+(?P<value>.*)")
_CREDIT = compile_lazily(
    r"(?:This )?E-?(?:text|book) (?:was )?(?:prepared|produced) by|Produced by|"
    r"Note: (?:Images|Project Gutenberg|The original|There is)|This file was produced|"
    r"\(This (?:file|book) was produced|A Project Gutenberg of Australia eBook"
    r"|(?:Title|Author): {2}",
    regex.IGNORECASE,
)
_NOTES_TITLE = compile_lazily(
    r"[\W_]*(?:Transcriber['’]?s?['’]?s? (?:end)?notes?"
    r"|(?:Anmerkung(?:en)?|Hinweise?|Bemerkung(?:en)?) (?:zur|der|des) "
    r"(?:Transkription|Bearbeite\w+)|Notes? (?:de|sur la|du) (?:la )?transcript(?:ion|eur)"
    r"|Not(?:as?|e) (?:de|del|da|do|dos|sulla) (?:la )?(?:transcri\w+|trascri\w+)|Opmerkingen"
    r" (?:van|bij) de (?:bewerk\w+|transcriptie)"
    r"|(?:Transkri\w+|Avskri\w+)s? anmärkning(?:ar)?)\b(?P<text>[\W_]*\w)?",
    regex.IGNORECASE,
)
_ETEXT = compile_lazily(
    r"\W*The Project Gutenberg['’s]* E-?(?:text|book)(?: of|,) (?P<title>.+?),? by "
    r"(?P<author>.+?)\W*$",
    regex.IGNORECASE,
)
"""The first line, which is all that the oldest headers state."""

_ARCHIVE = compile_lazily(
    r"(?:.{1,100}\s)?Posted originally on the [\w ]{1,40} at https?://\S+$"
    r"|Please drop by the [Aa]rchive and comment"
)
"""What an archive of stories puts before and behind each."""

_FRAME = compile_lazily(r"[ \t]*[+|*][-=+*| \t]*$")
SECTION_GAP_LINES = 2
"""Empty lines that end a section of several paragraphs."""

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
    fields = _read_first_line(lines[:start]) | dict(_iter_fields(lines[:start]))
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


def select_book(blocks: Sequence[Block]) -> Sequence[Block]:
    """The blocks of a book out of its frame, without those that name who made the file."""
    start, end = find_book_span([block.text for block in blocks])
    kept = [each for each in blocks[start:end] if not is_archive_line(each.text)]
    if len(kept) < end - start and kept and kept[-1].kind is BlockKind.HEADING:
        kept.pop()  # of what the archive put behind the story
    if not start:
        return kept
    return tuple(
        block
        for index, block in enumerate(kept)
        if index >= MAX_CREDIT_LINES or not _CREDIT.match(block.text)
    )


def is_archive_line(line: str) -> bool:
    """Whether an archive of stories put a line before or behind a story."""
    return _ARCHIVE.match(line) is not None


def parse_book_title(text: str) -> tuple[str, str]:
    """The title and the author that the title of a page states; of any other page as it is."""
    match = _ETEXT.match(text)
    return (match["title"], match["author"]) if match else (text, "")


def _read_first_line(lines: Sequence[str]) -> dict[str, str]:
    match = next(filter(None, map(_ETEXT.match, lines)), None)
    return match.groupdict() if match else {}


def _iter_fields(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for index, line in enumerate(lines):
        if match := _FIELD.match(line.strip()):
            value = [match["value"]]
            for more in lines[index + 1 :]:
                if not more[:1].isspace() or not more.strip():
                    break
                value.append(more)
            glue = " " if match["name"] == "Title" else ", "
            yield match["name"].lower(), collapse_whitespace(glue.join(value))


def _blank_credits(lines: Sequence[str]) -> Iterator[str]:
    """The lines of a book without the paragraphs of those who made the file."""
    end = 0
    for index, line in enumerate(lines):
        notes = _NOTES_TITLE.match(line) if line else None
        is_credit = index < MAX_CREDIT_LINES and _CREDIT.match(line.strip()) is not None
        if index >= end and (notes is not None or is_credit):
            end = _find_end(
                lines, index, 1 if notes is None or notes["text"] else SECTION_GAP_LINES
            )
        is_frame = bool(_FRAME.match(line)) and any(
            map(_NOTES_TITLE.match, lines[index : index + 3])
        )
        yield "" if index < end or is_frame else line


def _find_end(lines: Sequence[str], start: int, gap_lines: int) -> int:
    """The end of a section: so many empty lines below its text, or a chapter."""
    gap, has_text = 0, gap_lines == 1
    for index in range(start + 1, len(lines)):
        gap = 0 if lines[index].strip() else gap + 1
        if is_chapter_line(lines[index].strip()) or gap >= gap_lines + 2 * (not has_text):
            return index
        has_text = has_text or not gap
    return len(lines)
