"""Where sentences end, so that pauses fall there and no chunk is cut in mid-sentence.

Every mark that can end a sentence is judged on its own. What is certain is decided here: an
abbreviation of the language's tables, initials, a lower-case letter that follows, a quotation whose
speaker follows, the full stops of Chinese, Japanese, Hindi and Arabic. For a plain full stop
before a capital, where only knowledge of words helps, sentencex decides. It gets one sentence and
the next word, so that an edit elsewhere changes no verdict, and without quotation marks, brackets
and backticks, because it takes a missing one for a sentence without an end.

In doubt a sentence does not end: one too long costs a shorter pause, a name cut in two is audible.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from mixer.script.normalise import (
    LOOK_CHARS,
    MAX_CACHED_LANGUAGES,
    Language,
    build_alternation,
    is_capitalised,
    load_language,
)
from mixer.start_cache import compile_pattern

QUOTES = "\"'“”‘’«»‹›„‚"
"""Which of them open and which close depends on the language."""

BRACKETS = ")]}」』）】〉》］｝〕〙〛"
WIDE_STOPS = "。！？｡．"
"""Full stops that need no space after them (CJK punctuation and full-width forms)."""

SCRIPT_STOPS = "।॥؟۔"
"""Danda, double danda, Arabic question mark and full stop."""

OPENING = QUOTES + "([{「『（【〈《［｛〔¿¡*_—–-"
COMMAS = frozenset("，、；：,;")
ORDINAL_DIGITS = 2
"""The longest figure that a full stop makes an ordinal, in languages that write them so."""

CONTEXT_CHARS, AHEAD_CHARS = 60, 12
"""What sentencex gets before a mark, or less when the sentence began later, and behind the next
word. It decides by the last word, but reads all it gets, in Italian at 20 µs a mark; 400 and 48
decided the same at each of 95,000 marks."""

_ENDING = compile_pattern(
    rf"(?P<mark>[.!?…{WIDE_STOPS}{SCRIPT_STOPS}]+)"
    rf"(?P<closing>(?:[{QUOTES}{re.escape(BRACKETS)}]|[ \u00a0\u202f][»›](?!\w))*)(?P<space>\s*)"
)
_AHEAD = compile_pattern(r"(?P<opening>[^\w]{0,12})(?P<word>\w[\w'’]*)")
_LABEL = compile_pattern(r"[\W_]*(?:\d{1,3}|[^\W\d_]|[ivxIVX]{1,5})[.)]*\s*")
_PRONOUN = compile_pattern(r"I(?:['’]\w+)?")
_DOTTED = compile_pattern(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
_WORD = compile_pattern(r"[^\W_]")
_SILENT = compile_pattern(f"[{re.escape(QUOTES + BRACKETS + OPENING)}`]")
_HALF_CHARACTER = compile_pattern("[\ud800-\udfff]")


# Tables of abbreviations by what they mean for the end of a sentence.
_NON_ENDING_TABLES = ("before_name", "anywhere")
_MAY_END_TABLES = ("after_number", "after_name", "may_end", "lists")
_COUNTING_TABLES = ("before_number",)
_NUMERAL = compile_pattern(r"[IVXLC]{2,8}|[VX]")


@dataclass(frozen=True, slots=True, eq=False)
class _SentenceEndRules:
    """How the sentences of a language end.

    Attributes:
        non_ending: abbreviations that never end a sentence.
        may_end: abbreviations that end one when what follows begins one.
        words: those of `counting` that are words when no figure follows.
        counting: abbreviations before a figure, words otherwise: `No.`
        starters: words which with a capital begin a sentence; if empty, every capital does.
        has_ordinal_stop: whether a short figure with a full stop is an ordinal (3. Mai).
        lettered: words after which a capital is a label, not an initial.
        attribution: what names the speaker of the quotation just closed.
    """

    non_ending: frozenset[str]
    may_end: frozenset[str]
    words: frozenset[str]
    counting: frozenset[str]
    starters: frozenset[str]
    has_ordinal_stop: bool
    attribution: re.Pattern[str] | None
    lettered: frozenset[str]

    def begins_sentence(self, word: str) -> bool:
        if not self.starters:
            return is_capitalised(word)
        return re.split("['’]", word, maxsplit=1)[0] in self.starters


def split_sentences(text: str, language: str) -> tuple[tuple[int, int], ...]:
    """Find the sentences of a normalised paragraph.

    Returns:
        Start and end of each sentence; contiguous, together the whole text. The space between
        two sentences belongs to the first. Empty for a blank text.
    """
    if not text.strip():
        return ()
    if _ENDING.search(text) is None:
        return ((0, len(text)),)
    tables = load_language(language)
    ends = [*_drop_wordless_ends(text, _find_ends(text, tables)), len(text)]
    return tuple(zip([0, *ends[:-1]], ends, strict=True))


def _find_ends(text: str, language: Language) -> Iterator[int]:
    rules = _load_sentence_end_rules(language)
    start = 0
    for match in _ENDING.finditer(text):
        ahead = _AHEAD.match(text, match.end())
        if ahead is None:
            continue
        is_end = _classify_end(match, ahead, start, rules)
        if is_end is None:
            is_end = _is_sentencex_boundary(match, ahead, start, language.code)
        if is_end:
            start = match.end()
            yield start


def _drop_wordless_ends(text: str, ends: Iterable[int]) -> Iterator[int]:
    """Drop ends that would make a sentence without a word.

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
    context_start = max(start, match.start() - CONTEXT_CHARS)
    context = _SILENT.sub(" ", match.string[context_start : ahead.end() + AHEAD_CHARS])
    if not context.isprintable():  # sentencex takes no half of a surrogate pair
        context = _HALF_CHARACTER.sub("x", context)
    mark, word = match.end("mark") - context_start, ahead.start("word") - context_start
    import sentencex

    ends = sentencex.get_sentence_boundaries(code, context)
    return any(mark <= sentence["end_index"] <= word for sentence in ends)


