"""What a rule is, and how the proposals of many rules become one pass over a text."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from mixer.script.normalise.context import begins_sentence
from mixer.script.offset_map import Replacement

DIGITS = frozenset("0123456789")
ANY_TEXT: frozenset[str] = frozenset()
OPENING = " \u00a0\"'“‘«„([¿¡"
SPACE = "[ \u00a0\u2009\u202f]"
"""One space: plain, no-break, thin or narrow no-break, as written between number and unit."""


@dataclass(frozen=True, slots=True, eq=False)
class NormalisationRule:
    """One way of reading something.

    Attributes:
        find: proposes replacements for a text, sorted and not overlapping. Takes time in
            proportion to the text, whatever the text is.
        required_chars: characters one of which a text must hold for the rule to apply; empty for a
            rule
            that may always apply.
    """

    find: Callable[[str], Iterable[Replacement]]
    required_chars: frozenset[str] = ANY_TEXT


def compile_rule(
    pattern: str,
    expand: Callable[[re.Match[str]], str | None],
    required_chars: Iterable[str] = ANY_TEXT,
    hint: str = "",
) -> NormalisationRule:
    """A rule for what a pattern matches.

    Args:
        pattern: a regular expression; what its group `edit` matched is replaced, or all of it
            when there is no such group.
        expand: the spoken form, or None to leave the text as it is written.
        required_chars: see `Rule`.
        hint: a cheaper pattern that a text must hold for the dearer one to match.
    """
    compiled, promising = re.compile(pattern), re.compile(hint)
    group = "edit" if "edit" in compiled.groupindex else 0

    def find(text: str) -> Iterable[Replacement]:
        for match in compiled.finditer(text) if promising.search(text) else ():
            spoken = expand(match)
            if spoken is not None and spoken != match[group]:
                yield Replacement(*match.span(group), spoken)

    return NormalisationRule(find, frozenset(required_chars))


def build_alternation(words: Iterable[str]) -> str:
    """A pattern for one of some words, the longest that fits."""
    return "(?:" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + ")"


def propose_replacements(rules: Iterable[NormalisationRule], text: str) -> list[Replacement]:
    """What the rules say about a text, sorted; where two overlap, the earlier rule is heard."""
    present = set(text)
    heard: list[Replacement] = []
    for rule in rules:
        if rule.required_chars and rule.required_chars.isdisjoint(present):
            continue
        found = [one for one in rule.find(text) if _is_free(heard, one)]
        if found:
            heard = sorted(heard + found)
    return list(_capitalise_openings(text, heard))


def _capitalise_openings(text: str, accepted: Iterable[Replacement]) -> Iterator[Replacement]:
    """Give a spoken form the capital of the sentence it begins: `No. 5 is`, `3rd place went`.

    What the author wrote in lower case stays so, and so does what follows an abbreviation whose
    full stop is not said.
    """
    silent_until = 0
    for start, end, spoken in accepted:
        capital = spoken
        if spoken[:1].islower() and not text[start].islower():
            after_silent_stop = silent_until and not text[silent_until:start].strip(OPENING)
            if not after_silent_stop and begins_sentence(text, start):
                capital = spoken[0].upper() + spoken[1:]
        yield Replacement(start, end, capital)
        silent_until = 0 if spoken.endswith((".", "!", "?", "…")) else end


def _is_free(accepted: list[Replacement], proposal: Replacement) -> bool:
    """Say whether a proposal overlaps none of those already heard."""
    index = bisect_right(accepted, proposal.start, key=lambda other: other.start)
    if index and accepted[index - 1].end > proposal.start:
        return False
    return index == len(accepted) or accepted[index].start >= proposal.end
