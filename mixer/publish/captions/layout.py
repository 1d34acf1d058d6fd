"""Cuts a passage into cues and a cue into lines, at phrases and in balance.

The fewest cues that hold the passage comfortably; each is then cut where a phrase ends near an even
share of what is left. Windows of what fits are found by bisection, so that the whole is linear.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf

from mixer.publish.captions.breaks import break_cost
from mixer.publish.captions.units import LINE_COLUMNS, Units

LONGEST_S = 7.0
SHORTEST_S = 1.0
READING_CPS = 17.0
"""A cue's limits on the screen: 7 s and 17 characters a second (Netflix, English Template Timed
Text Style Guide, sections 1 and 2, adults); at least 1 s, a little over that guide's 5/6 s."""

COMFORTABLE_COLUMNS = 72
"""A sentence in several cues fills each about so far, which leaves room to break at a phrase."""

_CUE_SCALE_COLUMNS = 10.0
_LINE_SCALE_COLUMNS = 5.0
"""An unevenness of so many columns costs 1, twice as many 4, on the scale of break costs."""

_TOO_SHORT_COST = 30.0
_TOO_FAST_COST = 2.0
"""For a cue under 1 s, and for each character a second over the reading speed."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence, or short ones that share a cue, and when its units are heard.

    Attributes:
        units: one or more.
        unit_times_s: when each unit begins, and behind the last when it ends.
        next_start_s: when the next passage begins.
    """

    units: Units
    unit_times_s: list[float]
    next_start_s: float


@dataclass(frozen=True, slots=True)
class CaptionLayout:
    """One cue of a passage: units `first` to `behind` (exclusive), and how they are written."""

    first: int
    stop: int
    lines: tuple[str, ...]


def fits_one_cue(units: Units) -> bool:
    """Whether two lines hold all units."""
    lower = _line_reach(units, 0)
    return lower >= len(units) or _line_reach(units, lower) >= len(units)


def lay_out_cues(passage: Passage) -> Iterator[CaptionLayout]:
    """The cues of a passage, in reading order."""
    total = len(passage.units)
    earliest = _earliest_starts(passage)
    first = 0
    for left in range(_cue_count(passage, len(earliest) - 1) - 1, 0, -1):
        lowest = max(first + 1, earliest[left] if left < len(earliest) else 0)
        highest = max(lowest, min(_cue_reach(passage, first), total - left))
        behind = _find_best_cut(passage, first, range(lowest, highest + 1), left)
        yield CaptionLayout(first, behind, break_lines(passage.units, first, behind))
        first = behind
    yield CaptionLayout(first, total, break_lines(passage.units, first, total))


def _cue_count(passage: Passage, fewest: int) -> int:
    """How many cues a passage gets: one if it fits, else enough to leave each some room."""
    if fewest == 1:
        return 1
    total = len(passage.units)
    comfortable = -(-passage.units.width(0, total) // COMFORTABLE_COLUMNS)
    return min(max(fewest, comfortable), total)


def _earliest_starts(passage: Passage) -> list[int]:
    """For each number of cues, the first unit from which the rest fits into so many; ends at 0."""
    units, heard_s = passage.units, passage.unit_times_s
    starts = [len(units)]
    while starts[-1]:
        behind = starts[-1]
        lower = bisect_left(units.first_columns, units.last_columns[behind - 1] - LINE_COLUMNS)
        lower = min(lower, behind - 1)
        upper = bisect_left(units.first_columns, units.last_columns[lower - 1] - LINE_COLUMNS)
        upper = min(upper, lower) if lower else 0
        soonest = bisect_left(heard_s, heard_s[behind] - LONGEST_S, 0, behind)
        starts.append(min(max(upper, soonest), behind - 1))
    return starts


def _cue_reach(passage: Passage, first: int) -> int:
    """How far a cue that begins with this unit can go: the unit behind its last."""
    units, heard_s = passage.units, passage.unit_times_s
    lower = max(_line_reach(units, first), first + 1)
    behind = max(_line_reach(units, lower), lower) if lower < len(units) else lower
    latest = bisect_right(heard_s, heard_s[first] + LONGEST_S) - 1
    return max(first + 1, min(behind, latest))


def _line_reach(units: Units, first: int) -> int:
    """The unit behind the last that fits on a line with this one."""
    return bisect_right(units.last_columns, units.first_columns[first] + LINE_COLUMNS)


def _find_best_cut(passage: Passage, first: int, choices: range, cues_left: int) -> int:
    """Where the cue that begins with `first` ends best, with so many cues to follow."""
    units, heard_s = passage.units, passage.unit_times_s
    columns, end = units.first_columns, units.last_columns[-1]
    even = columns[first] + (end - columns[first]) / (cues_left + 1)

    def haste(cut: int) -> float:
        cost = _haste_cost(columns[cut] - columns[first], heard_s[cut] - heard_s[first])
        if cues_left == 1:
            cost += _haste_cost(end - columns[cut], passage.next_start_s - heard_s[cut])
        return cost

    return _find_cheapest_cut(units, choices, even, _CUE_SCALE_COLUMNS, haste)


def _find_cheapest_cut(
    units: Units,
    choices: range,
    even: float,
    scale: float,
    haste: Callable[[int], float] | None = None,
) -> int:
    """The break that costs least in phrase, balance and haste; asks no more than it must."""
    columns = units.first_columns
    best, lowest = choices[0], inf
    for cut in choices:
        cost = ((columns[cut] - even) / scale) ** 2
        if cost < lowest:
            cost += break_cost(units, cut)
            if cost < lowest and haste is not None:
                cost += haste(cut)
            if cost < lowest:
                best, lowest = cut, cost
    return best


def _haste_cost(columns: int, shown_s: float) -> float:
    """What it costs to show so many columns for so long: too short, too fast to read."""
    short = _TOO_SHORT_COST if shown_s < SHORTEST_S else 0.0
    if columns <= READING_CPS * shown_s:
        return short
    return short + _TOO_FAST_COST * (columns / max(shown_s, 0.1) - READING_CPS)


def break_lines(units: Units, first: int, stop: int) -> tuple[str, ...]:
    """Units that fit on two lines: on one where that is enough, else on two about as long."""
    starts, end = units.first_columns, units.last_columns[stop - 1]
    if end - starts[first] <= LINE_COLUMNS:
        return (units.line(first, stop),)
    lowest = max(first + 1, bisect_left(starts, end - LINE_COLUMNS))
    highest = max(lowest, min(_line_reach(units, first), stop - 1))
    middle = (starts[first] + end) / 2
    cut = _find_cheapest_cut(units, range(lowest, highest + 1), middle, _LINE_SCALE_COLUMNS)
    return units.line(first, cut), units.line(cut, stop)
