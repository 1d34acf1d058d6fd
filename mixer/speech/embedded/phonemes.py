"""Text to the phonemes that the embedded model speaks, word by word.

hibari-tts supplies the rules for English; this module sees to it that a word sounds the same
whatever marks stand around it, and that interjections and drawn-out words are not spelled.
"""

import itertools
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from mixer.speech.embedded.homographs import find_homograph
from mixer.speech.embedded.mapped_text import MappedText
from mixer.speech.embedded.ssml_reader import Phrase, SsmlSentence, read_ssml
from mixer.speech.embedded.text import sanitise_text

INTERJECTIONS = {
    "sh": "ʃː",
    "pst": "pst",
    "hst": "hst",
    "gr": "ɡɹː",
    "br": "bɹː",
    "r": "ɹː",
    "hm": "hm",
    "m": "mː",
    "mhm": "mhˈm",
    "hmph": "hˈʌmf",
    "pft": "pft",
    "pf": "pf",
    "pht": "ft",
    "tsk": "tˈɪsk",
    "tch": "tʃ",
    "z": "zː",
    "s": "sː",
    "ngh": "nɡ",
    "ugh": "ˈʌɡ",
    "argh": "ˈɑɹɡ",
    "agh": "ˈɑɡ",
    "tis": "tˈɪz",
    "twas": "twˈʌz",
    "twere": "twˈɜɹ",
    "twill": "twˈɪl",
}
"""Phonemes by word in lower case, each letter written once where a run of it is meant."""

LETTER_A = "ˈA"
"""The name of the letter, not the article."""

MORNING = "ˌAˈɛm"
"""AM after an hour, not the verb."""

RUNS_ONLY = frozenset({"br", "gr", "m", "pf", "r", "s", "z"})
"""Sounds only where a letter is repeated (`brr`); abbreviations or letters otherwise."""

ONE_LETTER_RUN = 3
"""A run of one letter from which it is a sound (`mmm`), not an abbreviation (`mm`)."""

MAX_RUNS = 4
"""Runs of equal letters in a word whose readings are tried."""

_WORD_BEFORE_STOP = re.compile(
    r"(?<![\w.])(no|ed|est|fig|Fig|Sun|Sat|Wed|Mon|Mar|Jan|Ch|Co)(?=[.](?:$|[\s\"')]))"
)
"""Words that hibari-tts takes for abbreviations at the end of a sentence: `no.` for `number`. Those
are written out before; a space, which it removes afterwards, keeps the word."""

_LETTER_AFTER_WORD = re.compile(r"(?<=[a-z] )(?=[CDLM](?!\w))")
"""A letter, not a Roman numeral: `Section C`."""

_NAME_AFTER_WORD = r"(?<!\w)(?:{words}) (?=[IVXLC](?![IVXLCDM]+(?!\w)))"
"""Before a word, or one letter, that begins like a Roman numeral: hibari-tts finds an empty one
there and reads `King Charles` as `King the zeroth Charles`."""

_NEGATIVE = re.compile(r"(?<!\S)-(?=\.?\d)")
"""The tagger may take `-5` for a mark, which has no sound."""

GUARD = "\ue000"
"""Of the private use area: no rule matches across it."""

_MARKS = re.compile("[\u0300-\u036f]")
_FOREIGN = re.compile("(?<!o)ö|[üñÖÜÑ]")
"""In words of languages whose sounds the plain letters do not have: Müller, señor."""

_FINAL_ACUTE = re.compile("é(?:e?s?|d)$")

_REPEATED = re.compile(r"(.)\1+")
_STRETCHED = re.compile(r"(?<![\w'])(?=[^\W\d_]*([^\W\d_])\1\1)(?![IVX]+\b)[^\W\d_]{3,40}(?![\w'])")


@dataclass(frozen=True, slots=True)
class Phonemes:
    """The model's input, and each word with its start and end in it."""

    text: str
    words: tuple[tuple[str, int, int], ...]


class Phonemizer:
    """Loads the rules; takes about half a second. Not for more than one thread."""

    def __init__(self, *, british: bool = False) -> None:
        from hibari.g2p import ASSETS  # slow to import

        from mixer.speech.embedded.rules import Rules

        self._g2p: Any = Rules(british=british)
        self.ids: dict[str, int] = json.loads(
            (Path(ASSETS) / "vocab.json").read_text(encoding="utf-8")
        )

    def prepare_text(self, text: MappedText) -> MappedText:
        """Remove or replace what cannot be read, and shorten drawn-out words: `Nooo`."""
        return sanitise_text(text).replace_matches(_STRETCHED, self._shorten_word)

    def phonemize(self, text: str) -> Phonemes:
        """Look up the phonemes of a prepared text."""
        tokens = self._g2p.tokenize(_expand_text(text))
        words = [token.text.lower() for token in tokens]
        for index, token in enumerate(tokens):
            token.phonemes = token.phonemes or _find_interjection(token.text)
            token.phonemes = token.phonemes or find_homograph(words, index)
            if not (token.phonemes or token.text.isascii()):
                token.alias = self._find_plain_spelling(token.text, token.tag)
            if token.text == "A" and _is_spelled(tokens, index):
                token.phonemes = LETTER_A
            if token.text == "AM" and index and tokens[index - 1].text[-1:].isdigit():
                token.phonemes = MORNING
        phonemes, words = "", []
        for token in self._g2p.phonemize_tokens(tokens):
            start = len(phonemes)
            phonemes += "".join(each for each in token.phonemes or "" if each in self.ids)
            if re.search(r"\w", token.text) and len(phonemes) > start:
                words.append((token.text, start, len(phonemes)))
            phonemes += " " if token.whitespace else ""
        return Phonemes(phonemes, tuple(words))

    def _find_plain_spelling(self, word: str, tag: str) -> str | None:
        """A known word without its accents (`décor`), unless that is another one (`exposé`)."""
        from hibari.g2p import Context

        plain = _MARKS.sub("", unicodedata.normalize("NFD", word))
        if not plain.isascii() or _FOREIGN.search(word) or self._is_known(word):
            return None
        sound, _ = self._g2p.lexicon.get_word(plain, tag, None, Context())
        is_other = _FINAL_ACUTE.search(word) and not (sound or "").rstrip("zd").endswith("A")
        return None if sound is None or is_other else plain

    def _shorten_word(self, match: re.Match[str]) -> str:
        word = match[0]
        if _find_interjection(word):
            return word
        shorter = list(_iter_shorter(word))
        return next(filter(self._is_known, shorter), shorter[0])

    def _is_known(self, word: str) -> bool:
        lexicon = self._g2p.lexicon
        return word.lower() in lexicon.golds or word.lower() in lexicon.silvers


