"""Words in capitals, and first letters that are repeated.

Shouting, headings and the small capitals at a chapter's opening are words: engines spell the short
ones (`SHE`, `MY`). A word is written in small letters where the language's tables know it as a
word and nothing as an abbreviation; everything else stays. So `the IT department` and
`US troops` are left alone, and `GET OUT OF MY HOUSE` is not.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from mixer.script.normalise.language import Language
from mixer.script.normalise.numerals import ROMAN_NUMERALS
from mixer.script.normalise.offset_map import Replacement
from mixer.script.normalise.rule import (
    LOOK_CHARS,
    OPENING,
    NormalisationRule,
    begins_sentence,
    compile_rule,
    is_capitalised,
    next_word,
)
from mixer.start_cache import compile_pattern

_CAPITAL = "[A-ZÀ-ÖØ-Þ]"
_TOKEN = compile_pattern(
    rf"(?<![\w.&/@#-]){_CAPITAL}+(?:['’]{_CAPITAL}+)*(?![\w&/@-]|['’][a-z]|\.\w)"
)
_RUN_GAP = compile_pattern(r"[\s,;:!?—–…\"'“”‘’()-]{1,8}|\.{3}\s?|\. ")
_CAPITALS = compile_pattern(r"[A-Z]['’]?[A-Z]")
_CLITICS = frozenset({"T", "LL", "RE", "VE", "D", "M", "S"})

ABBREVIATION_LEADERS = frozenset({"the", "our", "your", "their", "an", "new", "a"})
"""Words before IT, US or WHO where they are abbreviations."""

MIN_WORD_CHARS = 4
"""From here on a word in a run is a word without being listed; shorter ones must be."""


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """Words in capitals, then stutters."""
    if language.words("capitals.always"):
        words = _CapitalWords(language)
        yield NormalisationRule(words.find, frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    if language.phrase("stutters.consonant"):
        yield from _build_stutter_rules(language)


_CUT_SHORT = ("abbreviations.before_name", "abbreviations.given_names", "streets.readings")
"""Tables of what a name may begin with, in capitals as well: `MR. SMITH`, `CHAS. DUNCAN`."""


class _CapitalWords:
    """Finds words in capitals that are words."""

    def __init__(self, language: Language) -> None:
        self._always = frozenset(language.words("capitals.always"))
        self._short = frozenset(language.words("capitals.in_runs")) | self._always
        self._keep = frozenset(language.words("capitals.keep"))
        self._shape = compile_pattern(language.phrase("capitals.shape"))
        followers = language.table("capitals.followers")
        self._followers = {word: frozenset(after) for word, after in followers.items()}
        self._letters_before = language.table("capitals.letters_before")
        self._titles = frozenset(key for name in _CUT_SHORT for key in language.table(name))

    def find(self, text: str) -> Iterable[Replacement]:
        """Propose small letters, run by run."""
        if _CAPITALS.search(text):
            for run in _iter_runs(text):
                yield from self._convert_run(text, run)

    def _convert_run(self, text: str, run: Sequence[re.Match[str]]) -> Iterator[Replacement]:
        words = [match[0].replace("’", "'").lower() for match in run]
        is_shouted = len(run) > 1 and self._is_shouted(text, run, words)
        is_opening = self._is_opening(text, run, words)
        for index, (match, word) in enumerate(zip(run, words, strict=True)):
            if next_word(text, match.end()) in self._letters_before.get(word, ()):
                continue
            is_named = index and self._is_title(text, run[index - 1])
            if self._is_title(text, match) or (is_named and self._is_long_word(match[0])):
                yield Replacement(*match.span(), match[0].capitalize())
            elif len(word) == 1:
                if (is_shouted or is_opening) and match[0] == "A" and index:
                    yield Replacement(*match.span(), "a")
            elif is_opening or (
                self._is_word_in_run(index, words, match[0])
                if is_shouted
                else self._is_always(word)
            ):
                yield Replacement(*match.span(), _lower_word(text, match))

    def _is_title(self, text: str, match: re.Match[str]) -> bool:
        """Whether it is a title cut short: `MR. SMITH`."""
        end = match.end()
        is_cut = text[end : end + 1] == "." and match[0].title() + "." in self._titles
        return is_cut and is_capitalised(next_word(text, end + 1))

    def _is_shouted(self, text: str, run: Sequence[re.Match[str]], words: Sequence[str]) -> bool:
        """Whether some word is certain, or all may be words of a sentence or with a short one."""
        if any(len(word) > 1 and self._is_always(word) for word in words):
            return True
        is_likely = _fills_sentence(text, run) or any(word in self._short for word in words)
        return is_likely and all(
            word in self._short or self._is_long_word(match[0])
            for match, word in zip(run, words, strict=True)
        )

    def _is_always(self, word: str) -> bool:
        base, _, clitic = word.partition("'")
        return base in self._always or (bool(clitic) and clitic.upper() in _CLITICS - {"S"})

    def _is_opening(self, text: str, run: Sequence[re.Match[str]], words: Sequence[str]) -> bool:
        """Whether words open a paragraph in small capitals, and small letters follow."""
        start = run[0].start()
        if start > LOOK_CHARS or text[:start].strip(OPENING + "—–-") or words == ["i"]:
            return False
        after = next_word(text, run[-1].end())
        return after.islower() and all(
            self._is_word_in_run(index, [*words, after], match[0])
            for index, match in enumerate(run)
        )

    def _is_word_in_run(self, index: int, words: Sequence[str], written: str) -> bool:
        word = words[index]
        base = word.partition("'")[0]
        if base in self._followers and word == base:
            after = words[index + 1] if index + 1 < len(words) else ""
            before = words[index - 1] if index else "the"
            return after in self._followers[base] or before not in ABBREVIATION_LEADERS
        return base in self._short or self._is_always(word) or self._is_long_word(written)

    def _is_long_word(self, written: str) -> bool:
        base = re.split("['’]", written, maxsplit=1)[0]
        is_numeral = base in ROMAN_NUMERALS
        return (
            len(base) >= MIN_WORD_CHARS
            and base not in self._keep
            and not is_numeral
            and self._shape.fullmatch(base) is not None
        )


def _iter_runs(text: str) -> Iterator[list[re.Match[str]]]:
    """Words in capitals that follow one another, with nothing but marks between them."""
    run: list[re.Match[str]] = []
    for match in _TOKEN.finditer(text):
        gap_start = run[-1].end() if run else 0
        if run and not _RUN_GAP.fullmatch(text, gap_start, match.start()):
            yield run
            run = []
        run.append(match)
    if run:
        yield run


def _fills_sentence(text: str, run: Sequence[re.Match[str]]) -> bool:
    after = text[run[-1].end() : run[-1].end() + 1]
    return after in {"", ".", "!", "?"} and begins_sentence(text, run[0].start())


def _lower_word(text: str, match: re.Match[str]) -> str:
    lower = match[0].lower()
    if lower == "i" or lower.startswith(("i'", "i’")) or begins_sentence(text, match.start()):
        return lower[0].upper() + lower[1:]
    return lower


_CLUSTER = "[TtSsCcWw]h|[BbCcDdFfGgPpTt]r|[BbCcFfGgPp]l|S[klmnpw]|s[klmnptw]|[Tt]w"
"""Two letters that begin a word; `St-` begins names."""


def _name_sound(letters: str, language: Language) -> str:
    vowel = language.spellings("stutters.vowels").get(letters)
    return vowel or language.phrase("stutters.consonant").format(letters=letters)


def _build_stutter_rules(language: Language) -> Iterator[NormalisationRule]:
    """`W-what`, `th-the`, `I-I`: the letters as a sound, not by their names."""
    never = frozenset(language.words("stutters.never"))

    def expand(match: re.Match[str]) -> str | None:
        letters, word = match["letters"], match["word"]
        lower = letters.lower()
        is_stutter = word.lower().startswith(lower) and letters != "e"
        if word in ROMAN_NUMERALS and len(word) > 1:
            return None
        if not is_stutter or f"{letters}-{word}".lower() in never:
            return None
        is_pronoun = lower == re.split("['’]", word, maxsplit=1)[0].lower()
        sound = letters if is_pronoun else _name_sound(lower, language)
        if letters[0].isupper():
            sound = sound[0].upper() + sound[1:]
        gap = ", " if is_pronoun else " "
        times = match["all"].count("-")
        return gap.join([sound, *[sound if is_pronoun else sound.lower()] * (times - 1)]) + gap

    yield compile_rule(
        rf"(?<![\w'’-])(?P<edit>(?P<all>(?P<letters>[A-Za-z]|{_CLUSTER})-"
        rf"(?:(?i:(?P=letters))-){{0,4}}))(?=(?P<word>[A-Za-z]['’\w]*))(?![A-Za-z]-)",
        expand,
        "-",
    )
