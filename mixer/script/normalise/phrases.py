"""Kinds of writing that one pattern recognises: `a ratio of 3:1`, `№ 7`, `C#`, `V. 3.10.4`.

They are data of a language. A table `phrases.NAME` has a pattern (`find`), what is spoken (`say`,
with its groups), the characters or a list of words without which it is not tried (`when`), and
perhaps a cheaper pattern (`hint`). Those of `rewrites` come first: they only write the same thing
another way, so that the rules for figures understand it (`10 000` as `10,000`).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mixer.script.normalise.language import Language
from mixer.script.normalise.rule import NormalisationRule, compile_rule


def build_rewrite_rules(language: Language) -> Iterator[NormalisationRule]:
    """Other ways to write a figure."""
    return _build_table_rules(language, "rewrites")


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """Phrases, written out."""
    return _build_table_rules(language, "phrases")


def _build_table_rules(language: Language, name: str) -> Iterator[NormalisationRule]:
    for row in language.table(name).values():
        yield _build_phrase_rule(language.fill_pattern(row["find"]), row)


def _build_phrase_rule(pattern: str, row: Mapping[str, Any]) -> NormalisationRule:
    def expand(match: re.Match[str]) -> str:
        return match.expand(str(row["say"]))

    return compile_rule(pattern, expand, row["when"], row.get("hint", ""))
