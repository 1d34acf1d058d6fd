"""What something took (`in 2:14:09`), and times with a point in a row (`at 7.30, 9.15`)."""

import re
from collections.abc import Iterator, Mapping
from functools import partial

from mixer.script.normalise.language import Language
from mixer.script.normalise.offset_map import Replacement
from mixer.script.normalise.rule import SPACE, NormalisationRule, build_alternation, compile_rule
from mixer.start_cache import compile_pattern

_POINT_TIME = r"(?:[01]?\d|2[0-3])\.[0-5]\d"
_AMOUNTS = (
    "(?:per|c?m|km|kg|mi|million|billion|point|sec|inch|f[eo][eo]t|met|mile|pound|dollar|cent)"
)
"""What figures with a point count when they are not times."""


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """What something took: `in 2:14:09`, `1h 30m`, `3m 20s`."""
    if language.code == "en":
        yield _build_time_list_rule()
    names = language.number_forms("clock.durations")
    if not names:
        return
    expand = partial(_expand_duration, names=names, joint=language.phrase("symbols.and"))
    before = build_alternation(language.words("clock.before_duration"))
    yield compile_rule(
        rf"(?<!\w){before} (?P<edit>(?P<h>\d{{1,2}}):(?P<m>[0-5]\d):(?P<s>[0-5]\d))(?![\w:]|\.\d)",
        expand,
        ":",
        r"\d:\d\d:\d",
    )
    yield compile_rule(
        r"(?<![\w.,:/$€£-])(?:(?P<h>[1-9]\d?) ?h ?)?(?P<m>[1-5]?\d) ?m(?:in)?"
        r"(?: ?(?P<s>[1-5]?\d) ?s(?:ec)?)?(?!\w)",
        expand,
        "hs",
        r"\d ?[hm]",
    )


def _expand_duration(
    match: re.Match[str], names: Mapping[str, tuple[str, str]], joint: str
) -> str | None:
    if not (match["h"] or match["s"]):
        return None
    values = {unit: int(match[unit[0]] or 0) for unit in names}
    parts = [f"{n} {names[unit][n != 1]}" for unit, n in values.items() if n]
    return " ".join([*parts[:-1], *([joint] if parts[1:] else []), *parts[-1:]])


def _build_time_list_rule() -> NormalisationRule:
    """Times with a point, of which a list has several: `at 7.30, 9.15 and 14.00`."""
    listed = compile_pattern(
        rf"(?<!\w)(?:[Aa]t|leaves?|departs?|from) {_POINT_TIME}(?:, {_POINT_TIME})*"
        rf",? (?:and|or) {_POINT_TIME}(?!\w|[.,:]\d| ?[%°]|{SPACE}{_AMOUNTS})"
    )
    point = compile_pattern(r"(?<=\d)\.(?=\d)")

    def find(text: str) -> Iterator[Replacement]:
        for match in listed.finditer(text):
            for each in point.finditer(text, *match.span()):
                yield Replacement(*each.span(), ":")

    return NormalisationRule(find, frozenset("."), r"\d\.\d\d,? (?:and|or) \d")