def _classify_end(
    match: re.Match[str], ahead: re.Match[str], start: int, rules: _SentenceEndRules
) -> bool | None:
    """Whether a mark ends the sentence that began at `start`; None when words must decide.

    `match` is the mark with closing quotation marks, brackets and spaces; `ahead` what follows it.
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


def _is_attributed(match: re.Match[str], rules: _SentenceEndRules) -> bool:
    if rules.attribution is None or not match["closing"]:
        return False
    return rules.attribution.match(match.string, match.end(), match.end() + LOOK_CHARS) is not None


def _classify_full_stop(
    match: re.Match[str], start: int, word: str, rules: _SentenceEndRules
) -> bool | None:
    """Judge a full stop before a capital, a figure or a letter without case."""
    text, end = match.string, match.end("mark")
    token, begins = _last_token(text, start, end), rules.begins_sentence(word)
    if token in rules.counting:
        counts = word[0].isdigit() or _is_numeral(word)
        return not counts and (begins or token in rules.words or None)
    if token in rules.non_ending or _LABEL.fullmatch(text, start, match.end()):
        return False
    bare = token.rstrip(".")
    if _is_initial(bare) and _is_label(text, start, end - len(token), rules):
        return True
    if token in rules.may_end or _is_initial(bare) or _DOTTED.fullmatch(bare):
        return begins
    if bare.isdigit():
        return begins or not (rules.has_ordinal_stop and len(bare) <= ORDINAL_DIGITS)
    return None


def _is_label(text: str, start: int, end: int, rules: _SentenceEndRules) -> bool:
    before = text[max(start, end - LOOK_CHARS) : end].split()
    return bool(before) and before[-1].strip(OPENING).lower() in rules.lettered


def _last_token(text: str, start: int, end: int) -> str:
    before = text[max(start, end - LOOK_CHARS) : end].split()
    return before[-1].lstrip(OPENING) if before else ""


def _is_initial(bare: str) -> bool:
    """Whether a word is one letter, in a script where one letter stands for a word."""
    has_case = bare.lower() != bare.upper()
    return len(bare) == 1 and bare.isalpha() and (has_case or "\u0600" <= bare <= "\u06ff")


@lru_cache(maxsize=MAX_CACHED_LANGUAGES)
def _load_sentence_end_rules(language: Language) -> _SentenceEndRules:
    inside = _collect_abbreviations(language, "inside", _NON_ENDING_TABLES)
    may_end = _collect_abbreviations(language, "may_end", _MAY_END_TABLES)
    may_end |= {written for written in language.table("streets.readings") if written[-1] == "."}
    counting = _collect_abbreviations(language, "counting", _COUNTING_TABLES)
    beginnings = {part for written in inside | may_end | counting for part in written.split()[:-1]}
    inside = _find_last_parts(inside) | beginnings
    return _SentenceEndRules(
        non_ending=_add_capitals(inside - may_end),
        may_end=_add_capitals(_find_last_parts(may_end)),
        words=frozenset(language.words("sentences.words")),
        counting=_add_capitals(_find_last_parts(counting)),
        starters=frozenset(language.words("sentences.starters")),
        has_ordinal_stop=language.phrase("sentences.figures") == "ordinal",
        attribution=_compile_attribution(language),
        lettered=frozenset(language.words("sentences.lettered")),
    )


def _is_numeral(word: str) -> bool:
    """Whether a word looks like a Roman numeral and not like a pronoun or initial."""
    return _NUMERAL.fullmatch(word) is not None


def _collect_abbreviations(language: Language, name: str, places: Iterable[str]) -> set[str]:
    return {*language.words(f"sentences.{name}"), *_iter_abbreviations(language, places)}


def _iter_abbreviations(language: Language, places: Iterable[str]) -> Iterator[str]:
    for place in places:
        for written in language.table(f"abbreviations.{place}"):
            if written.endswith("."):
                yield written


def _find_last_parts(written: Iterable[str]) -> set[str]:
    """What stands before the last full stop: of `p. ej.` it is `ej.`."""
    return {one.split()[-1] for one in written}


def _add_capitals(written: Iterable[str]) -> frozenset[str]:
    """Add the forms in capitals; a single letter in capitals is another word (`b.`, `B.`)."""
    capitals = (one[:1].upper() + one[1:] for one in written if len(one) > len("b."))
    return frozenset([*written, *capitals])


def _compile_attribution(language: Language) -> re.Pattern[str] | None:
    pattern = language.phrase("sentences.attribution")
    if not pattern:
        return None
    return compile_pattern(
        pattern.replace("SPEECH", build_alternation(language.words("sentences.speech")))
    )
