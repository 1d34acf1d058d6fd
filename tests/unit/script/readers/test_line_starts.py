"""Lines that may begin like a pattern, and lines that cannot."""

import pytest

from mixer.script.readers.line_starts import list_starts, starts_like

PATTERN = r"chapter|cap[ií]tulo|acknowledge?ments|(?:premi[eè]re?|seconde?)|kısım|further reading|§"

LIKE = [
    "Chapter 1",
    "CAPÍTULO II",
    "Acknowledgments",
    "Première partie",
    "KISIM 3",
    "Further reading",
    "§ 5",
    "The Chapter",
]
UNLIKE = ["", "He chaptered it", "The end", "further on", "Art", "5"]


@pytest.mark.parametrize("line", LIKE)
def test_line_that_begins_like_the_pattern_may_match(line):
    assert starts_like(line, list_starts(PATTERN))


@pytest.mark.parametrize("line", UNLIKE)
def test_other_line_cannot_match(line):
    assert not starts_like(line, list_starts(PATTERN))
