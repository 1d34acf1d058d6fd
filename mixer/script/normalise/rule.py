"""Rules: what they see around a place, and how many of them become one pass over a text."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from mixer.script.normalise.language import Language
from mixer.script.normalise.offset_map import Replacement
from mixer.start_cache import compile_pattern

DIGITS = frozenset("0123456789")
ANY_TEXT: frozenset[str] = frozenset()
OPENING_QUOTES = " \u00a0\"'“‘«„¿¡"
OPENING = " \u00a0\"'“‘«„([¿¡"
SPACE = "[ \u00a0\u2009\u202f]"
"""One space: plain, no-break, thin or narrow no-break, as written between number and unit."""

FIGURE = r"\d(?:[\d.,]{0,20}\d)?"
"""Digits with the separators of any language; long enough for quintillions."""

MAX_KEPT_HINTS = 1_000

NEAR_CHARS = 24
"""How far from a figure a short hint that asks for one is searched for."""

LOOK_CHARS = 48
"""How far a rule looks to either side; longer than nearly every word."""

_NEXT_WORD = compile_pattern(r"[\"'”’»)\]]*[ \u00a0]+[\"'“‘«„(\[¿¡]*(\w[\w'’]*)")
_CLOSED = compile_pattern(r"[\"'”’»)\]\s]*")
_SENTENCE_START = compile_pattern(r"[.!?…][\"'”’»)\]]*\s[\"'“‘«„(\[¿¡]*$")
_STREET_NUMBER = compile_pattern(r"\d+(?:st|nd|rd|th)")
_FIGURES = compile_pattern(rf"\d(?:.{{0,{NEAR_CHARS}}}\d)*", re.DOTALL)
_LAST_WORD = compile_pattern(r"([\w'’]+)[ \u00a0]?$")


def next_word(text: str, position: int) -> str:
    """The word that follows; empty before a mark or the end."""
    match = _NEXT_WORD.match(text, position, position + LOOK_CHARS)
    return match[1] if match else ""


def previous_word(text: str, position: int) -> str:
    """The word just before; empty after a mark or the beginning."""
    match = _LAST_WORD.search(text[max(0, position - LOOK_CHARS) : position])
    return match[1] if match else ""


def is_capitalised(word: str) -> bool:
    """Whether a word begins with a capital letter."""
    return word[:1].isupper()


def is_name_like(word: str) -> bool:
    """Whether a word may be a name, or the number of a street: Elm, 42nd."""
    return is_capitalised(word) or _STREET_NUMBER.fullmatch(word) is not None


def starts_sentence(word: str, language: Language) -> bool:
    """Whether a word with a capital shows that a sentence begins."""
    return re.split("['’]", word, maxsplit=1)[0] in _sentence_starters(language)


@lru_cache
def _sentence_starters(language: Language) -> frozenset[str]:
    return frozenset(language.words("sentences.starters"))


def keep_stop(text: str, position: int, language: Language, *, any_capital: bool = False) -> str:
    """The full stop that remains when the abbreviation before it is written out, or "".

    Args:
        position: just after the abbreviation and its stop.
        any_capital: whether any capital that follows begins a sentence, not only known words.
    """
    if _is_text_end(text, position):
        return "."
    word = next_word(text, position)
    if starts_sentence(word, language) or (any_capital and is_capitalised(word)):
        return "."
    return ""


def _is_text_end(text: str, position: int) -> bool:
    if len(text) - position > LOOK_CHARS:
        return False
    return _CLOSED.fullmatch(text, position) is not None


def begins_sentence(text: str, position: int) -> bool:
    """Whether the text begins here, or the end of a sentence stands before."""
    before = text[max(0, position - LOOK_CHARS) : position]
    return not before.strip(OPENING_QUOTES) or _SENTENCE_START.search(before) is not None


def iterate_row_replacements(
    text: str,
    patterns: tuple[re.Pattern[str], re.Pattern[str]],
    spellings: Mapping[str, str],
    language: Language,
) -> Iterator[Replacement]:
    """Spell out what stands in a row, of which each shows what the others are.

    The patterns are of a row and of one in it, whose first group is the key of its spelling.
    """
    row, one = patterns
    for found in row.finditer(text):
        for match in one.finditer(text, *found.span()):
            stop = keep_stop(text, match.end(), language)
            yield Replacement(*match.span(), spellings[match[1]] + stop)


@dataclass(frozen=True, slots=True, eq=False)
class NormalisationRule:
    """One way of reading something.

    `find` proposes replacements for a text, sorted and not overlapping, in linear time; the rule
    applies only to texts that hold one of `required`, if there are any, and in which the pattern
    `hint` matches somewhere. The required are characters, and words with their full stops: `b.` is
    a letter that stands alone.
    """

    find: Callable[[str], Iterable[Replacement]]
    required: frozenset[str] = ANY_TEXT
    hint: str = ""


def compile_rule(
    pattern: str,
    expand: Callable[[re.Match[str]], str | None],
    required: Iterable[str] = ANY_TEXT,
    hint: str = "",
) -> NormalisationRule:
    """A rule for what a pattern matches; it is compiled for the first text that may hold it.

    Args:
        pattern: a regular expression; what its group `edit` matched is replaced, or all of
            it without such a group.
        expand: the spoken form, or None to leave the text as it is written.
        required: see NormalisationRule.
        hint: a cheaper pattern that matches somewhere in all texts in which the costlier one does.
    """
    return NormalisationRule(_PatternSearch(pattern, expand).find, frozenset(required), hint)


class _PatternSearch:
    """Finds what a rule's pattern matches, which is compiled for the first text."""

    def __init__(self, pattern: str, expand: Callable[[re.Match[str]], str | None]) -> None:
        self._source, self._expand = pattern, expand
        self._pattern: re.Pattern[str] | None = None

    def find(self, text: str) -> Iterable[Replacement]:
        """The replacements for a text."""
        pattern = self._pattern
        if pattern is None:
            pattern = self._pattern = compile_pattern(self._source)
        first = pattern.search(text)
        if first is None:
            return ()
        group = "edit" if "edit" in pattern.groupindex else 0
        return self._iterate_replacements(pattern.finditer(text, first.start()), group)

    def _iterate_replacements(
        self, matches: Iterable[re.Match[str]], group: str | int
    ) -> Iterator[Replacement]:
        expand = self._expand
        for match in matches:
            spoken = expand(match)
            if spoken is not None and spoken != match[group]:
                yield Replacement(*match.span(group), spoken)


