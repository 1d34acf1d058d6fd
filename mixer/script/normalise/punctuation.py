"""Marks without a sound: invisible characters, decorations, dashes and ellipses.

These passes come first, so that the rules for words read clean text.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mixer.script.normalise.language import Language
from mixer.script.normalise.offset_map import Replacement
from mixer.script.normalise.rule import LOOK_CHARS, NormalisationRule, compile_rule
from mixer.start_cache import compile_pattern

EMPHASIS_CHARS = "*_~"
"""Marks that typists put around a word to stress it."""

CONTROLS = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # control characters except white space
    "\u00ad"  # soft hyphen
    "\u200b\u200e\u200f\u2060-\u2064\ufeff"  # zero-width space, direction marks, joiners, BOM
    "\u202a-\u202e\u2066-\u206f"  # embeddings, overrides and isolates of direction
    "\ufff9-\ufffb"  # interlinear annotation
    "\ud800-\udfff"  # halves of surrogate pairs, not text
)
"""Characters without sound or width; Unicode 17, general categories Cc, Cf and Cs.

The joiners U+200C and U+200D stay: Indic and Arabic script and emoji need them.
"""

NOTE_FIGURES = "⁰¹²³⁴⁵⁶⁷⁸⁹"
"""Small raised figures."""

_INVISIBLE = compile_pattern(f"[{CONTROLS}]+|(?<=[A-Za-zÀ-ɏ])[\u200c\u200d]+(?=[A-Za-zÀ-ɏ])")
_DASHES = "--|—"
_BEFORE_FIGURES = (
    r"(?:(?<=[^\W\d_])|(?<=[\"'”’)!?.,;%°]))(?:-{2,3}|—)(?=[$£€]?\d)",
    r"(?<=\d)—(?=[$£€]|\d{1,3},\d{3})",
)
"""Dashes that part a figure from what is before it; that of `1914—1918` does not."""

_DOTS = r"\.[. ]\."
_RUN = compile_pattern(f"[{re.escape(EMPHASIS_CHARS)}]+")


_SPREAD = r"(?<![\w.’'-])[^\W\d_](?: [a-zäöüßà-ÿ]){4,15}(?![\w’'-]| \w(?!\w))"
"""A word of which the letters stand apart: `n i c h t s`."""

_SPREAD_VOWELS = "aeiouäöü"
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def build_invisible_rule() -> NormalisationRule:
    """Remove characters without sound or width."""

    def find(text: str) -> Iterable[Replacement]:
        if not text.isprintable():  # ten times as fast as the search, and true of nearly all text
            yield from (Replacement(*match.span(), "") for match in _INVISIBLE.finditer(text))

    return NormalisationRule(find)


def build_decoration_rules() -> list[NormalisationRule]:
    """Remove bullets, separators and emphasis."""
    return [
        compile_rule(r"^[-=*_#~•·—–\s]+$", _drop_ornament, "-=*_#~•·"),
        compile_rule(r"^(?:(?:[*•_~]+|#{1,6})[ \u00a0])+", _drop_match, "*#•_~"),
        compile_rule(r"(?: (?:[*_#~]{2,}|[*_]))+(?= |$)", _drop_separator, "*_#~"),
        *_build_note_rules(),
        compile_rule(_SPREAD, _join_letters, _SPREAD_VOWELS, r" \w \w \w \w(?!\w)"),
        compile_rule(r"(?<![\w$])(?P<edit>\$)(?=[A-Za-z\\(][^$]{0,60}\$(?!\w))", _drop_match, "$"),
        compile_rule(r"(?<![\w$])\$[A-Za-z\\(][^$]{0,60}(?P<edit>\$)(?!\w)", _drop_match, "$"),
        NormalisationRule(_find_emphasis, frozenset(EMPHASIS_CHARS)),
    ]


def _build_note_rules() -> Iterator[NormalisationRule]:
    """Marks of notes after a word or a stop: `[1]`, `¹`, `†`."""
    number = r"[1-9]\d{0,2}"
    one = rf"\[(?:{number}(?:[,–-] ?{number})*|[Nn]otes? {number}|citation needed)\]"
    mark = rf"{one}(?:[,–-]?{one})*"
    letter = r"\[[a-z*†‡]\]"
    others = rf"(?:(?:(?<!{letter})[,–-])?{one}|{letter})*"  # one way to match: no backtracking
    yield compile_rule(rf"(?<=[^\W\d_]{{2}}){mark}(?![\w\[(])", _drop_note, "[")
    yield compile_rule(
        rf"(?<=[.,;:!?…”\"’')])(?:{one}|{letter}){others}(?![\w\[(])", _drop_match, "["
    )
    yield compile_rule(rf"(?<=\w) {mark}(?=[.,;:!?](?:\s|$))", _drop_match, "[")
    yield compile_rule(r"(?<=[\w.,;:!?…”\"’')])\[\^[\w-]{1,20}\]", _drop_match, "^")
    stop = r"(?<=[.,;:!?…”\"’')])"
    yield compile_rule(
        rf"(?:{stop}|(?<=[^\W\d_]{{2}}))[{NOTE_FIGURES}]{{1,3}}(?![\w⁺⁻])",
        _drop_note_figure,
        NOTE_FIGURES,
    )
    yield compile_rule(rf"(?:{stop}|(?<=[^\W_]))[†‡]{{1,3}}(?!\w)", _drop_match, "†‡")


def _drop_note(match: re.Match[str]) -> str | None:
    """Drop the mark of a note, but no index in a piece of code: `list_a[2]`, `${name[2]}`."""
    text = match.string
    word = text[max(0, match.start() - LOOK_CHARS) : match.start()].rpartition(" ")[2]
    return None if re.search(r"[a-z]_|[$\\{}=(]|->", word) else ""


def _drop_note_figure(match: re.Match[str]) -> str | None:
    """Drop a small figure after a word; after a symbol of a unit (`mol²`) it is a power."""
    word = re.search(r"[A-Za-z]+$", match.string[max(0, match.start() - 4) : match.start()])
    if word is None:
        return ""
    is_unit = word[0] in {"mol", "sec", "min", "in"} and match[0] in "²³"
    is_symbol = len(word[0]) <= len("mc") and not re.search("[aeiouy]", word[0].lower())
    return None if is_unit or is_symbol else ""


def build_pause_rules(language: Language) -> list[NormalisationRule]:
    """Write dashes and ellipses the way the language does.

    A language without `pauses.dash` keeps its dashes, because it opens speech with them as well.
    """
    dash = language.phrase("pauses.dash")
    rules = [
        compile_rule(r"(?<=\w)(?:\.{3,}|\. \.(?: \.)+)(?=[^\W\d_])", lambda _: "… ", ".", _DOTS),
        compile_rule(r"(?<![.…])(?:\.{3,}|\. \.(?: \.)+)(?!\.)", lambda _: "…", ".", _DOTS),
        compile_rule(r"(?<=[^\W\d])…(?=[^\W\d_])", lambda _: "… ", "…"),
    ]
    patterns = (
        r"(?<=[^\W_])(?:-{2,3}| -{2,3} | ?— ?)(?=[^\W\d_])",
        r"(?<=[\"'”’)!?.,;%°])(?:-{2,3}|—)(?=[^\W\d_])",
        r"(?<=[^\W_%])(?:-{2,3}|—)(?=[\"'“‘(][^\W_])",
        r"(?<=[\w,;:!?.…\"'”’)]) (?:-{2,3}|—) (?=[\w\"'“‘(])",
    )
    if dash:
        rules += [compile_rule(each, lambda _: dash, "-—", _DASHES) for each in patterns]
        rules += [
            compile_rule(each, lambda _: dash, "-—", r"[-—][$£€]?\d") for each in _BEFORE_FIGURES
        ]
    return [
        *rules,
        compile_rule(r"(?<=[\w,;:!?.…\"'”’)])-{2,3}(?![\w-])", lambda _: "—", "-", "--"),
    ]


def _join_letters(match: re.Match[str]) -> str | None:
    """Join the letters of a word; lists of letters, vowels, notes and bases stay."""
    word = match[0].replace(" ", "")
    letters = set(word.lower())
    in_order = any(word[at : at + 3].lower() in _ALPHABET for at in range(len(word) - 2))
    is_list = (
        letters <= set(_SPREAD_VOWELS) or letters <= set("abcdefgh") or letters <= set("acgtun")
    )
    return None if in_order or is_list or letters.isdisjoint(_SPREAD_VOWELS) else word


def _drop_ornament(match: re.Match[str]) -> str | None:
    """Drop a paragraph of nothing but ornaments; a lone dash stays."""
    return "" if len(match[0].strip("—– \t")) > 1 or match[0].strip() in "*#~•·" else None


def _drop_match(_match: re.Match[str]) -> str:
    return ""


def _drop_separator(match: re.Match[str]) -> str | None:
    """Drop a mark that stands alone, unless it stands between two operands."""
    text = match.string
    before, after = text[max(0, match.start() - 1) : match.start()], text[match.end() + 1 :][:1]
    is_operator = match[0] == " *" and before.isalnum() and after.isalnum()
    return None if is_operator else ""


class _Opener(NamedTuple):
    run: str
    start: int
    end: int


def _find_emphasis(text: str) -> Iterable[Replacement]:
    """Find marks around stressed words, and footnote marks.

    Only pairs are dropped: `f***` is a censored word, `~5` an estimate, `_name` a name.
    """
    replacements: list[Replacement] = []
    openers: dict[str, _Opener] = {}
    for match in _RUN.finditer(text):
        run, (start, end) = match[0], match.span()
        before, after = text[start - 1 : start], text[end : end + 1]
        opener = openers.pop(run[::-1], None) if _is_closer(before, after) else None
        if opener is not None:
            replacements += (Replacement(*opener[1:], ""), Replacement(start, end, ""))
        elif _is_opener(before, after):
            openers[run] = _Opener(run, start, end)
        elif run == "*" and _is_footnote(text, start, after):
            replacements.append(Replacement(start, end, ""))
    return sorted(_add_leading_footnote(text, replacements))


def _is_opener(before: str, after: str) -> bool:
    return not before.isalnum() and bool(after) and not after.isspace()


def _is_closer(before: str, after: str) -> bool:
    return bool(before) and not before.isspace() and not after.isalnum()


def _is_footnote(text: str, start: int, after: str) -> bool:
    """Whether an asterisk refers to a footnote: after a word (not a grade: A*) or a stop."""
    before = text[start - 2 : start] if start > 1 else ""
    after_word = before.isalpha() or before[1:] in set(".!?,;")
    return after_word and not after.isalnum()


def _add_leading_footnote(text: str, replacements: list[Replacement]) -> Iterator[Replacement]:
    """Add the asterisk that a footnote begins with, when nothing closes it."""
    yield from replacements
    is_mark = text[:1] == "*" and text[1:2].isalpha()
    if is_mark and all(one.start for one in replacements):
        yield Replacement(0, 1, "")
