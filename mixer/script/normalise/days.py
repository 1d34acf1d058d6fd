"""Days written in figures without their year, after a word that asks for a day: `am 12.3.`."""

import re
from collections.abc import Iterator

from mixer.script.normalise.language import Language
from mixer.script.normalise.rule import (
    DIGITS,
    SPACE,
    NormalisationRule,
    compile_rule,
    keep_stop,
)

DAYS, MONTHS = 31, 12


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """The day with the name of its month; a stop that ends the sentence stays."""
    leaders, months = language.phrase("dates.before_figures"), language.words("dates.months")
    if not leaders:
        return

    def expand(match: re.Match[str]) -> str | None:
        day, month, year = int(match["day"]), int(match["month"]), match["year"]
        if not (0 < day <= DAYS and 0 < month <= MONTHS):
            return None
        stop = "" if year else keep_stop(match.string, match.end(), language)
        return f"{day}. {months[month - 1]}{f' {year}' if year else ''}{stop}"

    yield compile_rule(
        rf"(?<!\w)(?:{leaders}) (?P<edit>(?P<day>\d{{1,2}})\.{SPACE}?(?P<month>\d{{1,2}})\."
        r"(?P<year>\d\d(?!\d))?)(?!\w|[.,]\d)(?! (?:Kapitel|Abschnitt|Absatz|Version))",
        expand,
        DIGITS,
        r"\d\. ?\d{1,2}\.",
    )
