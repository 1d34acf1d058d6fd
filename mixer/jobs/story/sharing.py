"""How the reels of a mix are shared out among workers. Pure.

A worker renders neighbours, so that it fetches what they share once; the longest worker decides
when the mix is done. So the reels are parted where the dearest group is as cheap as it can be, and
into no more groups than that takes: one more worker than needed starts for nothing.
"""

from collections.abc import Iterator, Sequence

from mixer.sound.segments import Reel

REEL_S = 4.0
"""What each reel costs beside its own length, in seconds of audio: an FFmpeg that starts, the rolls
before and behind it (measured by `python -m bench story_mix`)."""


def costs(reels: Sequence[Reel], rate_hz: int) -> list[float]:
    """What it takes to render each, in seconds of audio."""
    return [REEL_S + (reel.end - reel.start) / rate_hz for reel in reels]


def shared_out(costs: Sequence[float], groups: int, most_items: int) -> tuple[tuple[int, int], ...]:
    """Neighbours in groups of about the same cost.

    Args:
        costs: of the items, in order.
        groups: at most, where `most_items` allows it.
        most_items: of a group.

    Returns:
        For each group its first item, and one past its last.
    """
    groups = max(groups, -(-len(costs) // most_items))
    low, high = max(costs, default=0.0), sum(costs)
    while high - low > high / 1_000:
        middle = (low + high) / 2
        if len(list(_filled(costs, middle, most_items))) <= groups:
            high = middle
        else:
            low = middle
    return tuple(_filled(costs, high, most_items))


def _filled(costs: Sequence[float], most: float, most_items: int) -> Iterator[tuple[int, int]]:
    """Groups filled one after the other, up to so much each."""
    first, filled = 0, 0.0
    for item, cost in enumerate(costs):
        if item > first and (filled + cost > most or item - first == most_items):
            yield first, item
            first, filled = item, 0.0
        filled += cost
    if costs:
        yield first, len(costs)
