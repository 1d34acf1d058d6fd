"""Tables of patterns with what stands in their place, for texts that are rewritten."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from mixer.lazy import compile_lazily

if TYPE_CHECKING:
    import regex

    Replacement = str | Callable[[regex.Match[str]], str]


def compile_replacements(
    *pairs: tuple[str, str],
) -> "tuple[tuple[regex.Pattern[str], str], ...]":
    """Build a table of patterns that are compiled when they are first used."""
    return tuple((compile_lazily(pattern), replacement) for pattern, replacement in pairs)


def replace_all(text: str, replacements: "Iterable[tuple[regex.Pattern[str], Replacement]]") -> str:
    """Replace what each pattern finds, one after the other."""
    for pattern, replacement in replacements:
        text = pattern.sub(replacement, text)
    return text
