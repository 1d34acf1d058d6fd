"""Divides the segments of a mix among workers. Pure.

Each worker renders neighbours, which share inputs. The slowest worker decides the total time, so
the most expensive group is made as cheap as possible, with as few workers as that takes.
"""

from collections.abc import Iterator, Sequence

from mixer.sound.render import Segment

GROUP_OVERHEAD_S = 4.0
"""What a segment costs on top of its length, in seconds of audio: starting FFmpeg, the rolls before
and after it (measured by `python -m bench story_mix`)."""


def render_costs_s(segments: Sequence[Segment], rate_hz: int) -> list[float]:
    """Estimate the cost of rendering each segment, in seconds of audio."""
    return [GROUP_OVERHEAD_S + (each.end - each.start) / rate_hz for each in segments]


def partition_by_cost(
    costs: Sequence[float], groups: int, max_items: int
) -> tuple[tuple[int, int], ...]:
    """Group neighbours at about equal cost; each group is its first item and one past its last.

    There are at most `groups`, unless `max_items` requires more.
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
    first, filled = 0, 0.0
    for item, cost in enumerate(costs):
        if item > first and (filled + cost > max_cost or item - first == max_items):
            yield first, item
            first, filled = item, 0.0
        filled += cost
    if costs:
        yield first, len(costs)
