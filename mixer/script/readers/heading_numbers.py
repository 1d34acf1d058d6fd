"""The automatic numbers of headings, which documents state as lists and their readers count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mixer.lazy import compile_lazily
from mixer.script.readers.number_words import NUMBER_WORDS

_PLACE = compile_lazily(r"%([1-9])")
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
MAX_ROMAN, LETTERS = 3_999, 26
MAX_LABEL_CHARS = 60
"""Of the pattern of a heading's number; longer ones are not numbers."""


@dataclass(frozen=True, slots=True)
class ListLevel:
    """How a list writes a number: `%1` in its text stands for that of its first level."""

    text: str
    style: str
    start: int


@dataclass
class HeadingNumbers:
    """Counts headings as their lists do; a heading without a list has no number."""

    lists: Mapping[str, Sequence[ListLevel]]
    _counts: dict[str, dict[int, int]] = field(default_factory=dict)

    def count(self, key: str, depth: int) -> str:
        """The number of the next heading of a list, with a space behind it; empty without one.

        `depth` counts from 0.
        """
        levels = self.lists.get(key, ())
        if depth >= len(levels) or len(levels[depth].text) > MAX_LABEL_CHARS:
            return ""
        counts = self._counts.setdefault(key, {})
        counts[depth] = counts.get(depth, levels[depth].start - 1) + 1
        for deeper in [each for each in counts if each > depth]:
            del counts[deeper]
        text = _PLACE.sub(
            lambda match: _write(levels, counts, int(match[1]) - 1), levels[depth].text
        )
        return f"{text.strip()} " if any(map(str.isalnum, text)) else ""


def _write(levels: Sequence[ListLevel], counts: Mapping[int, int], depth: int) -> str:
    if depth >= len(levels):
        return ""
    number, style = counts.get(depth, levels[depth].start), levels[depth].style
    if style == "none":
        return ""
    if style in ("upperRoman", "lowerRoman") and 0 < number <= MAX_ROMAN:
        return _write_roman(number)
    if style == "cardinalText" and number in NUMBER_WORDS:
        return NUMBER_WORDS[number].title()
    if style in ("upperLetter", "lowerLetter") and 0 < number <= LETTERS:
        return chr(ord("A") + number - 1)
    return str(number)


def _write_roman(number: int) -> str:
    written = ""
    for value, letters in _ROMAN:
        written += letters * (number // value)
        number %= value
    return written
