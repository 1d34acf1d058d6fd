"""Words that are written alike and sound otherwise: `bowed`, `lead`, `read`, `content`.

The voice's tagger separates most of them by their part of speech. `homographs.toml` has those
that it does not know, or mistakes, and words that it always misreads (`crêpe`). Pure.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

MARK = "."
"""How the tables name a mark, or the end."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A sound of a word, and the words nearby that call for it; an empty set is any word.

    `leaders` are the words before those of `before`, `near` words anywhere in the sentence.
    """

    sound: str
    leaders: frozenset[str]
    before: frozenset[str]
    after: frozenset[str]
    not_before: frozenset[str]
    not_after: frozenset[str]
    near: frozenset[str]

    def fits(self, sentence: Sequence[str], leader: str, before: str, after: str) -> bool:
        places = ((self.leaders, leader), (self.before, before), (self.after, after))
        if before in self.not_before or after in self.not_after:
            return False
        if self.near and self.near.isdisjoint(sentence):
            return False
        return all(not words or word in words for words, word in places)


def find_homograph(words: Sequence[str], index: int) -> str | None:
    """The phonemes of a word that sounds otherwise than it usually does, or None.

    Args:
        words: of the sentence in small letters, marks included.
    """
    readings = _load_readings().get(words[index])
    if readings is None:
        return _load_sounds().get(words[index])
    leader, before, after = (_name_place(words, index + offset) for offset in (-2, -1, 1))
    return next((each.sound for each in readings if each.fits(words, leader, before, after)), None)


def _name_place(words: Sequence[str], index: int) -> str:
    word = words[index] if 0 <= index < len(words) else ""
    return word if any(map(str.isalnum, word)) else MARK


@cache
def _load_tables() -> dict[str, Any]:
    file = files("mixer.speech.embedded") / "homographs.toml"
    return tomllib.loads(file.read_text("utf-8"))


def _load_sounds() -> Mapping[str, str]:
    sounds: Mapping[str, str] = _load_tables()["sounds"]
    return sounds


@cache
def _load_readings() -> Mapping[str, tuple[_Reading, ...]]:
    tables = _load_tables()

    def expand(words: str) -> frozenset[str]:
        return frozenset(
            re.sub(r"<(\w+)>", lambda match: tables["groups"][match[1]], words).split()
        )

    places = ("leaders", "before", "after", "not_before", "not_after", "near")
    return {
        word: tuple(
            _Reading(row["sound"], *(expand(row.get(place, "")) for place in places))
            for row in rows
        )
        for word, rows in tables["readings"].items()
    }
