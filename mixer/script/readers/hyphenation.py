"""Wrapped lines to one: a word that a hyphen divides at a line's end is whole again.

The text itself decides where it shows the word elsewhere; otherwise a few first parts keep their
hyphen ("well-known"), and all others lose it ("gar-den").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from mixer.lazy import compile_lazily
from mixer.script.document import join_lines, split_names

_HYPHEN = compile_lazily(r"(?P<left>[\p{L}\p{N}'’-]*[\p{L}\p{N}])(?:-|\u00ad|‐)$")
_FIRST_WORD = compile_lazily(r"[\p{L}\p{N}]+(?:-[\p{L}\p{N}]+)*")
_DIVIDED = compile_lazily(r"(?:-|\u00ad|‐)[ \t]*\n[ \t]*\p{L}+")
_WORD = compile_lazily(r"\p{L}+(?:-\p{L}+)*")


_COMPOUND_PARTS = split_names(
    "well self half ill cross ever all one two three four five six seven eight nine ten twenty "
    "thirty forty fifty sixty seventy eighty ninety hundred thousand high low long short old new "
    "full first second third last left right mother father sister brother son daughter good great "
    "grand deep far wide sea sun moon red blue green black white grey golden cold warm half-past "
    "light dark heavy quick slow so-called would-be vice anti non quasi semi "
    "tight hard soft open broad narrow north south east west middle upper lower bitter sweet"
)
"""First parts that usually keep their hyphen; what follows them is a word of its own."""

_PREFIXES = split_names("ex up down off out by")
"""First parts that keep it before a word that the text has on its own, and begin others."""

_SUFFIXES = split_names(
    "ed er ers est ing ings ly ness less ful ment ments tion tions sion able ible al ally ity ous "
    "ish ism ist ive ward wards hood ship some en es ern let teen teenth ty tieth"
)


@dataclass
class LineJoiner:
    """Joins wrapped lines; a word that a hyphen divides is whole where the text shows it whole."""

    text: str

    def join(self, lines: Sequence[str]) -> str:
        """One line with single spaces."""
        if not any(line.rstrip()[-1:] in _HYPHENS for line in lines[:-1]):
            return join_lines(lines)
        joined: list[list[str]] = [[lines[0].strip()]]
        for line in map(str.strip, lines[1:]):
            glue = self._join_word(joined[-1][-1], line) if line else None
            if glue is None:
                joined.append([line])
            else:
                joined[-1][-1:] = [glue, line]
        return join_lines(map("".join, joined))

    def _join_word(self, before: str, after: str) -> str | None:
        """The line before with its last hyphen kept or dropped; None where none divides a word."""
        left, right = _HYPHEN.search(before[-60:]), _FIRST_WORD.match(after)
        if left is None or right is None:
            return None
        return before if self._keeps_hyphen(left["left"], right[0]) else before[:-1]

    def _keeps_hyphen(self, left: str, right: str) -> bool:
        part = left.rpartition("-")[2].casefold()
        word = right.casefold()
        if part.isdigit() or word[0].isdigit() or "-" in right:
            return True
        if "-" in left:
            return self._words.isdisjoint((part + word, left.casefold() + word))
        if not right[0].islower() and not left.isupper():
            return True
        if f"{part}-{word}" in self._words:
            return True
        if part + word in self._words or word in _SUFFIXES:
            return False
        is_doubled = part[-1] == word[0] and part[-1] in "aeiou"
        is_prefixed = part in _PREFIXES and word in self._words
        return part in _COMPOUND_PARTS or is_prefixed or is_doubled

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(_WORD.findall(_DIVIDED.sub(" ", self.text.casefold())))


_HYPHENS = ("-", "\u00ad", "‐")
