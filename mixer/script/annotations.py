"""Text with marks in it: which stretch is said with which SSML element, kept beside the words.

Sentences, captions and prices look at the words alone; the marks follow the words to where they are
said. They nest, as elements do: of two marks one holds the other, or they do not meet.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

Attributes = tuple[tuple[str, str], ...]

VERBATIM_TAGS = frozenset({"sub", "say-as", "phoneme", "w"})
"""Elements whose text the author has judged: it is neither written out nor parted."""

BREAK_TAG = "break"


@dataclass(frozen=True, slots=True)
class Annotation:
    """An SSML element over a stretch of text, or at a place in it.

    Attributes:
        start: of the stretch, in characters.
        end: one past its last character; `start` for a place.
        tag: the element's name.
        attributes: of the element, names with values.
        line: of the author's text, for messages; 0 where it is not known.
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
    """Gathers words and marks in reading order; white space is folded on the way."""

    def __init__(self) -> None:
        self._text = ""
        self._annotations: list[Annotation] = []

    @property
    def length(self) -> int:
        """In characters, so far."""
        return len(self._text)

    def add_text(self, text: str) -> None:
        """Add words."""
        folded = " ".join(text.split())
        if text[:1].isspace() and self._text and not self._text.endswith(" "):
            self._text += " "
        self._text += folded
        if folded and text[-1:].isspace():
            self._text += " "

    def annotate(self, start: int, tag: str, attributes: Attributes = (), line: int = 0) -> None:
        """Mark what was added since a place; outer marks come after those inside them."""
        self._annotations.append(Annotation(start, self.length, tag, attributes, line))

    def build(self) -> tuple[str, tuple[Annotation, ...]]:
        """The words without white space at their ends, and the marks in reading order."""
        text = self._text.rstrip()
        fitted = [
            replace(mark, start=min(mark.start, len(text)), end=min(mark.end, len(text)))
            for mark in self._annotations
        ]
        places = [mark for mark in fitted if mark.start == mark.end]
        stretches = [mark for mark in reversed(fitted) if mark.start < mark.end]
        return text, tuple(sort_annotations([*stretches, *places]))


def sort_annotations(annotations: Iterable[Annotation]) -> list[Annotation]:
    """Marks in the order in which they open, outer ones first.

    Of marks over the same stretch the one that is given first is the outer.
    """
    return sorted(annotations, key=lambda mark: (mark.start, -mark.end))


def map_annotations(
    annotations: Iterable[Annotation], map_offset: Callable[[int, bool], int]
) -> list[Annotation]:
    """Marks on another wording of their text.

    Args:
        annotations: on the first wording.
        map_offset: where an offset lies in the other; told whether it is the end of a mark.
    """
    found = []
    for mark in annotations:
        start = map_offset(mark.start, False)
        end = start if mark.end == mark.start else max(start, map_offset(mark.end, True))
        found.append(replace(mark, start=start, end=end))
    return found


def clip_annotations(
    annotations: Sequence[Annotation], start: int, end: int, *, is_last: bool
) -> Iterator[Annotation]:
    """The marks of a stretch, with offsets from its beginning.

    Args:
        annotations: of the whole text.
        start: of the stretch.
        end: one past its last character.
        is_last: whether a place at its end belongs to it.
    """
    for mark in annotations:
        if mark.start == mark.end:
            if start <= mark.start < end or (is_last and mark.start >= end):
                at = min(mark.start, end) - start
                yield replace(mark, start=at, end=at)
        elif mark.start < end and mark.end > start:
            first, behind = max(mark.start, start), min(mark.end, end)
            yield replace(mark, start=first - start, end=behind - start)
