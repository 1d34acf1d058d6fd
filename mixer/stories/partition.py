"""How the segments of a mix are shared out among workers. Pure.

A worker renders neighbours, so that it fetches what they share once; the slowest worker decides
when the mix is done. So the most expensive group is made as cheap as it can be, in no more groups
than that takes: one more worker than needed starts for nothing.
"""

from collections.abc import Iterator, Sequence

from mixer.sound.render import Segment

GROUP_OVERHEAD_S = 4.0
"""What a segment costs on top of its length, in seconds of audio: starting FFmpeg, the rolls before
and after it (measured by `python -m bench story_mix`)."""


def render_costs_s(segments: Sequence[Segment], rate_hz: int) -> list[float]:
    """What it takes to render each, in seconds of audio."""
    return [GROUP_OVERHEAD_S + (each.end - each.start) / rate_hz for each in segments]


def partition_by_cost(
    costs: Sequence[float], groups: int, max_items: int
) -> tuple[tuple[int, int], ...]:
    """Neighbours in groups of about the same cost.

    Args:
        costs: of the items, in order.
        groups: at most, where `most_items` allows it.
        max_items: of a group.

    Returns:
        For each group its first item, and one past its last.
    """
    groups = max(groups, -(-len(costs) // max_items))
    low, high = max(costs, default=0.0), sum(costs)
    while high - low > high / 1_000:
        middle = (low + high) / 2
        if len(list(_fill_groups(costs, middle, max_items))) <= groups:
            high = middle
        else:
            low = middle
    return tuple(_fill_groups(costs, high, max_items))


def _fill_groups(
    costs: Sequence[float], max_cost: float, max_items: int
) -> Iterator[tuple[int, int]]:
    """Groups filled one after the other, up to so much each."""
    first, filled = 0, 0.0
    for item, cost in enumerate(costs):
        if item > first and (filled + cost > max_cost or item - first == max_items):
            yield first, item
            first, filled = item, 0.0
        filled += cost
    if costs:
        yield first, len(costs)
