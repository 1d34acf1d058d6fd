"""The rules of the normaliser, one module per kind of thing that is written otherwise than said.

Each module offers `rules(language)`: what its kind needs, compiled for one language. A rule
proposes replacements; in doubt it proposes none, and the text stays as it is written.
"""
