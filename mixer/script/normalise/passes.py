"""Write a paragraph the way it is spoken, so that an engine cannot misread it.

Four passes, each reading what the previous one wrote: characters without a sound are removed, then
decorations are cleaned, then dashes and ellipses, and words in capitals become words, then words,
signs and figures are written out by the rules of the language. Every change is recorded as an edit,
so that captions show the author's words and no cut falls into a replacement.

In doubt the text stays as it is written: a misread `Dr.` does less harm than a wrong word. The
price: what only a whole sentence could decide (`St.` between two names) is left to the engine.
"""

from collections.abc import Iterable
from functools import lru_cache

from mixer.script.normalise import (
    abbreviations,
    capitals,
    clock,
    days,
    figures,
    lone_numerals,
    measures,
    money,
    numerals,
    ordinals,
    phrases,
    places,
    punctuation,
    references,
    symbols,
)
from mixer.script.normalise.language import MAX_CACHED_LANGUAGES, Language, load_language
from mixer.script.normalise.offset_map import (
    NormalisedText,
    apply_replacements,
    compose_passes,
    identity_text,
)
from mixer.script.normalise.rule import (
    NormalisationRule,
    propose_replacements,
)
from mixer.script.normalise.rule_selection import RuleSelection

WORD_RULES = (
    symbols.build_address_rules,
    references.build_rules,
    phrases.build_rules,
    places.build_rules,
    money.build_rules,
    days.build_rules,
    clock.build_rules,
    figures.build_rules,
    ordinals.build_degree_rules,
    measures.build_rules,
    lone_numerals.build_rules,
    numerals.build_rules,
    ordinals.build_rules,
    abbreviations.build_rules,
    symbols.build_rules,
)
"""The earlier one wins where two read the same characters."""


MAX_KEPT_CHARS, MAX_KEPT_TEXTS = 24, 1_000
"""Short texts come again: cells of tables, answers, headings."""


def normalise(text: str, language: str) -> NormalisedText:
    """Write out what an engine would misread in one paragraph with single spaces."""
    return (_normalise_again if len(text) <= MAX_KEPT_CHARS else _normalise)(text, language)


def _normalise(text: str, language: str) -> NormalisedText:
    selection = _compile_passes(load_language(language))
    normalised, selected = identity_text(text), None
    for number in range(selection.pass_count):
        selected = selected or selection.select_rules(normalised.spoken)
        rules = selected[number]
        replacements = propose_replacements(rules, normalised.spoken) if rules else ()
        if replacements:
            written_out = apply_replacements(normalised.spoken, replacements)
            normalised, selected = compose_passes(normalised, written_out), None
    return normalised


_normalise_again = lru_cache(MAX_KEPT_TEXTS)(_normalise)


@lru_cache(maxsize=MAX_CACHED_LANGUAGES)
def _compile_passes(language: Language) -> RuleSelection:
    word_rules = (rule for build in WORD_RULES for rule in build(language))
    passes: tuple[Iterable[NormalisationRule], ...] = (
        (punctuation.build_invisible_rule(),),
        (
            *punctuation.build_decoration_rules(),
            *phrases.build_rewrite_rules(language),
        ),
        (*punctuation.build_pause_rules(language), *capitals.build_rules(language)),
        word_rules,
    )
    return RuleSelection(passes)
