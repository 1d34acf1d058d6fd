"""A text as written and as spoken, and which part of one corresponds to which part of the other.

Normalisation runs in passes, each of which reads what the previous one wrote. A pass is a list of
replacements: `apply_replacements` applies them, `compose_passes` joins two passes, so that in the
end every part of the spoken text still points at the author's own characters.

The price: replacements that touch are joined into one edit, which is coarser than necessary.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple


class Replacement(NamedTuple):
    """Say `text[start:end]` as `spoken`."""

    start: int
    end: int
    spoken: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A part that is spoken otherwise than it is written.

    `source[source_start:source_end]` is spoken as `spoken[spoken_start:spoken_end]`; either may be
    empty, not both.
    """

    source_start: int
    source_end: int
    spoken_start: int
    spoken_end: int


class NormalisedText(NamedTuple):
    """A text as written and as spoken.

    `edits` are sorted, with at least one common character between them.
    """

    source: str
    spoken: str
    edits: tuple[Edit, ...]

    def find_source_offset(self, spoken_offset: int) -> int:
        """Map an offset of the spoken text to the source.

        Exact outside edits and at their borders; strictly inside an edit it is the edit's end in
        the source. Where marks were removed it is the place before them, so that they go with what
        follows; both ends of the text map to both ends of the source. Monotone.
        """
        if spoken_offset >= len(self.spoken):
            return len(self.source)
        edit = self._find_edit(spoken_offset)
        if edit is None or spoken_offset <= 0:
            return max(spoken_offset, 0)
        if spoken_offset == edit.spoken_start:
            return edit.source_start
        return edit.source_end + max(0, spoken_offset - edit.spoken_end)

    def find_spoken_offset(self, source_offset: int, *, is_end: bool = False) -> int:
        """Map an offset of the source to the spoken text.

        Exact outside edits and at their borders; strictly inside one it is the edit's beginning, or
        its end for the end of a span. Monotone.
        """
        index = bisect_right(self.edits, source_offset, key=lambda edit: edit.source_start)
        edit = self.edits[index - 1] if index else None
        if edit is None:
            return source_offset
        if source_offset >= edit.source_end:
            return edit.spoken_end + source_offset - edit.source_end
        inside = is_end and source_offset > edit.source_start
        return edit.spoken_end if inside else edit.spoken_start

    def revert_edits(self, is_reverted: Callable[[int, int], bool]) -> "NormalisedText":
        """Undo the edits whose spans of the source, from start to end, are chosen."""
        kept = [
            Replacement(e.source_start, e.source_end, self.spoken[e.spoken_start : e.spoken_end])
            for e in self.edits
            if not is_reverted(e.source_start, e.source_end)
        ]
        return self if len(kept) == len(self.edits) else apply_replacements(self.source, kept)

    def is_inside_edit(self, spoken_offset: int) -> bool:
        """Whether an offset is strictly inside an edit, where no cut is allowed."""
        edit = self._find_edit(spoken_offset)
        return edit is not None and edit.spoken_start < spoken_offset < edit.spoken_end

    def _find_edit(self, spoken_offset: int) -> Edit | None:
        if not self.edits:
            return None
        index = bisect_right(self.edits, spoken_offset, key=lambda edit: edit.spoken_start)
        return self.edits[index - 1] if index else None


def identity_text(text: str) -> NormalisedText:
    """A text that is spoken as it is written."""
    return NormalisedText(text, text, ())


def apply_replacements(text: str, replacements: Iterable[Replacement]) -> NormalisedText:
    """Apply one pass of replacements, sorted and not overlapping."""
    edits: list[Edit] = []
    pieces: list[str] = []
    position = length = 0
    for start, end, spoken in replacements:
        pieces += (text[position:start], spoken)
        spoken_start = length + start - position
        length = spoken_start + len(spoken)
        _append_edit(edits, Edit(start, end, spoken_start, length))
        position = end
    if not edits:
        return identity_text(text)
    pieces.append(text[position:])
    return NormalisedText(text, "".join(pieces), tuple(edits))


def _append_edit(edits: list[Edit], edit: Edit) -> None:
    """Append an edit, joined with the one before it when the two touch."""
    if edits and edits[-1].source_end == edit.source_start:
        before = edits.pop()
        edit = Edit(before.source_start, edit.source_end, before.spoken_start, edit.spoken_end)
    edits.append(edit)


def compose_passes(first: NormalisedText, second: NormalisedText) -> NormalisedText:
    """Join two passes, the second of which read what the first wrote."""
    if not first.edits:
        return second
    if not second.edits:
        return first
    edits = tuple(_compose_edits(first.edits, second.edits))
    return NormalisedText(first.source, second.spoken, edits)


class _PassEdit(NamedTuple):
    start: int
    end: int
    other_length: int
    """Characters of the edit on its other side."""
    is_second: bool


def _compose_edits(first: tuple[Edit, ...], second: tuple[Edit, ...]) -> Iterator[Edit]:
    """Walk both passes through the text between them, joining edits that touch there."""
    to_source = to_spoken = 0
    for group in _group_edits(_sort_edits(first, second)):
        start, end = group[0].start, max(edit.end for edit in group)
        source_start, spoken_start = start + to_source, start + to_spoken
        for edit in group:
            growth = edit.other_length - (edit.end - edit.start)
            if edit.is_second:
                to_spoken += growth
            else:
                to_source += growth
        yield Edit(source_start, end + to_source, spoken_start, end + to_spoken)


def _sort_edits(first: tuple[Edit, ...], second: tuple[Edit, ...]) -> list[_PassEdit]:
    before = [
        _PassEdit(edit.spoken_start, edit.spoken_end, edit.source_end - edit.source_start, False)
        for edit in first
    ]
    after = [
        _PassEdit(edit.source_start, edit.source_end, edit.spoken_end - edit.spoken_start, True)
        for edit in second
    ]
    return sorted(before + after)


def _group_edits(pass_edits: Iterable[_PassEdit]) -> Iterator[list[_PassEdit]]:
    group: list[_PassEdit] = []
    end = 0
    for edit in pass_edits:
        if group and edit.start > end:
            yield group
            group = []
        end = max(end, edit.end) if group else edit.end
        group.append(edit)
    if group:
        yield group
