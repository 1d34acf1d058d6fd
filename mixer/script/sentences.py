"""Where sentences end, so that pauses fall there and no chunk is cut in mid-sentence.

Every mark that can end a sentence is looked at on its own. What is certain is decided here: an
abbreviation of the language's tables, initials, a lower-case letter that follows, a quotation whose
speaker follows, the full stops of Chinese, Japanese, Hindi and Arabic. For a plain full stop
before a capital, where only knowledge of words helps, sentencex has the last word. It sees one
sentence and the next word, so that an edit elsewhere changes no verdict, and it sees them without
quotation marks and brackets, because it takes a missing one for a sentence without an end.

In doubt there is no end: a sentence too long costs a shorter pause, a name cut in two is heard by
everyone.
"""

import re
from collections.abc import Iterable, Iterator

import sentencex

from mixer.script.language import Language, load_language
from mixer.script.normalise.context import LOOK_CHARS
from mixer.script.sentence_tables import SentenceEndRules, is_numeral, load_sentence_end_rules

QUOTES = "\"'“”‘’«»‹›„‚"
"""Quotation marks; which of them open and which close depends on the language."""

BRACKETS = ")]}」』）】〉》］｝〕〙〛"
WIDE_STOPS = "。！？｡．"
"""Full stops that need no space after them (CJK punctuation and full-width forms)."""

SCRIPT_STOPS = "।॥؟۔"
"""Danda, double danda, Arabic question mark and full stop."""

OPENING = QUOTES + "([{「『（【〈《［｛〔¿¡*_—–-"
COMMAS = frozenset("，、；：,;")
ORDINAL_DIGITS = 2
"""A figure this short before a full stop is an ordinal where the language writes them so."""

CONTEXT_CHARS = 400
"""sentencex sees so much before a mark, or less when the sentence began later."""

_ENDING = re.compile(
    rf"(?P<mark>[.!?…{WIDE_STOPS}{SCRIPT_STOPS}]+)"
    rf"(?P<closing>(?:[{QUOTES}{re.escape(BRACKETS)}]|[ \u00a0\u202f][»›](?!\w))*)(?P<space>\s*)"
)
_AHEAD = re.compile(r"(?P<opening>[^\w]{0,12})(?P<word>\w[\w'’]*)")
_LABEL = re.compile(r"[\W_]*(?:\d{1,3}|[^\W\d_]|[ivxIVX]{1,5})[.)]*\s*")
_PRONOUN = re.compile(r"I(?:['’]\w+)?")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
_WORD = re.compile(r"[^\W_]")
_MASKED = str.maketrans(
    dict.fromkeys(QUOTES + BRACKETS + OPENING, " ")
    | dict.fromkeys(map(chr, range(0xD800, 0xE000)), "x")
)


def split_sentences(text: str, language: str) -> tuple[tuple[int, int], ...]:
    """Find the sentences of a paragraph.

    Args:
        text: one paragraph, normalised.
        language: BCP 47 tag, such as `en-US`, `cmn-CN` or `arb`.

    Returns:
        Start and end of each sentence; contiguous, together the whole text. The space between
        two sentences belongs to the first. Empty for a blank text.
    """
    if not text.strip():
        return ()
    tables = load_language(language)
    ends = [*_drop_wordless_ends(text, _find_ends(text, tables)), len(text)]
    return tuple(zip([0, *ends[:-1]], ends, strict=True))


def _find_ends(text: str, language: Language) -> Iterator[int]:
    """Where sentences end inside a paragraph."""
    known = load_sentence_end_rules(language)
    start = 0
    for match in _ENDING.finditer(text):
        ahead = _AHEAD.match(text, match.end())
        if ahead is None:
            continue
        verdict = _classify_end(match, ahead, start, known)
        if verdict is None:
            verdict = _is_sentencex_boundary(match, ahead, start, language.code)
        if verdict:
            start = match.end()
            yield start


def _drop_wordless_ends(text: str, ends: Iterable[int]) -> Iterator[int]:
    """Leave out ends that would make a sentence without a word.

    Its marks go with the sentence before; marks before the first word go with the first sentence.
    """
    pending = start = 0
    for end in ends:
        if _WORD.search(text, start, end):
            if pending:
                yield pending
            pending = end
        elif pending:
            pending = end
        start = end
    if pending and _WORD.search(text, start):
        yield pending


def _is_sentencex_boundary(
    match: re.Match[str], ahead: re.Match[str], start: int, code: str
) -> bool:
    """Ask sentencex whether a mark ends the sentence that began at `start`."""
    first = max(start, match.start() - CONTEXT_CHARS)
    seen = match.string[first : ahead.end() + LOOK_CHARS].translate(_MASKED)
    mark, word = match.end("mark") - first, ahead.start("word") - first
    ends = sentencex.get_sentence_boundaries(code, seen)
    return any(mark <= sentence["end_index"] <= word for sentence in ends)


def _classify_end(
    match: re.Match[str], ahead: re.Match[str], start: int, rules: SentenceEndRules
) -> bool | None:
    """Say whether a mark ends the sentence that began at `start`; None when words must tell.

    Args:
        match: the mark, with closing quotation marks, brackets and spaces.
        ahead: the marks and the word that follow it.
        start: of the sentence that the mark may end.
        rules: what the language's tables say.
    """
    last, word = match["mark"][-1], ahead["word"]
    if last in WIDE_STOPS:
        return ahead["opening"][:1] not in COMMAS and not _is_attributed(match, rules)
    if not match["space"]:
        return False
    if last in SCRIPT_STOPS or word[0].islower():
        return last in SCRIPT_STOPS
    if match["mark"] == ".":
        return _classify_full_stop(match, start, word, rules)
    if last == "…":
        return not _PRONOUN.fullmatch(word)
    return not _is_attributed(match, rules)


def _is_attributed(match: re.Match[str], rules: SentenceEndRules) -> bool:
    """Say whether the words after a closed quotation name its speaker."""
    if rules.attribution is None or not match["closing"]:
        return False
    return rules.attribution.match(match.string, match.end(), match.end() + LOOK_CHARS) is not None


def _classify_full_stop(
    match: re.Match[str], start: int, word: str, rules: SentenceEndRules
) -> bool | None:
    """Judge a single full stop that a capital, a figure or a letter without case follows."""
    text, end = match.string, match.end("mark")
    token, begins = _last_token(text, start, end), rules.begins_sentence(word)
    if token in rules.counting:
        counts = word[0].isdigit() or is_numeral(word)
        return not counts and (begins or token in rules.words or None)
    if token in rules.non_ending or _LABEL.fullmatch(text, start, match.end()):
        return False
    bare = token.rstrip(".")
    if token in rules.may_end or _is_initial(bare) or _DOTTED.fullmatch(bare):
        return begins
    if bare.isdigit():
        return begins or not (rules.has_ordinal_stop and len(bare) <= ORDINAL_DIGITS)
    return None


def _last_token(text: str, start: int, end: int) -> str:
    """The word before a full stop, with the stop and without what opens before it."""
    before = text[max(start, end - LOOK_CHARS) : end].split()
    return before[-1].lstrip(OPENING) if before else ""


def _is_initial(bare: str) -> bool:
    """Say whether a word is one letter, of a script where one letter stands for a word."""
    has_case = bare.lower() != bare.upper()
    return len(bare) == 1 and bare.isalpha() and (has_case or "\u0600" <= bare <= "\u06ff")
