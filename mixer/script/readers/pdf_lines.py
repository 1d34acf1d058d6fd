"""Letters at their places on a page of a PDF to its lines, with what is raised or set large."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mixer.lazy import compile_lazily
from mixer.script.document import has_words
from mixer.script.readers.marks import is_page_number
from mixer.script.readers.page_marks import Mark, MarkKind, rewrite_mark

RAISED_RATIO = 0.86
"""Of a letter's size to that of the text."""

MIN_SHIFT_RATIO = 0.12
"""How far a raised letter is above the line, to the size of the text."""

MIN_SPACE_RATIO = 0.2
"""Of a gap between words to the size of their letters."""

LARGE_LETTER = compile_lazily(r"[“‘\"'«„]?\p{Lu}")
_LIST_MARK = compile_lazily(r"\s*(?:(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)]|[•◦▪‣●○■\uf0a7\uf0b7])\s*")
CAP_RATIO, CAP_HEIGHT_RATIO = 1.5, 0.75
JUMP_RATIO, MAX_LEVEL_LINES = 3, 1
"""Of a step upwards to the size of letters; of lines next to each other, such as both sides of a
running head, on a page without columns."""


@dataclass(slots=True)
class Fragment:
    """A piece of text from `x` to `right`, in points; `y` is measured upwards."""

    text: str
    x: float
    y: float
    size: float
    right: float
    is_strong: bool = False


@dataclass(slots=True)
class Line:
    """A line of a page; `y` is measured upwards, in points like all lengths.

    It begins with `note_mark` where that is set above it; `references` are left out of it.
    `is_strong` where all of it is in bold type.
    """

    text: str
    x: float
    y: float
    size: float
    right: float
    note_mark: str = ""
    references: set[str] = field(default_factory=set)
    is_strong: bool = False


def build_lines(fragments: Sequence[Fragment]) -> list[Line]:
    """The lines of a page from top to bottom, in the order of its text."""
    sizes = Counter[float]()
    for each in fragments:
        sizes[round(each.size, 1)] += len(each.text)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    lines: list[Line] = []
    for each in fragments:
        last = lines[-1] if lines else None
        if each.text.isspace() and last is None:
            continue
        if marked := _find_marked(lines, each):
            marked.text = f"{each.text.strip()} {marked.text}"
        elif last is None or abs(each.y - last.y) > max(each.size, last.size) * 0.6:
            place = each.x, each.y, each.size, each.right
            lines.append(Line(each.text, *place, is_strong=each.is_strong))
        else:
            _add_fragment(last, each, body)
    return _order_drop_caps(_order_lines(lines), body)


def _order_lines(lines: list[Line]) -> list[Line]:
    """Put lines that were drawn after those below them in their place, but for columns."""
    if len(split_columns(lines)) == 1:
        return lines
    ordered = sorted(lines, key=lambda line: -line.y)
    level = sum(one.y - two.y < one.size / 2 for one, two in pairwise(ordered))
    return ordered if level <= MAX_LEVEL_LINES else lines


def split_columns(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines of a page, apart where they go on far above the last one."""
    columns: list[list[Line]] = [[]]
    for line in lines:
        if columns[-1] and line.y - columns[-1][-1].y > JUMP_RATIO * line.size:
            columns.append([])
        columns[-1].append(line)
    return columns


def _find_marked(lines: Sequence[Line], each: Fragment) -> Line | None:
    """The line of a list that a number or a dot belongs to, which is drawn behind it."""
    if not _LIST_MARK.fullmatch(each.text):
        return None
    level = (line for line in lines if abs(line.y - each.y) < 1 and line.x > each.right)
    return next(level, None)


def _order_drop_caps(lines: list[Line], body: float) -> list[Line]:
    """Put a letter that is set large behind the lines above it, and move those next to it."""
    for index, cap in reversed(list(enumerate(lines))):
        if cap.size >= body * CAP_RATIO and LARGE_LETTER.fullmatch(cap.text.strip()):
            top, after = cap.y + cap.size * CAP_HEIGHT_RATIO, index + 1
            while index and cap.y <= lines[index - 1].y < top and lines[index - 1].size < cap.size:
                lines[index - 1 : index + 1] = [cap, lines[index - 1]]
                index, after = index - 1, index  # noqa: PLW2901
            while after < len(lines) and lines[after].y > top:
                after += 1
            lines.insert(after - 1, lines.pop(index))
            for line in lines[after:]:
                if abs(line.y - cap.y) < top - cap.y and 0 < line.x - cap.right < body:
                    line.x = cap.x
    return lines


def _add_fragment(line: Line, each: Fragment, body: float) -> None:
    """Add a fragment, which may be a note's mark or a power above the line, or below it."""
    shift = (each.y - line.y) / max(body, 1.0)
    if shift < -MIN_SHIFT_RATIO and line.text.strip().isdecimal() and line.size < each.size:
        line.note_mark, line.y, shift = line.text.strip(), each.y, 0.0
    is_small = each.size < line.size * RAISED_RATIO and is_page_number(each.text)
    is_cap = line.size >= each.size * CAP_RATIO and LARGE_LETTER.fullmatch(line.text.strip())
    is_apart = not is_cap and each.x - line.right > each.size * MIN_SPACE_RATIO
    is_spaced = line.text[-1:].isspace() or each.text[:1].isspace()
    text = f" {each.text}" if is_apart and not is_spaced else each.text
    if abs(shift) >= MIN_SHIFT_RATIO or is_small:
        kind = MarkKind.SUBSCRIPT if shift < 0 else MarkKind.SUPERSCRIPT
        rewritten = rewrite_mark(Mark(kind, 0, 0), line.text, text)
        if rewritten is not None and rewritten.is_note:
            line.references.add(text.strip())
        text = text if rewritten is None else rewritten.text
    line.text += text
    line.size = max(line.size, each.size)
    line.right = max(line.right, each.right)
    line.is_strong = line.is_strong and (each.is_strong or not has_words(each.text))
