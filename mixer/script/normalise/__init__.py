"""Text as it is spoken, by language: one module for each kind of thing that is written otherwise.

Each of them offers `build_rules(language)`. In doubt a rule proposes no replacement, and the text
stays as it is written.
"""

from mixer.script.normalise.language import (
    MAX_CACHED_LANGUAGES,
    Language,
    is_same_language,
    load_language,
    primary_code,
)
from mixer.script.normalise.numerals import ROMAN_NUMERALS
from mixer.script.normalise.offset_map import NormalisedText
from mixer.script.normalise.passes import normalise
from mixer.script.normalise.rule import LOOK_CHARS, build_alternation, is_capitalised
