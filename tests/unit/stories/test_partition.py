"""How reels are shared out among workers."""

import math
import random
from itertools import pairwise
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.stories.batches import MAX_BATCHES, MAX_CHUNKS, batch_size, batch_sizes
from mixer.stories.batches import WORKERS as SPEAKERS
from mixer.stories.steps.mix import partition_by_cost

WORKERS, MOST_ITEMS = 60, 100


def spread(costs):
    """The dearest group, in means, and how many there are."""
    groups = [sum(costs[first:end]) for first, end in partition_by_cost(costs, WORKERS, MOST_ITEMS)]
    return max(groups) / mean(groups), len(groups)


@pytest.mark.parametrize("count", [*range(61, 400, 7), 300, 1_000, 5_000])
def test_longest_worker_of_equal_segments_is_close_to_the_mean(count):
    longest, groups = spread([132.0] * count)
    assert longest <= 1.2
    assert groups <= WORKERS


def test_longest_worker_of_a_book_of_chapters_is_close_to_the_mean():
    """Ten hours: a chapter's parts are alike, from chapter to chapter they are not."""
    chance = random.Random(3)
    for _ in range(200):
        costs = []
        while sum(costs) < 36_000:
            parts = chance.randint(1, 5)
            costs += [4 + chance.uniform(64, 192)] * parts
        assert spread(costs)[0] <= 1.2


@given(st.lists(st.floats(1, 200), max_size=300), st.integers(1, 80), st.integers(1, 120))
def test_groups_hold_every_item_once_and_none_too_many(costs, groups, most_items):
    spans = partition_by_cost(costs, groups, most_items)
    held = [item for first, end in spans for item in range(first, end)]
    assert held == list(range(len(costs)))
    assert all(0 < end - first <= most_items for first, end in spans)
    if len(costs) <= groups * most_items // 2:
        assert len(spans) <= max(groups, -(-len(costs) // most_items))


@pytest.mark.parametrize("chunks", [1, 3, 60, 200, 9_100, 25_001, 125_000, 1_000_000])
def test_batches_are_few_enough_for_one_page_of_a_listing_and_end_together(chunks):
    size = batch_size(chunks)
    assert math.ceil(chunks / size) <= MAX_BATCHES
    assert size <= MAX_CHUNKS or chunks > MAX_BATCHES * MAX_CHUNKS
    assert math.ceil(chunks / size) % SPEAKERS == 0 or chunks < 5


@pytest.mark.parametrize("chunks", [1, 2, 3, 10, 100, 1_500, 30_000])
def test_first_chunk_is_alone_and_batches_grow_to_their_usual_size(chunks):
    sizes = batch_sizes(chunks)
    assert (sizes[0], sum(sizes)) == (1, chunks)
    assert all(after <= 2 * before for before, after in pairwise(sizes))
    assert max(sizes) <= max(batch_size(chunks), 1)
    assert len(sizes) <= MAX_BATCHES + math.log2(max(chunks, 2)) + 1