def _expand_text(text: str) -> str:
    """Let hibari-tts write out what it knows, except what it would misread."""
    from hibari.g2p.normalize import normalize

    guarded = _LETTER_AFTER_WORD.sub(GUARD, _WORD_BEFORE_STOP.sub(r"\1 ", text))
    guarded = _compile_name_guard().sub(rf"\g<0>{GUARD}", _NEGATIVE.sub("minus ", guarded))
    return str(normalize(guarded)).replace(GUARD, "")


@cache
def _compile_name_guard() -> re.Pattern[str]:
    from hibari.g2p.normalize import ROMAN_CARDINAL, ROMAN_ORDINAL

    words = "|".join(map(re.escape, (*ROMAN_CARDINAL, *ROMAN_ORDINAL)))
    return re.compile(_NAME_AFTER_WORD.format(words=words))


def _is_spelled(tokens: Sequence[Any], index: int) -> bool:
    """Whether an A stands behind a figure or next to another letter: `9 A M`, `C I A`."""
    nearby = tokens[max(0, index - 1) : index + 2]
    letters = [token for token in nearby if len(token.text) == 1 and token.text.isupper()]
    return len(letters) > 1 or (index > 0 and tokens[index - 1].text.isdigit())


def _find_interjection(word: str) -> str | None:
    lower = word.lower()
    once = _REPEATED.sub(r"\1", lower)
    if lower == once and (word.isupper() or once in RUNS_ONLY):
        return None
    if len(once) == 1 and len(lower) < ONE_LETTER_RUN:
        return None
    return INTERJECTIONS.get(once)


def _iter_shorter(word: str) -> Iterator[str]:
    """The word with its runs of three or more equal letters cut to two or one."""
    pieces = re.split(r"((.)\2{2,})", word)
    fixed, runs = pieces[::3], pieces[1::3]
    for lengths in itertools.product((2, 1), repeat=min(len(runs), MAX_RUNS)):
        cut = [run[: lengths[at] if at < MAX_RUNS else 1] for at, run in enumerate(runs)]
        yield "".join(itertools.chain(*itertools.zip_longest(fixed, cut, fillvalue="")))


@lru_cache(maxsize=1)
def load_phonemizer() -> Phonemizer:
    """Load the rules once for a process that only looks phonemes up."""
    return Phonemizer()


def pronounce_ssml(ssml: str) -> tuple[tuple[str, str], ...]:
    """Look up the words of a chunk in reading order, each with its phonemes.

    What is spoken for a sign behind a word (`15 %`) counts as part of the word.
    """
    phonemizer = load_phonemizer()
    phrases = (
        part
        for sentence in read_ssml(ssml)
        if isinstance(sentence, SsmlSentence)
        for part in sentence.parts
        if isinstance(part, Phrase)
    )
    found = (phonemizer.phonemize(phonemizer.prepare_text(part.text).text) for part in phrases)
    return tuple(word for each in found for word in _divide_phonemes(each))


def _divide_phonemes(phonemes: Phonemes) -> Iterator[tuple[str, str]]:
    """Each word with all that is spoken before the next."""
    ends = [*(start for _, start, _ in phonemes.words[1:]), len(phonemes.text)]
    for (word, start, _), end in zip(phonemes.words, ends, strict=False):
        yield word, phonemes.text[start:end]


def is_known_word(word: str) -> bool:
    """Whether the voice's lexicon has a word, or derives it from one; else its sound is a guess."""
    from hibari.g2p import Context

    phonemizer = load_phonemizer()
    lexicon = phonemizer._g2p.lexicon
    return bool(_find_interjection(word) or lexicon.get_word(word, "NN", None, Context())[0])


def phonemize_ssml(ssml: str) -> tuple[str, ...]:
    """Look up what the voice would speak: one string per sentence of a chunk."""
    phonemizer = load_phonemizer()
    sentences = (item for item in read_ssml(ssml) if isinstance(item, SsmlSentence))
    return tuple(
        " ".join(
            phonemizer.phonemize(phonemizer.prepare_text(part.text).text).text.strip()
            for part in sentence.parts
            if isinstance(part, Phrase)
        )
        for sentence in sentences
    )
