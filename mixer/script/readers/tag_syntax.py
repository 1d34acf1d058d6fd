"""Where the tags of a text are, and what they say: found in one pass over any text."""

from collections.abc import Iterator
from dataclasses import dataclass

import regex

OPENING, CLOSING = "[[", "]]"

WRAPPING_KINDS = ("emphasis", "lang", "say")
_PARAGRAPH_END = regex.compile(r"\n[ \t]*+\n")


@dataclass(frozen=True, slots=True)
class Tag:
    """A pair of brackets; `body` is what they hold, without white space around it."""

    start: int
    end: int
    body: str


@dataclass(frozen=True, slots=True)
class Wrapping:
    """A tag with words: `emphasis of: words`; `of` may be empty."""

    kind: str
    of: str
    words: str


def iter_tags(text: str) -> Iterator[Tag]:
    """All pairs of brackets, from each opening to the next closing."""
    start = 0
    while (opened := text.find(OPENING, start)) >= 0:
        closed = text.find(CLOSING, opened + len(OPENING))
        if closed < 0:
            return
        start = closed + len(CLOSING)
        yield Tag(opened, start, text[opened + len(OPENING) : closed].strip())


def find_closed_tag(text: str, opened: int) -> Tag | None:
    """The tag that opens at a place; None where it is not closed in its paragraph."""
    closed = text.find(CLOSING, opened + len(OPENING))
    if closed < 0 or _PARAGRAPH_END.search(text, opened, closed):
        return None
    return Tag(opened, closed + len(CLOSING), text[opened + len(OPENING) : closed].strip())


def parse_pause(body: str) -> str | None:
    """The length that a pause states; None for any other tag."""
    words = body.split()
    return words[1] if len(words) == len(("pause", "2s")) and words[0] == "pause" else None


def parse_wrapping(body: str) -> Wrapping | None:
    """Read a tag with words; None for any other."""
    head, colon, words = body.partition(":")
    kind, _, of = head.strip().partition(" ") if " " in head.strip() else (head.strip(), "", "")
    if not colon or kind not in WRAPPING_KINDS or not words.strip() or "\n" in body:
        return None
    return Wrapping(kind, of.strip(), words.strip())
