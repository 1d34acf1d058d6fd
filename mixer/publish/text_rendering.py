"""Text in pictures: one built-in font, whatever script the text is in.

Pillow's own font (Aileron) needs no font files on the machine, in Lambda or elsewhere. Its price:
it knows Latin letters only. What it lacks is written with plain letters where Unicode says how
(`ř` as `r`), else left out; a picture never shows a missing-glyph box.
"""

import re
import unicodedata
from functools import lru_cache

from PIL import ImageFont

_PROBE_SIZE = 24
_SURELY_MISSING = "\uffff"
"""A noncharacter: what the font draws for it is what it draws for everything it lacks."""

_SUBSTITUTE_PAIRS = (
    *("ßss", "æae", "ÆAe", "œoe", "ŒOe", "øo", "ØO", "łl", "ŁL", "đd", "ĐD", "ðd", "ÐD", "þth"),
    *("ÞTh", "ıi", "„“", "‚’", "‘’", "‹«", "›»", "×x", "€EUR ", "−-", "–-", "—-", "‐-", "‑-", "→-"),
)
_SUBSTITUTES = {spelt[0]: spelt[1:] for spelt in _SUBSTITUTE_PAIRS}
"""What stands for letters and signs that Unicode does not take apart."""

ELLIPSIS = "…"
_DANGLING = " ,;:-–·…«»“”\"'"
"""What means nothing any more at the edge of a text that lost letters."""


Font = ImageFont.FreeTypeFont


@lru_cache(maxsize=16)
def load_font(size: int) -> Font:
    """The built-in font; size in pixels."""
    found = ImageFont.load_default(size)
    if not isinstance(found, ImageFont.FreeTypeFont):  # Pillow was built without FreeType
        raise TypeError("Pictures need a Pillow that was built with FreeType, as its wheels are.")
    return found


def transliterate_text(text: str) -> str:
    """The text as far as the font can write it, on one line."""
    composed = unicodedata.normalize("NFC", text)
    written = re.sub(r"\s+", " ", "".join(map(_transliterate_char, composed))).strip()
    lost = any(char.isalnum() and not _transliterate_char(char) for char in composed)
    return written.strip(_DANGLING) if lost else written


def text_width_px(text: str, size: int) -> float:
    """How many pixels a writable text takes."""
    return load_font(size).getlength(text)


def fit_text(text: str, size: int, room_px: float) -> str:
    """A writable text, shortened with an ellipsis to so many pixels; empty without room."""
    if text_width_px(text, size) <= room_px:
        return text
    fits, fails = 0, min(len(text), int(room_px))
    while fits + 1 < fails:
        middle = (fits + fails) // 2
        if text_width_px(_truncate_text(text, middle), size) <= room_px:
            fits = middle
        else:
            fails = middle
    return _truncate_text(text, fits) if fits >= _FEWEST_LETTERS else ""


_FEWEST_LETTERS = 3
"""Fewer letters before an ellipsis say nothing."""


def _truncate_text(text: str, chars: int) -> str:
    return text[:chars].rstrip(" ,;:.-–—") + ELLIPSIS


@lru_cache(maxsize=4096)
def _transliterate_char(char: str) -> str:
    """A character as the font can write it; nothing if it cannot."""
    if char.isspace():
        return " "
    if not char.isprintable():
        return ""
    for candidate in (char, _SUBSTITUTES.get(char, ""), _base_letters(char)):
        if candidate and all(map(_has_glyph, candidate)):
            return candidate
    return ""


def _base_letters(char: str) -> str:
    """The letters a character is made of, without their marks."""
    parts = unicodedata.normalize("NFKD", char)
    return "".join(part for part in parts if not unicodedata.combining(part))


@lru_cache(maxsize=4096)
def _has_glyph(char: str) -> bool:
    """Whether the font has a glyph of its own for a character."""
    return not unicodedata.combining(char) and _render_glyph(char) != _render_glyph(_SURELY_MISSING)


def _render_glyph(char: str) -> tuple[tuple[int, int], bytes]:
    mask = load_font(_PROBE_SIZE).getmask(char)
    return mask.size, bytes(mask)
