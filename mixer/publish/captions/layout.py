"""Cuts a passage into cues and a cue into lines, at phrases and in balance.

The fewest cues that hold the passage comfortably; each is then cut where a phrase ends near an even
share of the rest. Windows of what fits are found by bisection, so that the whole is linear.

A break costs the less, the better a reader could pause there. The order follows subtitle guidelines
(Netflix Timed Text Style Guide, "Line Treatment"), refined by us: after a sentence, after a clause,
before a conjunction or preposition, between words, and only as a last resort between an article and
its noun. A plain break costs as much as one at a sentence that is 24 columns out of balance.
"""

import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from math import inf

import regex

from mixer.publish.captions.passages import Passage
from mixer.publish.captions.units import LINE_COLUMNS, Units

SENTENCE, CLAUSE, LEADER, PLAIN, BAD, FORCED = 0.0, 1.0, 3.0, 6.0, 11.0, 60.0
"""Cost of a break after a sentence, after a clause, before a word that leads a phrase, between any
two words, between two that belong together, and inside a word wider than a line."""


def _read_words() -> dict[str, frozenset[str]]:
    """The tables of `phrases.toml`, whose languages are read as one."""
    resource = files("mixer.publish.captions").joinpath("phrases.toml")
    tables: dict[str, dict[str, str]] = tomllib.loads(resource.read_text(encoding="utf-8"))
    return {
        name: frozenset(word for words in table.values() for word in words.split())
        for name, table in tables.items()
    }


_WORDS = _read_words()
_LEADERS, _HOLDERS = _WORDS["leaders"], _WORDS["holders"]
_ABBREVIATIONS = _WORDS["abbreviations"]
_CLOSING = "\"'”’»›)]}」』）】〉》*_"
_OPENING = "\"'“‘«‹([{¿¡„「『（*_ \u00a0\u202f"
_SENTENCE_END = frozenset("?!…。！？؟۔।॥።")
_CLAUSE_END = frozenset(",;:—–、，；：،؛·")
_HAN_OR_KATAKANA = regex.compile(r"[\p{Han}\p{Katakana}]")
_HIRAGANA = regex.compile(r"\p{Hiragana}")
_PARTICLE = regex.compile(r"[はがをにへとものでや]")
_IDEOGRAPHIC = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")


def break_cost(units: Units, unit: int) -> float:
    """The cost of a break before a unit other than the first."""
    if unit in units.forced:
        return FORCED
    text, starts, ends = units.text, units.starts, units.ends
    return _cost_between(text[starts[unit - 1] : ends[unit - 1]], text[starts[unit] : ends[unit]])


@lru_cache(maxsize=16_384)
def _cost_between(before: str, after: str) -> float:
    stripped = before.rstrip(_CLOSING) or before
    ending = stripped[-1]
    if ending in _SENTENCE_END:
        return CLAUSE if after.lstrip(_OPENING)[:1].islower() else SENTENCE
    if ending == ".":
        return _cost_after_full_stop(stripped, after)
    if ending in _CLAUSE_END and not stripped.isdigit():
        return CLAUSE
    if _IDEOGRAPHIC.match(after) and _IDEOGRAPHIC.match(ending):
        return _cost_between_ideographs(ending, after)
    return _cost_between_spaced(stripped, after)


def _cost_after_full_stop(before: str, after: str) -> float:
    """After a full stop, which ends a sentence or only an abbreviation (Dr., J., z. B.)."""
    core = before.lstrip(_OPENING)[:-1].casefold()
    if core in _ABBREVIATIONS or len(core) == 1 or core.isdigit():
        return BAD
    return PLAIN if after.lstrip(_OPENING)[:1].islower() else SENTENCE


def _cost_between_ideographs(before: str, after: str) -> float:
    """Japanese phrases end in particles and begin with kanji or katakana; Chinese has no marks."""
    if _PARTICLE.match(after):
        return BAD
    if _HIRAGANA.match(before):
        return LEADER if _HAN_OR_KATAKANA.match(after) or _PARTICLE.match(before) else PLAIN
    return BAD if _HIRAGANA.match(after) or "ァ" <= before <= "ー" else PLAIN


def _cost_between_spaced(before: str, after: str) -> float:
    left = before.lstrip(_OPENING).casefold()
    if left in _HOLDERS or left in _LEADERS or _is_figure(before, after):
        return BAD
    if after[0] in _OPENING:
        return LEADER
    return LEADER if after.rstrip(",").casefold() in _LEADERS else PLAIN


def _is_figure(before: str, after: str) -> bool:
    """Whether the break would separate a number from its unit or noun: 5 km, § 12, Chapter 3."""
    return before[-1:].isdigit() or after[:1].isdigit() or before in {"§", "№", "$", "€", "£"}


LONGEST_S = 7.0
SHORTEST_S = 1.0
READING_CPS = 17.0
"""A cue's limits on the screen: 7 s and 17 characters a second (Netflix, English Template Timed
Text Style Guide, sections 1 and 2, adults); at least 1 s, a little over that guide's 5/6 s."""

COMFORTABLE_COLUMNS = 72
"""A sentence in several cues fills each to about here, which leaves room to break at a phrase."""

_CUE_SCALE_COLUMNS = 10.0
_LINE_SCALE_COLUMNS = 5.0
"""An imbalance of this many columns costs 1, of twice as many 4, on the scale of break costs."""

