"""`St.` is Saint or Street, `Dr.` is Doctor or Drive: what stands around it decides.

Before a name they are a title (`St. Mary`, `Dr. Smith`); after a name, with no name following,
they are a road (`on Elm St.`, `12 Hill Dr.`). Between two names the text stays as it is written,
unless a word before that commonly goes with a saint (`Mount St. Helens`) decides.
"""

import re

from mixer.script.language import Language
from mixer.script.normalise.context import (
    LOOK_CHARS,
    is_capitalised,
    is_name_like,
    keep_stop,
    next_word,
    previous_word,
    starts_sentence,
)

_NAME_IN_SENTENCE = re.compile(r"[\w,;][\"'”’)]*[ \u00a0](?:[^\W\d_][\w'’]*[ \u00a0]){1,3}$")


def select_reading(match: re.Match[str], language: Language) -> str | None:
    """Say which of its two meanings an abbreviation has here."""
    text, start, end = match.string, match.start(), match.end()
    title, road = language.table("streets.readings")[match[0]]
    before, after = previous_word(text, start), next_word(text, end)
    named_before = is_name_like(before)
    if is_capitalised(after) and not _is_road_end(match, before, after, language):
        return str(title) if _is_title(before, named_before, language) else None
    if not named_before:
        return str(title) if after and match[0].endswith(".") else None
    return str(road) + (keep_stop(text, end, language) if match[0].endswith(".") else "")


def _is_title(before: str, named_before: bool, language: Language) -> bool:
    """Say whether the abbreviation goes with the name after it, not the one before."""
    return not named_before or before in language.words("streets.before_title")


def _is_road_end(match: re.Match[str], before: str, after: str, language: Language) -> bool:
    """Say whether the road's name ends a sentence here and a new one begins."""
    if not match[0].endswith(".") or not starts_sentence(after, language):
        return False
    named_before = is_name_like(before)
    text = match.string[max(0, match.start() - LOOK_CHARS) : match.start()]
    is_name = named_before and before not in language.words("streets.before_title")
    return is_name and _NAME_IN_SENTENCE.search(text) is not None
