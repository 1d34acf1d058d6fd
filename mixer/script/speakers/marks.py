"""Writing a cast into its book: a head with the voices, and marks around what each role says.

Without the head and the marks the text is what it was, character by character: a quotation that
cannot be marked in this way (brackets in it, an annotation around it) stays the narrator's.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence

import regex

from mixer.errors import BadInput
from mixer.lazy import compile_lazily
from mixer.script.script import NARRATOR
from mixer.script.speakers.model import BookCast, Quotation, Span

MAX_ROLES = 40
"""Of the cast in a text's head, the narrator included (docs/writing.md)."""

PLAIN_TEXT_LINE = "text-type: text"
_HEAD = compile_lazily(
    r"\A---[ \t]*\r?\n(?:.*?\r?\n)??(?=(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z))", regex.DOTALL
)
_CAST_LINE = compile_lazily(r"^cast\s*:", regex.MULTILINE | regex.IGNORECASE)
_BLANK_LINE = compile_lazily(r"\n[ \t\r]*\n")
_ANNOTATION = compile_lazily(r"\[\[.*?\]\]", regex.DOTALL)


def name_roles(text: str, cast: BookCast) -> dict[str, str]:
    """The names of roles by character: those who say most, at most 39; not the narrator's.

    A name that begins a line of the text before a colon would be taken for a speaker there, and
    its words left unsaid, so that its role has another one.
    """
    speakers = [each.name for each in cast.characters if not each.is_narrator]
    roles = {}
    for name in speakers[: MAX_ROLES - 1]:
        pattern = regex.compile(rf"^[ \t]*{regex.escape(name)}[ \t]*:", regex.MULTILINE)
        is_label = cast.kind != "play" and pattern.search(text) is not None
        roles[name] = f"{name[:32]} (voice)" if is_label or name == NARRATOR else name
    return roles


def write_marks(
    text: str, cast: BookCast, voices: Mapping[str, str], *, is_plain: bool = False
) -> str:
    """Write a book with its cast.

    Args:
        text: the book.
        cast: what `read_cast` found in it.
        voices: by the name of a character, and the narrator's.
        is_plain: the book is plain text, whatever the suffix of the file that it is written to.

    Raises:
        BadInput: the book has a cast already.
    """
    roles = {name: role for name, role in name_roles(text, cast).items() if name in voices}
    inserted = sorted(_iter_marks(text, cast, roles))
    pieces, at = list[str](), 0
    for place, _, mark in inserted:
        pieces += [text[at:place], mark]
        at = place
    marked = "".join([*pieces, text[at:]])
    lines = [f"  {NARRATOR}: {voices[NARRATOR]}"]
    lines += [f"  {role}: {voices[name]}" for name, role in roles.items()]
    return _insert_head(marked, lines, is_plain=is_plain)


def _insert_head(text: str, lines: Sequence[str], *, is_plain: bool) -> str:
    """Add a cast to the head of a text, or a head with it."""
    end = "\r\n" if "\r\n" in text[:2_000] else "\n"
    more = [*([PLAIN_TEXT_LINE] if is_plain else []), "cast:", *lines]
    match = _HEAD.match(text)
    if match is None:
        return "".join(f"{line}{end}" for line in ("---", *more, "---")) + text
    if _CAST_LINE.search(match[0]):
        raise BadInput("The book already has a cast: remove it, or edit it by hand.")
    added = "".join(f"{line}{end}" for line in more)
    return text[: match.end()] + added + text[match.end() :]


def _iter_marks(
    text: str, cast: BookCast, roles: Mapping[str, str]
) -> Iterator[tuple[int, int, str]]:
    """Where a mark opens or closes; of two at one place the closing one comes first."""
    taken = [(match.start(), match.end()) for match in _ANNOTATION.finditer(text)]
    starts = [start for start, _ in taken]
    for quotation in cast.quotations:
        role = roles.get(quotation.speaker)
        if role is None or (cast.kind == "play" and _has_label(text, quotation)):
            continue
        for span in quotation.spans:
            index = bisect_right(starts, span.end) - 1
            is_annotated = index >= 0 and taken[index][1] > span.start
            if not is_annotated and _can_mark(text, span):
                yield span.start, 1, f"[[{role}: "
                yield span.end, 0, "]]"


def _has_label(text: str, quotation: Quotation) -> bool:
    """Whether Mixer's reader knows the speaker by the label before the words."""
    return text[: quotation.start].rstrip().endswith(f"{quotation.speaker}:")


def _can_mark(text: str, span: Span) -> bool:
    words = text[span.start : span.end]
    around = text[max(0, span.start - 1) : span.start] + text[span.end : span.end + 1]
    if "[[" in words or "]]" in words or "[" in around or "]" in around:
        return False
    is_bracketed = words.endswith("]") or words.startswith("[") or not words.strip()
    return not is_bracketed and not _BLANK_LINE.search(words)
