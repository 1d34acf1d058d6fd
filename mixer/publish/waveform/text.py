"""Text in pictures, in Pillow's built-in font (Aileron): no font file is needed anywhere.

The font has Latin letters only. Other characters are written with plain letters where Unicode or
the table below says how (`ř` as `r`), else left out: a picture never shows a missing-glyph box.
"""

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache

from PIL import ImageFont

_PROBE_SIZE = 24
_MISSING = "\uffff"
"""A noncharacter: the font draws for it what it draws for every character that it lacks."""

_SUBSTITUTES = {
    pair[0]: pair[1:]
    for pair in (
        *("ßss", "æae", "ÆAe", "œoe", "ŒOe", "øo", "ØO", "łl", "ŁL", "đd", "ĐD", "ðd", "ÐD"),
        *("þth", "ÞTh", "ıi", "„“", "‚’", "‘’", "‹«", "›»", "×x", "€EUR ", "−-", "–-", "—-"),
        *("‐-", "‑-", "→-"),
    )
}
"""Replacements for characters that Unicode does not decompose."""

ELLIPSIS = "…"
_DANGLING = " ,;:-–·…«»“”\"'"
"""Punctuation that means nothing at the edge of a text that lost letters."""

MIN_LETTERS = 3
"""Fewer letters before an ellipsis say nothing."""

Font = ImageFont.FreeTypeFont


@lru_cache(maxsize=16)
def load_font(size: int) -> Font:
    """Load the built-in font; size in pixels."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType; install its wheel from PyPI.")
    return font


def transliterate_text(text: str) -> str:
    """Write a text on one line with the characters that the font has."""
    composed = unicodedata.normalize("NFC", text)
    letters = list(map(_transliterate_char, composed))
    written = re.sub(r"\s+", " ", "".join(letters)).strip()
    has_lost = any(old.isalnum() and not new for old, new in zip(composed, letters, strict=True))
    return written.strip(_DANGLING) if has_lost else written


def text_width_px(text: str, size: int) -> float:
    """Measure a transliterated text."""
    return load_font(size).getlength(text)


def fit_text(text: str, size: int, room_px: float) -> str:
    """Shorten a transliterated text with an ellipsis; empty if there is too little room."""
    if text_width_px(text, size) <= room_px:
        return text
    lengths = range(min(len(text), int(room_px)))
    chars = bisect_right(
        lengths, room_px, key=lambda chars: text_width_px(_truncate_text(text, chars), size)
    )
    return _truncate_text(text, chars - 1) if chars > MIN_LETTERS else ""


def _truncate_text(text: str, chars: int) -> str:
    return text[:chars].rstrip(" ,;:.-–—") + ELLIPSIS


@lru_cache(maxsize=4096)
def _transliterate_char(char: str) -> str:
    if char.isspace():
        return " "
    if not char.isprintable():
        return ""
    decomposed = unicodedata.normalize("NFKD", char)
    base = "".join(part for part in decomposed if not unicodedata.combining(part))
    candidates = (char, _SUBSTITUTES.get(char, ""), base)
    return next((each for each in candidates if each and all(map(_has_glyph, each))), "")


@lru_cache(maxsize=4096)
def _has_glyph(char: str) -> bool:
    return not unicodedata.combining(char) and _render_glyph(char) != _render_glyph(_MISSING)


def _render_glyph(char: str) -> tuple[tuple[int, int], bytes]:
    mask = load_font(_PROBE_SIZE).getmask(char)
    return mask.size, bytes(mask)
