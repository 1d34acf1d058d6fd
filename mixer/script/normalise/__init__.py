"""Text as it is said, by language: one module for each kind of thing that is written otherwise.

Each module offers `build_rules(language)`. In doubt a rule proposes no replacement, and the text
stays as it is written.
"""

from mixer.script.normalise.language import is_same_language

__all__ = ["is_same_language"]
