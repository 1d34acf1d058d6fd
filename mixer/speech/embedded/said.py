"""Text on its way to a voice, each character of which knows where in the source it came from.

What is said differs from what is written ("WWW" may be said "World Wide Web"), yet captions show
what is written, at the moment when it is heard. So replacements keep the way back.
"""

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """Text to be said, with its origin.

    Attributes:
        text: what the voice reads.
        origins: one (start, end) per character of `text`: the characters of the source that it
            stands for; all characters of a replacement share the range that they replace.
    """

    text: str = ""
    origins: tuple[tuple[int, int], ...] = ()

    @staticmethod
    def literal(text: str, start: int = 0) -> "Said":
        """Text said as it is written, which starts at this place of the source."""
        return Said(text, tuple((at, at + 1) for at in range(start, start + len(text))))

    @staticmethod
    def alias(text: str, start: int, end: int) -> "Said":
        """Text said in place of a range of the source."""
        return Said(text, ((start, end),) * len(text))

    def __add__(self, other: "Said") -> "Said":
        return Said(self.text + other.text, self.origins + other.origins)

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The range of the source that a non-empty range of this text stands for."""
        return self.origins[start][0], self.origins[end - 1][1]

    def replaced(
        self, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]
    ) -> "Said":
        """Replace each match; what replaces it stands for all that the match stood for."""
        pieces: list[Said] = []
        rest = 0
        for match in pattern.finditer(self.text):
            start, end = match.span()
            pieces += [self._part(rest, start)]
            if start < end:
                pieces += [Said.alias(replacement(match), *self.origin(start, end))]
            rest = end
        return joined([*pieces, self._part(rest, len(self.text))])

    def spaced(self, places: Iterable[int]) -> "Said":
        """The same text with a space put in before each of these characters, none the first."""
        bounds = [0, *places, len(self.text)]
        pieces = [self._part(start, end) for start, end in itertools.pairwise(bounds)]
        return joined(
            [pieces[0], *(Said.alias(" ", *piece.origins[0]) + piece for piece in pieces[1:])]
        )

    def _part(self, start: int, end: int) -> "Said":
        return Said(self.text[start:end], self.origins[start:end])


def joined(pieces: list[Said]) -> Said:
    """The pieces as one text."""
    return Said(
        "".join(piece.text for piece in pieces),
        tuple(origin for piece in pieces for origin in piece.origins),
    )
