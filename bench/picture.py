"""The rendering benches as a picture for the docs: bars of time and memory, and every ratio.

Drawn with Pillow's own font, from the rows of out/bench.json alone.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from mixer.publish.waveform.text import fit_text, load_font, text_width_px, transliterate_text

WIDTH, MARGIN, LINE = 1_120, 36, 30
LABEL_WIDTH = 190
BAR_HEIGHT = 18
CURVE_HEIGHT = 90
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 24, 16, 13
PAPER, INK, FAINT = "#ffffff", "#1c2430", "#8a94a6"
OURS, OTHERS, MISSED = "#2f6fdb", "#c3cad6", "#c0392b"
OURS_NAME = "Mixer"
BENCHES = ("rendering", "books")

Row = Mapping[str, object]


def draw_picture(rows: Sequence[Row], machine: str, path: Path) -> None:
    """Write the picture.

    Args:
        rows: of all benches; those of other benches are left out.
        machine: what they were measured on.
        path: of the PNG.
    """
    told = [row for row in rows if row["bench"] in BENCHES]
    seconds = _find_values(told, "seconds")
    megabytes = _find_values(told, "megabytes")
    curve = _find_curve(told)
    ratios = [row for row in told if "ratio" in row]
    bars = len(seconds) + len(megabytes)
    height = 2 * MARGIN + (bars + len(ratios) + 7) * LINE + (CURVE_HEIGHT + LINE if curve else 0)
    page = _Page(Image.new("RGB", (WIDTH, height), PAPER))
    page.add_line("A story of 26 minutes, mixed to the same MP3", TITLE_SIZE, INK)
    page.add_line(machine, SMALL_SIZE, FAINT)
    page.add_bars("Seconds (LAME alone: its CPU time by the cores)", seconds, "s")
    page.add_bars("Memory at its peak, all processes together", megabytes, "MB")
    if curve:
        page.add_curve("Memory over a book of ten hours", curve)
    page.add_ratios(ratios)
    page.image.save(path, optimize=True)


def _find_values(rows: Sequence[Row], field: str) -> Mapping[str, float]:
    found = next((row[field] for row in rows if isinstance(row.get(field), dict)), {})
    return dict(found) if isinstance(found, dict) else {}


def _find_curve(rows: Sequence[Row]) -> Sequence[float]:
    found = next((row["curve_mb"] for row in rows if "curve_mb" in row), ())
    return found if isinstance(found, list) else ()


class _Page:
    """A picture that is filled from top to bottom."""

    def __init__(self, image: Image.Image) -> None:
        self.image = image
        self._draw = ImageDraw.Draw(image)
        self._y = MARGIN

    def add_line(self, text: str, size: int, colour: str) -> None:
        """A line of text."""
        room = WIDTH - 2 * MARGIN
        self._draw_text(MARGIN, fit_text(transliterate_text(text), size, room), size, colour)
        self._y += LINE

    def add_bars(self, title: str, values: Mapping[str, float], unit: str) -> None:
        """A bar for each value, the project's own in its own colour."""
        if not values:
            return
        self._y += LINE // 2
        self.add_line(title, TEXT_SIZE, INK)
        longest = WIDTH - 2 * MARGIN - LABEL_WIDTH - 120
        for name, value in values.items():
            self._draw_text(MARGIN, name, TEXT_SIZE, INK)
            length = max(2, round(longest * value / max(values.values())))
            left = MARGIN + LABEL_WIDTH
            colour = OURS if name.startswith(OURS_NAME) else OTHERS
            self._draw.rectangle((left, self._y, left + length, self._y + BAR_HEIGHT), fill=colour)
            shown = f"{value:,.1f} {unit}" if unit == "s" else f"{value:,.0f} {unit}"
            self._draw_text(left + length + 10, shown, TEXT_SIZE, INK)
            self._y += LINE

    def add_curve(self, title: str, values: Sequence[float]) -> None:
        """Memory over time, from zero."""
        self._y += LINE // 2
        self.add_line(f"{title}: {max(values):,.0f} MB at most", TEXT_SIZE, INK)
        step = (WIDTH - 2 * MARGIN) / max(1, len(values) - 1)
        bottom, highest = self._y + CURVE_HEIGHT, max(values) * 1.1
        line = [
            (MARGIN + at * step, bottom - CURVE_HEIGHT * value / highest)
            for at, value in enumerate(values)
        ]
        self._draw.polygon([(MARGIN, bottom), *line, (WIDTH - MARGIN, bottom)], fill="#dce8fb")
        self._draw.line(line, fill=OURS, width=2)
        self._draw.line([(MARGIN, bottom), (WIDTH - MARGIN, bottom)], fill=FAINT)
        self._y += CURVE_HEIGHT + LINE // 2

    def add_ratios(self, rows: Sequence[Row]) -> None:
        """What was measured, beside what was to be reached."""
        self._y += LINE // 2
        self._draw_text(MARGIN, "Ratios", TEXT_SIZE, INK)
        self._draw_right(WIDTH - MARGIN - 170, "measured", FAINT)
        self._draw_right(WIDTH - MARGIN, "to be reached", FAINT)
        self._y += LINE
        for row in rows:
            self._draw_text(MARGIN, transliterate_text(str(row["what"])), TEXT_SIZE, INK)
            colour = INK if row["ok"] else MISSED
            self._draw_right(WIDTH - MARGIN - 170, str(row["measured"]).split(" (", 1)[0], colour)
            self._draw_right(WIDTH - MARGIN, str(row["figure"]), FAINT)
            self._y += LINE

    def _draw_right(self, right: int, text: str, colour: str) -> None:
        written = transliterate_text(text)
        self._draw_text(right - text_width_px(written, TEXT_SIZE), written, TEXT_SIZE, colour)

    def _draw_text(self, x: float, text: str, size: int, colour: str) -> None:
        self._draw.text((x, self._y), text, fill=colour, font=load_font(size))
