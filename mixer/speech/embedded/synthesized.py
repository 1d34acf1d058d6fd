"""Text on its way to a voice, each character of which knows where in the source it came from.

What is said differs from what is written ("WWW" may be said "World Wide Web"), yet captions show
what is written, at the moment when it is heard. So replacements keep the way back.
"""

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MappedText:
    """Text to be said, with its origin.

    Attributes:
        text: what the voice reads.
        origins: one (start, end) per character of `text`: the characters of the source that it
            stands for; all characters of a replacement share the range that they replace.
    """

    text: str = ""
    origins: tuple[tuple[int, int], ...] = ()

    @staticmethod
    def literal(text: str, start: int = 0) -> "MappedText":
        """Text said as it is written, which starts at this place of the source."""
        return MappedText(text, tuple((at, at + 1) for at in range(start, start + len(text))))

    @staticmethod
    def alias(text: str, start: int, end: int) -> "MappedText":
        """Text said in place of a range of the source."""
        return MappedText(text, ((start, end),) * len(text))

    def __add__(self, other: "MappedText") -> "MappedText":
        return MappedText(self.text + other.text, self.origins + other.origins)

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The range of the source that a non-empty range of this text stands for."""
        return self.origins[start][0], self.origins[end - 1][1]

    def replace_matches(
        self, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]
    ) -> "MappedText":
        """Replace each match; what replaces it stands for all that the match stood for."""
        pieces: list[MappedText] = []
        rest = 0
        for match in pattern.finditer(self.text):
            start, end = match.span()
            pieces += [self._slice(rest, start)]
            if start < end:
                pieces += [MappedText.alias(replacement(match), *self.origin(start, end))]
            rest = end
        return join_texts([*pieces, self._slice(rest, len(self.text))])

    def insert_spaces(self, places: Iterable[int]) -> "MappedText":
        """The same text with a space put in before each of these characters, none the first."""
        bounds = [0, *places, len(self.text)]
        pieces = [self._slice(start, end) for start, end in itertools.pairwise(bounds)]
        return join_texts(
            [pieces[0], *(MappedText.alias(" ", *piece.origins[0]) + piece for piece in pieces[1:])]
        )

    def _slice(self, start: int, end: int) -> "MappedText":
        return MappedText(self.text[start:end], self.origins[start:end])


def join_texts(pieces: list[MappedText]) -> MappedText:
    """The pieces as one text."""
    return MappedText(
        "".join(piece.text for piece in pieces),
        tuple(origin for piece in pieces for origin in piece.origins),
    )
