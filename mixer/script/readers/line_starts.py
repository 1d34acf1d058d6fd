"""How lines begin that a long pattern may match: a test that is quicker than the pattern."""

import re

_START = re.compile(r"(?:^|\|)(?:\(\?:)*([^\W\d_-][\w -]*|§)(\??)")
_ARTICLE = "the"
"""It may stand before any of them, and before most lines that are none."""


def list_starts(alternatives: str) -> tuple[str, ...]:
    """The letters with which the alternatives of a pattern begin, folded; not those of a class."""
    found = _START.findall(_fold(alternatives))
    letters = {start[:-1] if is_optional else start for start, is_optional in found}
    return tuple(letters - {_ARTICLE})


def starts_like(line: str, starts: tuple[str, ...]) -> bool:
    """Whether a line begins with one of these, in any case and perhaps behind an article."""
    folded = _fold(line)
    return folded.startswith(starts) or folded.removeprefix(_ARTICLE).lstrip().startswith(starts)


def _fold(text: str) -> str:
    return text.casefold().replace("ı", "i")
