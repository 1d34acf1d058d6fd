"""Words that a hyphen divides at the end of a line."""

import pytest

from mixer.script.readers.hyphenation import LineJoiner


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("the gar-\nden was wild", "the garden was wild"),
        ("the win-\ndows of neigh-\nbours", "the windows of neighbours"),
        ("a well-\nknown man", "a well-known man"),
        ("tried to re-\nstore it", "tried to restore it"),
        ("his mother-in-\nlaw came", "his mother-in-law came"),
        ("a one-\nsided story", "a one-sided story"),
        ("in 1914-\n1918 and later", "in 1914-1918 and later"),
        ("she won't sh-\nsh-shake", "she won't sh-sh-shake"),
        ("the Anglo-\nSaxon king", "the Anglo-Saxon king"),
        ("a co-\noperative man", "a co-operative man"),
        ("the tea-\ncup, a tea-cup", "the tea-cup, a tea-cup"),
        ("the tea-\npot, a teapot", "the teapot, a teapot"),
        ("much good-\nness", "much goodness"),
        ("he paused -\nand left", "he paused - and left"),
        ("a soft\u00ad\nness here", "a softness here"),
        ("an au-\ntumn day", "an autumn day"),
    ],
)
def test_a_word_that_a_line_end_divides_is_whole(lines, text):
    assert LineJoiner(lines).join(lines.split("\n")) == text
