"""Titles that only their place shows: lines of their own between paragraphs, names or capitals."""

from collections.abc import Sequence
from dataclasses import dataclass

from mixer.lazy import compile_lazily
from mixer.script.document import split_names
from mixer.script.readers.headings import (
    SUBTITLE_CHARS,
    TITLE_CHARS,
    ends_sentence,
    ends_statement,
    is_capitals,
    is_chapter_line,
)
from mixer.script.readers.marks import find_byline, is_ornament
from mixer.script.readers.paragraph_lines import QUOTATION_MARKS, begins_like_verse
from mixer.script.readers.typed_titles import is_scene_line

MIN_NAMES, MIN_CAPITALS, MAX_SMALL_CHARS = 3, 2, 4
"""Of titles without numbers, or in capitals, in a text; of words that begin with small letters."""

_FIRST_WORDS = split_names("The A An Of On In To At From For With By Der Die Das Ein Le La Les El")
_SIGNATURE = compile_lazily(r"\p{Lu}.{2,30}[^,;:]")


@dataclass(frozen=True, slots=True)
class LoneTitles:
    """The paragraphs of a text, as lines, among which titles are found."""

    groups: Sequence[Sequence[str]]

    def find_names(self) -> set[int]:
        """Titles without numbers, in a line of their own between paragraphs; few of them are none.

        Those that sign letters are names, so that some have an article or a preposition.
        """
        found = {n for n in range(1, len(self.groups) - 1) if self._is_named(n)}
        titles = {self.groups[n][0].strip() for n in found}
        worded = sum(_has_small_word(title) for title in titles)
        are_titles = MIN_NAMES <= len(titles) == len(found) <= len(self.groups) / 3
        return found if are_titles and worded * 3 >= len(titles) else set()

    def find_capitals(self) -> set[int]:
        """Titles in capitals, in a line of their own between paragraphs."""
        return {n for n in range(1, len(self.groups) - 1) if self._is_capital_title(n)}

    def _is_named(self, n: int) -> bool:
        before, lines = self.groups[n - 1], self.groups[n]
        title = lines[0].strip()
        if len(lines) > 1 or len(title) > SUBTITLE_CHARS or title.startswith(QUOTATION_MARKS):
            return False
        is_name = title[0].isupper() and all(map(_is_title_word, title.split()))
        if not is_name or title.startswith("Your"):  # of letters
            return False
        after = self._find_text(n + 1)
        is_signed = len(before) == 1 and (
            _SIGNATURE.fullmatch(before[0].strip()) is not None
            or bool(find_byline(before[0].strip()))
        )
        are_prose = (is_signed or ends_statement(before[-1])) and begins_like_verse(after[0])
        is_text = len(after) > 1 or ends_statement(after[0])
        return not ends_sentence(title) and are_prose and is_text

    def _is_capital_title(self, n: int) -> bool:
        lines = self.groups[n]
        text = lines[0].strip() if len(lines) == 1 else ""
        is_signed = text.isupper() and self._find_text(n + 1) is not self.groups[n + 1]
        is_title = is_signed or is_capitals(text)
        is_title = is_title and len(text) <= TITLE_CHARS and not ends_sentence(text)
        is_title = is_title and not text.startswith(QUOTATION_MARKS) and not find_byline(text)
        is_title = is_title and not is_scene_line(text)
        return is_title and self._stands_between_prose(n, is_signed=is_signed)

    def _stands_between_prose(self, n: int, *, is_signed: bool) -> bool:
        before, after = self.groups[n - 1], self._find_text(n + 1)
        if after[0].isupper() or not begins_like_verse(after[0]):
            return False
        is_between = ends_statement(before[-1]) or is_ornament(before[-1]) or _is_title(before)
        return is_between or is_signed

    def _find_text(self, n: int) -> Sequence[str]:
        """The paragraph at a place, or below a line there that names an author."""
        found = self.groups[n : n + 2]
        is_byline = len(found) > 1 and len(found[0]) == 1 and bool(find_byline(found[0][0].strip()))
        return found[is_byline] if found else [""]


def _is_title_word(word: str) -> bool:
    """Whether a word begins with a capital, or is an article or a preposition."""
    return word[0].isupper() or (word.islower() and len(word) <= MAX_SMALL_CHARS)


def _has_small_word(title: str) -> bool:
    """Whether a title has an article or a preposition, perhaps as its first word."""
    first, *others = title.split()
    return bool(others) and (first in _FIRST_WORDS or any(map(str.islower, others)))


def _is_title(lines: Sequence[str]) -> bool:
    line = lines[0].strip()
    is_heading = is_chapter_line(line) or is_capitals(line) or bool(find_byline(line))
    return len(lines) == 1 and is_heading
