"""Text with annotations: which part of it is spoken with which SSML element.

Sentences, captions and prices use the words alone; the annotations follow the words to the SSML.
They nest, as elements do: of two annotations one contains the other, or they do not overlap.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from mixer.start_cache import compile_pattern

Attributes = tuple[tuple[str, str], ...]

VERBATIM_TAGS = frozenset({"sub", "say-as", "phoneme", "w"})
"""Elements whose text is neither normalised nor split."""

BREAK_TAG = "break"

DIRECTION_TAG = "direction"
"""Ours: how words are spoken, for engines that take instructions."""

MAX_PAUSE_MS = 10_000
"""The longest `<break>` that Polly accepts, and the longest gap in a request."""

MAX_DURATION_CHARS = 40

_TIME = compile_pattern(r"\+?(\d*\.?\d+)(ms|s)")


@dataclass(frozen=True, slots=True)
class Annotation:
    """An SSML element over a part of a text, or at a place in it where `start == end`.

    `line` is one of the author's text, for messages; 0 where it is not known.
    """

    start: int
    end: int
    tag: str
    attributes: Attributes = ()
    line: int = 0

    def attribute(self, name: str) -> str:
        """An attribute's value; empty where it has none."""
        return dict(self.attributes).get(name, "")


class AnnotatedTextBuilder:
    """Collects words and annotations in reading order; folds white space on the way."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._annotations: list[Annotation] = []

    @property
    def length(self) -> int:
        """In characters, so far."""
        return self._length

    def add_text(self, text: str) -> None:
        """Add words."""
        folded = " ".join(text.split())
        if text[:1].isspace() and self._pieces and self._pieces[-1][-1] != " ":
            self._append(" ")
        if folded:
            self._append(f"{folded} " if text[-1:].isspace() else folded)

    def _append(self, piece: str) -> None:
        self._pieces.append(piece)
        self._length += len(piece)

    def annotate(self, start: int, tag: str, attributes: Attributes = (), line: int = 0) -> None:
        """Annotate what was added since `start`; outer annotations come after inner ones."""
        self._annotations.append(Annotation(start, self.length, tag, attributes, line))

    def build(self) -> tuple[str, tuple[Annotation, ...]]:
        """The words, trimmed, and the annotations in reading order."""
        text = "".join(self._pieces).rstrip()
        clipped = [
            replace(each, start=min(each.start, len(text)), end=min(each.end, len(text)))
            for each in self._annotations
        ]
        places = [each for each in clipped if each.start == each.end]
        spans = [each for each in reversed(clipped) if each.start < each.end]
        return text, tuple(sort_annotations([*spans, *places]))


def sort_annotations(annotations: Iterable[Annotation]) -> list[Annotation]:
    """Sort annotations by where they open, outer ones first.

    Of annotations over the same part, the one given first is the outer.
    """
    return sorted(annotations, key=lambda each: (each.start, -each.end))


def map_annotations(
    annotations: Iterable[Annotation], map_offset: Callable[[int, bool], int]
) -> list[Annotation]:
    """Move annotations to another wording of their text.

    `map_offset` maps an offset, and whether it is an end, to the offset in the other wording.
    """
    mapped = []
    for each in annotations:
        start = map_offset(each.start, False)
        end = start if each.end == each.start else max(start, map_offset(each.end, True))
        mapped.append(replace(each, start=start, end=end))
    return mapped


class SpanIndex:
    """Spans of a text, for questions about a place or another span in logarithmic time."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(spans):
            if self._ends and start < self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def overlaps(self, start: int, end: int) -> bool:
        """Whether a span shares a character with any of these."""
        index = bisect_left(self._starts, end) - 1
        return index >= 0 and self._ends[index] > start

    def is_inside(self, at: int) -> bool:
        """Whether a place is inside a span, not at its border."""
        index = bisect_left(self._starts, at) - 1
        return index >= 0 and at < self._ends[index]


NO_SPANS = SpanIndex(())


def iter_windows(
    annotations: Sequence[Annotation], spans: Iterable[tuple[int, int]]
) -> Iterator[list[Annotation]]:
    """For each of some spans in order, the sorted annotations that may belong to it."""
    active: list[Annotation] = []
    index = 0
    if not annotations:
        yield from (active for _ in spans)
        return
    for start, end in spans:
        active = [each for each in active if each.end >= start]
        while index < len(annotations) and annotations[index].start <= end:
            active.append(annotations[index])
            index += 1
        yield active


def clip_annotations(
    annotations: Sequence[Annotation], start: int, end: int, *, is_last: bool
) -> Iterator[Annotation]:
    """The annotations of a part of the text, with offsets from its beginning.

    A place at the part's end belongs to it only when it `is_last`.
    """
    for each in annotations:
        if each.start == each.end:
            if start <= each.start < end or (is_last and each.start >= end):
                at = min(each.start, end) - start
                yield replace(each, start=at, end=at)
        elif each.start < end and each.end > start:
            first, last = max(each.start, start), min(each.end, end)
            yield replace(each, start=first - start, end=last - start)


def parse_duration_ms(written: str) -> int | None:
    """Read a length such as `300ms` or `1.5s`; None for anything else."""
    match = _TIME.fullmatch(written.strip()) if len(written) <= MAX_DURATION_CHARS else None
    return round(float(match[1]) * (1000 if match[2] == "s" else 1)) if match else None
