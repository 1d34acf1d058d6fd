"""The one promise of content-defined boundaries: an edit stays where it was made."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise, product
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer.boundaries import find_boundaries, hash_fraction

MOST_CHANGED = 2
SPACINGS = st.integers(min_value=0, max_value=12)


class Item(NamedTuple):
    """A number makes items distinct, so that stretches can be compared by what they hold."""

    number: int
    is_mark: bool
    length: int


def items(min_size: int = 0) -> st.SearchStrategy[list[Item]]:
    drawn = st.tuples(st.booleans(), st.integers(min_value=0, max_value=15))
    return st.lists(drawn, min_size=min_size, max_size=60).map(
        lambda each: [Item(number, *item) for number, item in enumerate(each)]
    )


def stretches(sequence: Sequence[Item], spacing: float) -> list[tuple[Item, ...]]:
    marks = [item.is_mark for item in sequence]
    lengths = [item.length for item in sequence]
    ends = list(find_boundaries(marks, lengths, spacing))
    return [tuple(sequence[start:end]) for start, end in pairwise([0, *ends])]


def new_stretches(before: Sequence[Item], after: Sequence[Item], spacing: float) -> int:
    """How many stretches of the one are not among those of the other."""
    added = Counter(stretches(after, spacing)) - Counter(stretches(before, spacing))
    return added.total()


@settings(max_examples=500, derandomize=True, deadline=None)
@given(items(min_size=1), st.data(), SPACINGS)
def test_one_item_more_or_less_changes_at_most_two_stretches(longer, data, spacing):
    place = data.draw(st.integers(min_value=0, max_value=len(longer) - 1))
    shorter = longer[:place] + longer[place + 1 :]
    assert new_stretches(shorter, longer, spacing) <= MOST_CHANGED
    assert new_stretches(longer, shorter, spacing) <= MOST_CHANGED


@pytest.mark.parametrize("spacing", [0, 1, 2])
def test_at_most_two_stretches_change_in_every_short_sequence_there_is(spacing):
    kinds = list(product((False, True), (1, 3)))
    for drawn in product(kinds, repeat=5):
        longer = [Item(number, *kind) for number, kind in enumerate(drawn)]
        for place in range(len(longer)):
            shorter = longer[:place] + longer[place + 1 :]
            assert new_stretches(shorter, longer, spacing) <= MOST_CHANGED
            assert new_stretches(longer, shorter, spacing) <= MOST_CHANGED


@settings(max_examples=300, derandomize=True, deadline=None)
@given(items(min_size=1), st.data(), SPACINGS)
def test_an_item_that_loses_its_mark_to_a_new_one_behind_it_changes_at_most_two_stretches(
    before, data, spacing
):
    """What a sentence appended to a paragraph does to the sentence that ended it."""
    place = data.draw(st.integers(min_value=0, max_value=len(before) - 1))
    appended = Item(len(before), data.draw(st.booleans()), data.draw(st.integers(0, 15)))
    demoted = before[place]._replace(is_mark=False)
    after = [*before[:place], demoted, appended, *before[place + 1 :]]
    promoted = [*before[:place], before[place]._replace(is_mark=True), *before[place + 1 :]]
    shown = Counter(map(_numbers, stretches(after, spacing)))
    hidden = Counter(map(_numbers, stretches(promoted, spacing)))
    assert (shown - hidden).total() <= MOST_CHANGED
    assert (hidden - shown).total() <= MOST_CHANGED


def _numbers(stretch: tuple[Item, ...]) -> tuple[int, ...]:
    return tuple(item.number for item in stretch)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(items(), SPACINGS)
def test_stretches_hold_all_in_order_and_end_after_marks_that_are_far_enough_apart(
    sequence, spacing
):
    """None but the first and the last is as short as the spacing; a mark alone ends one."""
    found = stretches(sequence, spacing)
    assert [item for stretch in found for item in stretch] == sequence
    assert all(stretch[-1].is_mark for stretch in found[:-1])
    assert all(sum(item.length for item in stretch) > spacing for stretch in found[1:-1])
    ends = set(
        find_boundaries([i.is_mark for i in sequence], [i.length for i in sequence], spacing)
    )
    places = list(accumulate(item.length for item in sequence))
    marks = [index for index, item in enumerate(sequence) if item.is_mark]
    far = [mark for before, mark in pairwise(marks) if places[mark] - places[before] > spacing]
    assert ends >= {mark + 1 for mark in [*marks[:1], *far]}


def test_nothing_has_no_stretches():
    assert list(find_boundaries([], [], 3)) == []


def test_without_marks_all_is_one_stretch():
    assert list(find_boundaries([False] * 4, [1] * 4, 3)) == [4]


def test_a_mark_that_is_no_boundary_still_keeps_the_next_one_away():
    assert list(find_boundaries([True] * 4, [2] * 4, 3)) == [1, 4]


@given(st.text())
def test_a_draw_is_a_share_of_one_and_always_the_same(content):
    assert 0 <= hash_fraction(content) < 1
    assert hash_fraction(content) == hash_fraction(content)


def test_draws_are_spread_evenly():
    drawn = [hash_fraction(f"sentence {number}") for number in range(2000)]
    assert sum(drawn) / len(drawn) == pytest.approx(0.5, abs=0.02)
