"""Which rules a text gets: every text with a phrase gets the rule that requires its marks."""

import pytest

from mixer.script.normalise.language import load_language
from mixer.script.normalise.rule import NormalisationRule
from mixer.script.normalise.rule_selection import RuleSelection, list_marks

WITH_PHRASE = [
    ("Mr.", "Mr. Smith"),
    ("Mr.", "“Mr.Smith”"),
    ("yrs", "for 3 yrs."),
    ("yrs", "for 3 yrs now"),
    ("e.g.", "fruit, e.g. apples"),
    ("this mo.", "paid this mo. again"),
    ("this mo.", "paid thismo."),
    ("Lt Col", "the Lt Col."),
    ("Lt Col", "the LtCol came"),
    ("Ct. of App.", "the Ct.of App. held"),
    ("& Co.", "Smith &Co."),
    ("w/o", "tea w/o milk"),
    ("b'fast", "b'fast at 8"),
    ("§", "nach § 5"),
    ("n°", "le n° 5"),
    ("World War", "World War II"),
]
WITHOUT_PHRASE = [
    ("Mr.", "Mr Smith"),
    ("e.g.", "the egg, e and g"),
    ("this mo.", "this is more"),
    ("w/o", "we go without"),
    ("World War", "the world wars"),
]


def select(phrase: str, text: str) -> bool:
    rule = NormalisationRule(lambda _: (), frozenset(list_marks([phrase])))
    return RuleSelection([[rule]]).select_rules(text) == [(rule,)]


@pytest.mark.parametrize(("phrase", "text"), WITH_PHRASE)
def test_text_with_a_phrase_gets_its_rule(phrase, text):
    assert select(phrase, text)


@pytest.mark.parametrize(("phrase", "text"), WITHOUT_PHRASE)
def test_text_without_a_phrase_does_not_get_its_rule(phrase, text):
    assert not select(phrase, text)


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it", "pt", "nl"])
def test_every_abbreviation_is_found_by_its_marks(language):
    tables = load_language(language).table("abbreviations")
    places = [each for each in tables.values() if isinstance(each, dict)]
    for phrase in (key for place in places for key in place if not key.endswith("?")):
        for written in (phrase, phrase.replace(" ", ""), f"{phrase}.", f"“{phrase}”,"):
            assert select(phrase, written), (phrase, written)