_TOO_SHORT_COST = 30.0
_TOO_FAST_COST = 2.0
"""For a cue under 1 s, and for each character a second above the reading speed."""


@dataclass(frozen=True, slots=True)
class CaptionLayout:
    """One cue of a passage: units `first` to `stop` (exclusive), and their lines."""

    first: int
    stop: int
    lines: tuple[str, ...]


def fits_one_cue(units: Units) -> bool:
    """Whether two lines hold all units."""
    lower = _line_reach(units, 0)
    return lower >= len(units) or _line_reach(units, lower) >= len(units)


def lay_out_cues(passage: Passage) -> Iterator[CaptionLayout]:
    """Lay out the cues of a passage, in reading order."""
    total = len(passage.units)
    earliest = _earliest_starts(passage)
    first = 0
    for remaining in range(_cue_count(passage, len(earliest) - 1) - 1, 0, -1):
        lowest = max(first + 1, earliest[remaining] if remaining < len(earliest) else 0)
        highest = max(lowest, min(_cue_reach(passage, first), total - remaining))
        stop = _find_best_cut(passage, first, range(lowest, highest + 1), remaining)
        yield CaptionLayout(first, stop, break_lines(passage.units, first, stop))
        first = stop
    yield CaptionLayout(first, total, break_lines(passage.units, first, total))


def _cue_count(passage: Passage, fewest: int) -> int:
    """The number of cues: one if the passage fits, else enough to leave each some room."""
    if fewest == 1:
        return 1
    total = len(passage.units)
    comfortable = -(-passage.units.width(0, total) // COMFORTABLE_COLUMNS)
    return min(max(fewest, comfortable), total)


def _earliest_starts(passage: Passage) -> list[int]:
    """For each number of cues, the first unit from which the rest fits into it; ends at 0."""
    units, times_s = passage.units, passage.unit_times_s
    starts = [len(units)]
    while starts[-1]:
        stop = starts[-1]
        lower = bisect_left(units.first_columns, units.last_columns[stop - 1] - LINE_COLUMNS)
        lower = min(lower, stop - 1)
        upper = bisect_left(units.first_columns, units.last_columns[lower - 1] - LINE_COLUMNS)
        upper = min(upper, lower) if lower else 0
        soonest = bisect_left(times_s, times_s[stop] - LONGEST_S, 0, stop)
        starts.append(min(max(upper, soonest), stop - 1))
    return starts


def _cue_reach(passage: Passage, first: int) -> int:
    """The end of the longest cue that begins with this unit."""
    units, times_s = passage.units, passage.unit_times_s
    lower = max(_line_reach(units, first), first + 1)
    stop = max(_line_reach(units, lower), lower) if lower < len(units) else lower
    latest = bisect_right(times_s, times_s[first] + LONGEST_S) - 1
    return max(first + 1, min(stop, latest))


def _line_reach(units: Units, first: int) -> int:
    """The end of the longest line that begins with this unit."""
    return bisect_right(units.last_columns, units.first_columns[first] + LINE_COLUMNS)


def _find_best_cut(passage: Passage, first: int, choices: range, cues_left: int) -> int:
    units, times_s = passage.units, passage.unit_times_s
    columns, end = units.first_columns, units.last_columns[-1]
    even = columns[first] + (end - columns[first]) / (cues_left + 1)

    def weigh_haste(cut: int) -> float:
        cost = _haste_cost(columns[cut] - columns[first], times_s[cut] - times_s[first])
        if cues_left == 1:
            cost += _haste_cost(end - columns[cut], passage.next_start_s - times_s[cut])
        return cost

    return _find_cheapest_cut(units, choices, even, _CUE_SCALE_COLUMNS, weigh_haste)


def _find_cheapest_cut(
    units: Units,
    choices: range,
    even: float,
    scale: float,
    weigh_haste: Callable[[int], float] | None = None,
) -> int:
    """The break that costs least in phrase, balance and haste, each computed only if needed."""
    columns = units.first_columns
    best, lowest = choices[0], inf
    for cut in choices:
        cost = ((columns[cut] - even) / scale) ** 2
        if cost < lowest:
            cost += break_cost(units, cut)
            if cost < lowest and weigh_haste is not None:
                cost += weigh_haste(cut)
            if cost < lowest:
                best, lowest = cut, cost
    return best


def _haste_cost(columns: int, shown_s: float) -> float:
    short = _TOO_SHORT_COST if shown_s < SHORTEST_S else 0.0
    if columns <= READING_CPS * shown_s:
        return short
    return short + _TOO_FAST_COST * (columns / max(shown_s, 0.1) - READING_CPS)


def break_lines(units: Units, first: int, stop: int) -> tuple[str, ...]:
    """Break units that fit on two lines: into one if possible, else into two of similar length."""
    starts, end = units.first_columns, units.last_columns[stop - 1]
    if end - starts[first] <= LINE_COLUMNS:
        return (units.line(first, stop),)
    lowest = max(first + 1, bisect_left(starts, end - LINE_COLUMNS))
    highest = max(lowest, min(_line_reach(units, first), stop - 1))
    middle = (starts[first] + end) / 2
    cut = _find_cheapest_cut(units, range(lowest, highest + 1), middle, _LINE_SCALE_COLUMNS)
    return units.line(first, cut), units.line(cut, stop)
