"""What a rule is, and how the proposals of many rules become one pass over a text."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from mixer.script.edits import Replacement
from mixer.script.rules.context import begins_sentence

DIGITS = frozenset("0123456789")
ANYTHING: frozenset[str] = frozenset()
OPENING = " \u00a0\"'“‘«„([¿¡"
SPACE = "[ \u00a0\u2009\u202f]"
"""One space: plain, no-break, thin or narrow no-break, as written between number and unit."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One way of reading something.

    Attributes:
        find: proposes replacements for a text, sorted and not overlapping. Takes time in
            proportion to the text, whatever the text is.
        needs: characters one of which a text must hold for the rule to apply; empty for a rule
            that may always apply.
    """

    find: Callable[[str], Iterable[Replacement]]
    needs: frozenset[str] = ANYTHING


def matching(
    pattern: str,
    say: Callable[[re.Match[str]], str | None],
    needs: Iterable[str] = ANYTHING,
    hint: str = "",
) -> Rule:
    """A rule for what a pattern matches.

    Args:
        pattern: a regular expression; what its group `edit` matched is replaced, or all of it
            when there is no such group.
        say: the spoken form, or None to leave the text as it is written.
        needs: see `Rule`.
        hint: a cheaper pattern that a text must hold for the dearer one to match.
    """
    compiled, promising = re.compile(pattern), re.compile(hint)
    group = "edit" if "edit" in compiled.groupindex else 0

    def find(text: str) -> Iterable[Replacement]:
        for match in compiled.finditer(text) if promising.search(text) else ():
            spoken = say(match)
            if spoken is not None and spoken != match[group]:
                yield Replacement(*match.span(group), spoken)

    return Rule(find, frozenset(needs))


def any_of(words: Iterable[str]) -> str:
    """A pattern for one of some words, the longest that fits."""
    return "(?:" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + ")"


def proposals(rules: Iterable[Rule], text: str) -> list[Replacement]:
    """What the rules say about a text, sorted; where two overlap, the earlier rule is heard."""
    present = set(text)
    heard: list[Replacement] = []
    for rule in rules:
        if rule.needs and rule.needs.isdisjoint(present):
            continue
        found = [one for one in rule.find(text) if _is_free(heard, one)]
        if found:
            heard = sorted(heard + found)
    return list(_with_capitals(text, heard))


def _with_capitals(text: str, heard: Iterable[Replacement]) -> Iterator[Replacement]:
    """Give a spoken form the capital of the sentence it begins: `No. 5 is`, `3rd place went`.

    What the author wrote in lower case stays so, and so does what follows an abbreviation whose
    full stop is not said.
    """
    silent_until = 0
    for start, end, spoken in heard:
        capital = spoken
        if spoken[:1].islower() and not text[start].islower():
            after_silent_stop = silent_until and not text[silent_until:start].strip(OPENING)
            if not after_silent_stop and begins_sentence(text, start):
                capital = spoken[0].upper() + spoken[1:]
        yield Replacement(start, end, capital)
        silent_until = 0 if spoken.endswith((".", "!", "?", "…")) else end


def _is_free(heard: list[Replacement], one: Replacement) -> bool:
    """Say whether a proposal overlaps none of those already heard."""
    index = bisect_right(heard, one.start, key=lambda other: other.start)
    if index and heard[index - 1].end > one.start:
        return False
    return index == len(heard) or heard[index].start >= one.end
