"""What stands before and after a place in a text, looked at no further than a line or two."""

import re
from functools import lru_cache

from mixer.script.language import Language

LOOK_CHARS = 48
"""How far a rule looks to either side; longer than nearly every word."""

_NEXT_WORD = re.compile(r"[\"'”’»)\]]*[ \u00a0]+[\"'“‘«„(\[¿¡]*(\w[\w'’]*)")
_CLOSED = re.compile(r"[\"'”’»)\]\s]*")
_SENTENCE_START = re.compile(r"[.!?…][\"'”’»)\]]*\s[\"'“‘«„(\[¿¡]*$")
_STREET_NUMBER = re.compile(r"\d+(?:st|nd|rd|th)")
_LAST_WORD = re.compile(r"([\w'’]+)[ \u00a0]?$")


def next_word(text: str, position: int) -> str:
    """The word that follows, empty when a mark or nothing follows."""
    match = _NEXT_WORD.match(text, position, position + LOOK_CHARS)
    return match[1] if match else ""


def previous_word(text: str, position: int) -> str:
    """The word just before, empty when a mark or nothing stands there."""
    match = _LAST_WORD.search(text[max(0, position - LOOK_CHARS) : position])
    return match[1] if match else ""


def is_capitalised(word: str) -> bool:
    """Say whether a word begins with a capital letter."""
    return word[:1].isupper()


def is_name_like(word: str) -> bool:
    """Say whether a word may be a name, or the number of a street: Elm, 42nd."""
    return is_capitalised(word) or _STREET_NUMBER.fullmatch(word) is not None


def is_text_end(text: str, position: int) -> bool:
    """Say whether nothing but closing marks follows."""
    if len(text) - position > LOOK_CHARS:
        return False
    return _CLOSED.fullmatch(text, position) is not None


def begins_sentence(text: str, position: int) -> bool:
    """Say whether a place begins a sentence: the text begins there, or a mark stands before."""
    before = text[max(0, position - LOOK_CHARS) : position]
    return not before.strip() or _SENTENCE_START.search(before) is not None


@lru_cache
def sentence_starters(language: Language) -> frozenset[str]:
    """Words which, written with a capital, show that a sentence begins."""
    return frozenset(language.words("sentences.starters"))


def starts_sentence(word: str, language: Language) -> bool:
    """Say whether a word with a capital shows that a sentence begins."""
    return re.split("['’]", word, maxsplit=1)[0] in sentence_starters(language)


def keep_stop(text: str, position: int, language: Language, *, any_capital: bool = False) -> str:
    """The full stop that stays when an abbreviation before it was written out.

    Args:
        text: what is read.
        position: just after the abbreviation and its stop.
        language: of the text.
        any_capital: whether any capital that follows begins a sentence, not only the words
            known to begin one.
    """
    if is_text_end(text, position):
        return "."
    word = next_word(text, position)
    if starts_sentence(word, language) or (any_capital and is_capitalised(word)):
        return "."
    return ""
