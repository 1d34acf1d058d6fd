"""Chapters are chosen by the numbers that the plan shows."""

import pytest

from mixer.errors import BadOption
from mixer.script.planning.chapters import select_chapters

CHAPTERS = "abcdefghi"


@pytest.mark.parametrize(
    ("choice", "selected"),
    [
        ("", CHAPTERS),
        ("1", "a"),
        ("2-5,9", "bcdei"),
        ("9, 1-2", "abi"),
        ("3,3-3", "c"),
        ("1-9", CHAPTERS),
    ],
)
def test_choice_is_read_in_the_order_of_the_book(choice, selected):
    assert "".join(select_chapters(CHAPTERS, choice)) == selected


@pytest.mark.parametrize("choice", ["0", "10", "5-2", "1-10", "99999"])
def test_number_that_is_not_a_chapter_is_refused_by_name(choice):
    with pytest.raises(BadOption, match=choice) as refusal:
        select_chapters(CHAPTERS, choice)
    assert refusal.value.details["field"] == "chapters"
