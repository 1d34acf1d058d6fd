"""What the picture of a mix shows, positions along its time axis, and how texts fit in. Pure.

Text is in Pillow's built-in font (Aileron), which has Latin letters only. Other characters are
written with plain letters where Unicode or a table says how (`ř` as `r`), else left out: a picture
never shows a missing-glyph box.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count

from PIL import ImageFont


@dataclass(frozen=True, slots=True)
class WaveformPicture:
    """The figures and texts of a picture.

    Attributes:
        peaks: (lowest, highest) sample of each column, -1 to 1; any number of columns, of equal
            length in time.
        music: level of the bed in each column, 0 to 1 as amplitude; any number, or none.
        chapters: (start in seconds, title), in order.
        title: of the story; may be empty.
        caption: a line of figures, such as `3 chapters · 10:32 · -18.0 LUFS`.
        loudness: (time in seconds, LUFS), in order; may be empty.
        speech: (start, end) in seconds of the speech; may be empty.
    """

    peaks: tuple[tuple[float, float], ...]
    duration_s: float
    music: tuple[float, ...] = ()
    chapters: tuple[tuple[float, str], ...] = ()
    title: str = ""
    caption: str = ""
    loudness: tuple[tuple[float, float], ...] = ()
    speech: tuple[tuple[float, float], ...] = ()


STEPS_S = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600),
    *(7200, 10_800, 21_600, 43_200, 86_400),
)
"""Distances between ticks that people count in."""

TICK_ROOM_PX = 105
"""Labels closer than this look crowded."""

LABEL_GAP_PX = 14
"""Between the end of a chapter's label and the next chapter's mark."""


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """A span of time across a span of pixels; `duration_s` is greater than zero."""

    duration_s: float
    left_px: float
    right_px: float

    def x_px(self, time_s: float) -> float:
        """The position of a time."""
        return self.left_px + (self.right_px - self.left_px) * time_s / self.duration_s

    @property
    def step_s(self) -> float:
        """The closest distance of ticks whose labels have room."""
        pixels_per_s = (self.right_px - self.left_px) / self.duration_s
        fitting = (step_s for step_s in STEPS_S if step_s * pixels_per_s >= TICK_ROOM_PX)
        return next(fitting, STEPS_S[-1] * -(-self.duration_s // (10 * STEPS_S[-1])))

    def ticks_s(self) -> list[float]:
        """The times that get a label, from 0 on."""
        return [number * self.step_s for number in range(int(self.duration_s / self.step_s) + 1)]


@dataclass(frozen=True, slots=True)
class ChapterMark:
    """The beginning of a chapter; the label is empty if there is too little room."""

    x_px: float
    label: str


def place_chapter_marks(
    axis: TimeAxis,
    chapters: Sequence[tuple[float, str]],
    fit_label: Callable[[str, float], str],
) -> list[ChapterMark]:
    """Mark chapters so that each label ends before the next: a title, a part of it, or a number.

    Where numbers do not fit, every second, fifth, tenth … chapter gets its own.

    Args:
        chapters: (start in seconds, title); those outside the axis get no mark.
        fit_label: shortens a text to so many pixels; returns an empty one if that is too little.
    """
    inside = sorted(
        (axis.x_px(start_s), number, title)
        for number, (start_s, title) in enumerate(chapters, start=1)
        if 0 <= start_s < axis.duration_s
    )
    ends_px = [*(x_px for x_px, _, _ in inside[1:]), axis.right_px + LABEL_GAP_PX]
    rooms_px = [
        end_px - x_px - LABEL_GAP_PX for (x_px, _, _), end_px in zip(inside, ends_px, strict=False)
    ]
    marks = [
        ChapterMark(x_px, fit_label(title, room_px) or fit_label(str(number), room_px))
        for (x_px, number, title), room_px in zip(inside, rooms_px, strict=True)
    ]
    if all(mark.label for mark in marks):
        return marks
    return _number_marks([(x_px, number) for x_px, number, _ in inside], axis, fit_label)


def _number_marks(
    places: Sequence[tuple[float, int]], axis: TimeAxis, fit_label: Callable[[str, float], str]
) -> list[ChapterMark]:
    """Mark all chapters and number some: the first, and then every so many."""
    steps = (factor * 10**power for power in count() for factor in (1, 2, 5))
    for step in steps:
        shown = [(x_px, number) for x_px, number in places if number == 1 or number % step == 0]
        ends_px = [*(x_px for x_px, _ in shown[1:]), axis.right_px + LABEL_GAP_PX]
        labels = {
            number: fit_label(str(number), end_px - x_px - LABEL_GAP_PX)
            for (x_px, number), end_px in zip(shown, ends_px, strict=True)
        }
        if step >= len(places) or all(list(labels.values())[:-1]):
            return [ChapterMark(x_px, labels.get(number, "")) for x_px, number in places]
    raise AssertionError("steps never end")


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