def build_alternation(words: Iterable[str]) -> str:
    """A pattern for one of several words, the longest that fits.

    Grouped by their first character, so that `re` tries forty beginnings, not three hundred words.
    """
    groups = dict[str, list[str]]()
    for word in sorted(set(words)):
        rest = word[1:]
        groups.setdefault(word[:1], []).append(rest if rest.isalnum() else re.escape(rest))
    parts = (
        f"{re.escape(initial)}(?:{'|'.join(sorted(rests, key=len, reverse=True))})"
        for initial, rests in groups.items()
    )
    return "(?:" + "|".join(parts) + ")"


@lru_cache(maxsize=MAX_KEPT_HINTS)
def needs_digit(hint: str) -> bool:
    """Whether a hint asks for a figure outside groups: then it is not searched for without any."""
    if r"\d" not in hint:
        return False
    plain, grouped = re.sub(r"\[[^\]]*\]", "x", hint), ""
    while plain != grouped:
        plain, grouped = re.sub(r"\([^()]*\)", "x", plain), plain
    return "|" not in plain and re.search(r"\\d(?![?*]|\{[0,])", plain) is not None


class _Hint(NamedTuple):
    search: Callable[[str], re.Match[str] | None]
    is_near_figure: bool


@lru_cache(maxsize=MAX_KEPT_HINTS)
def _compile_hint(hint: str) -> _Hint:
    """Compile a hint; it is near a figure if its pattern can match no more than NEAR_CHARS."""
    plain = re.sub(r"\\.|\[[^\]]*\]", "x", hint)
    chars = len(hint) + sum(map(int, re.findall(r"\{(?:\d*,)?(\d+)\}", plain)))
    is_bounded = chars <= NEAR_CHARS and re.search(r"[*+]|,\}", plain) is None
    return _Hint(compile_pattern(hint).search, is_bounded and needs_digit(hint))


class _HintedText:
    """A paragraph in which hints are searched for once, short ones with figures around figures.

    Paragraphs are long and have few figures, and a hundred hints ask for one.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._found = dict[str, bool]()

    @cached_property
    def _near_figures(self) -> str:
        spans = (match.span() for match in _FIGURES.finditer(self._text))
        return "\n".join(
            self._text[max(0, start - NEAR_CHARS) : end + NEAR_CHARS] for start, end in spans
        )

    def has(self, hint: str) -> bool:
        """Whether a hint matches somewhere."""
        found = self._found.get(hint)
        if found is None:  # many rules share one
            search, is_near_figure = _compile_hint(hint)
            found = search(self._near_figures if is_near_figure else self._text) is not None
            self._found[hint] = found
        return found


def propose_replacements(rules: Sequence[NormalisationRule], text: str) -> list[Replacement]:
    """The replacements of all rules, sorted; where two overlap, the earlier rule wins."""
    hinted = _HintedText(text) if len(text) > NEAR_CHARS else None  # else a hint gains nothing
    accepted: list[Replacement] = []
    for rule in rules:
        if hinted is None or not rule.hint or hinted.has(rule.hint):
            proposals = [each for each in rule.find(text) if _is_free(accepted, each)]
            if proposals:
                accepted = sorted(accepted + proposals)
    return list(_capitalise_openings(text, accepted)) if accepted else accepted


def _capitalise_openings(text: str, accepted: Iterable[Replacement]) -> Iterator[Replacement]:
    """Capitalise a spoken form that begins a sentence: `No. 5 is`, `3rd place went`.

    What the author wrote in lower case stays so, and so does what follows an abbreviation whose
    full stop is silent.
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
    index = bisect_right(accepted, proposal.start, key=lambda other: other.start)
    if index and accepted[index - 1].end > proposal.start:
        return False
    return index == len(accepted) or accepted[index].start >= proposal.end
