"""The words of `words.toml`, as sets."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from mixer.script.speakers.model import Gender


def _read_tables() -> dict[str, Mapping[str, Any]]:
    resource = files("mixer.script.speakers").joinpath("words.toml")
    tables: dict[str, Mapping[str, Any]] = tomllib.loads(resource.read_text(encoding="utf-8"))
    return tables


_TABLES = _read_tables()


def _read(table: str, key: str) -> frozenset[str]:
    words: str = _TABLES[table][key]
    return frozenset(words.split())


SAYING_VERBS = _read("verbs", "saying")
LEADING_VERBS = SAYING_VERBS | _read("verbs", "other_forms") | _read("verbs", "nouns")
WEAK_VERBS = _read("verbs", "weak")
DASH_VERBS: tuple[str, ...] = tuple(_TABLES["verbs"]["after_dash"].split())
SUBJECT_VERBS: tuple[str, ...] = tuple(_TABLES["verbs"]["after_subject"].split())
SAYING_NOUNS = _read("verbs", "nouns")
EITHER_TITLES = _read("titles", "either")
MALE_TITLES = _read("titles", "male") - EITHER_TITLES
FEMALE_TITLES = _read("titles", "female") - EITHER_TITLES
TITLES = _read("titles", "male") | _read("titles", "female") | EITHER_TITLES
ADJECTIVES = _read("titles", "adjectives")
CHILD_WORDS = _read("persons", "child")
OLD_WORDS = _read("persons", "old")
KIN = _read("persons", "kin")
MALE_NOUNS = _read("persons", "male")
FEMALE_NOUNS = _read("persons", "female")
PERSON_NOUNS = MALE_NOUNS | FEMALE_NOUNS | _read("persons", "either")
NEVER_NAMES = _read("never", "names")
GIVEN_TITLES = _read("grammar", "given_titles")
MARRIED_TITLES = _read("grammar", "married_titles")
RANKS = _read("grammar", "ranks")
GENERIC_NOUNS = _read("grammar", "generic_nouns")
TITLED_NOUNS = _read("grammar", "titled_nouns")
ABBREVIATIONS = _read("grammar", "abbreviations")
NO_ADJECTIVES = _read("grammar", "no_adjectives")
ENGLISH_WORDS = _read("grammar", "english")
PLACE_NOUNS = _read("grammar", "place_nouns")
NO_NOUNS = _read("grammar", "no_nouns")
NOT_BEFORE_SUBJECT = _read("grammar", "not_before_subject")
CLAUSE_STARTS = _read("grammar", "clause_starts")
OBJECT_BEFORE = _read("grammar", "object_before")
SHORT_NAMES: Mapping[str, frozenset[str]] = {
    short: frozenset(whole.split(","))
    for short, _, whole in (each.partition("=") for each in _TABLES["short"]["names"].split())
}


def _read_names(gender: str) -> frozenset[str]:
    """Given names, and the short forms of no others."""
    names = _read("names", gender)
    return names | {short for short, whole in SHORT_NAMES.items() if whole <= names}


MALE_NAMES = _read_names("male")
FEMALE_NAMES = _read_names("female")


@cache
def guess_gender(word: str) -> Gender:
    """The gender of a given name, a title or a noun, in lower case."""
    is_male = word in MALE_TITLES or word in MALE_NAMES or word in MALE_NOUNS
    is_female = word in FEMALE_TITLES or word in FEMALE_NAMES or word in FEMALE_NOUNS
    if is_male == is_female:
        return Gender.UNKNOWN
    return Gender.MALE if is_male else Gender.FEMALE
