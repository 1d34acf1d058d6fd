"""Where the tags of a text are, what they say, and where their annotations go; in one pass each."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mixer.lazy import compile_lazily
from mixer.script.annotations import DIRECTION_TAG, Annotation, Attributes
from mixer.script.document import Block, has_words
from mixer.script.sounds import move_to_start

OPENING, CLOSING = "[[", "]]"

EMPHASIS_LEVELS = frozenset({"strong", "moderate", "reduced"})
MAX_DIRECTION_CHARS = 200
WRAPPING_KINDS = ("as", "emphasis", "lang", "say")
_LANGUAGE = compile_lazily(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_PARAGRAPH_END = compile_lazily(r"\n[ \t]*+\n")


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

    def find_fault(self) -> str:
        """What is wrong with it; empty for nothing."""
        if self.kind == "emphasis" and self.of and self.of not in EMPHASIS_LEVELS:
            return f"takes one of {', '.join(sorted(EMPHASIS_LEVELS))}"
        if self.kind == "lang" and not _LANGUAGE.fullmatch(self.of):
            return "names no language, such as in [[lang fr: bon voyage]]"
        if self.kind == "as" and not 0 < len(self.of) <= MAX_DIRECTION_CHARS:
            return "names no way to say it, such as in [[as whispering: come closer]]"
        if self.kind == "say" and not self.of:
            return "names no word, such as in [[say nginx: engine x]]"
        return ""

    def build_element(self) -> tuple[str, Attributes]:
        """The element of its annotation, with attributes."""
        words = self.words
        if self.kind == "as":
            return DIRECTION_TAG, (("as", self.of),)
        if self.kind == "lang":
            return "lang", (("xml:lang", self.of),)
        if self.kind == "emphasis":
            return "emphasis", (("level", self.of or "strong"),)
        if len(words) > len("//") and words[0] == words[-1] == "/":
            return "phoneme", (("alphabet", "ipa"), ("ph", words[1:-1].strip()))
        return "sub", (("alias", words),)


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


@dataclass
class BlockCollector:
    """Collects blocks; a silence without words belongs to the words before it.

    At the very beginning it waits for the first words.
    """

    blocks: list[Block] = field(default_factory=list)
    _last_text: int = -1
    _waiting: list[Annotation] = field(default_factory=list)
    _following: dict[int, list[Annotation]] = field(default_factory=dict)

    def append(self, part: Block) -> None:
        """Append a block."""
        if has_words(part.text):
            annotations = (*map(move_to_start, self._waiting), *part.annotations)
            self._waiting = []
            self._last_text = len(self.blocks)
            self.blocks.append(replace(part, annotations=annotations))
        elif self._last_text >= 0:
            self._following.setdefault(self._last_text, []).extend(part.annotations)
        else:
            self._waiting += part.annotations

    def build(self) -> tuple[Block, ...]:
        """The blocks, with what follows their words."""
        for index, annotations in self._following.items():
            last = self.blocks[index]
            end = len(last.text)
            at_end = (replace(each, start=end, end=end) for each in annotations)
            self.blocks[index] = replace(last, annotations=(*last.annotations, *at_end))
        return tuple(self.blocks)
