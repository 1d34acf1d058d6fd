"""The picture of a mix: the voice in front, the music behind it, chapters and time.

Pure drawing from numbers. Shapes are drawn as masks at twice the size and reduced, which smooths
their edges; colour comes in afterwards at the final size, and so does text, which FreeType smooths
itself. That keeps a picture at a tenth of a second.

Heights follow amplitude to the power of HEIGHT_POWER, not decibels: pauses stay pauses, but music
20 dB under the voice can still be seen. Each bar has a core, the mean of the peaks it stands for,
and a halo, their highest: over ten hours every bar's highest peak is about the same.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise

from PIL import Image, ImageDraw

from mixer.publish.paint import (
    BOTTOM_PX,
    FULL_HEIGHT_PX,
    HEIGHT_PX,
    LANE_BOTTOM_PX,
    LANE_TOP_PX,
    LEFT_PX,
    MIDDLE_PX,
    RIGHT_PX,
    SCALE,
    TOP_PX,
    WIDTH_PX,
    create_flat_fill,
    create_glow,
    create_gradient,
    create_lane_mask,
    create_plot_mask,
    paint_mask,
)
from mixer.publish.text_rendering import fit_text, load_font, text_width_px, transliterate_text
from mixer.publish.time_axis import ChapterMark, TimeAxis, format_clock, place_chapter_marks

BAR_PX, BAR_STEP_PX = 3, 5
HEIGHT_POWER = 0.7

NIGHT_TOP, NIGHT_BOTTOM = "#161c2d", "#0c101b"
VOICE_EDGE, VOICE_CORE = "#ff7a66", "#ffd9a3"
MUSIC_EDGE, MUSIC_CORE = "#37b6b0", "#2a6f97"
MUSIC_ONLY_CORE = "#a9ece2"
"""The heart of music that nobody speaks over."""

INK, INK_SOFT, INK_LINE, INK_FAINT = "#f4efe6", "#a4adc2", "#48536f", "#2b344b"
LOUDNESS_INK = "#dfe7ff"

TITLE_SIZE, CAPTION_SIZE, LABEL_SIZE, SCALE_SIZE = 28, 17, 15, 13
TITLE_Y_PX, LABEL_Y_PX, TIME_Y_PX = 44, 92, 366

QUIETEST_LUFS, LOUDEST_LUFS = -50.0, 0.0
"""The foot and the head of the lane."""

SCALE_LUFS = (-10, -20, -30, -40)
LOUDNESS_STEP_PX = 3
"""Points of the curve closer than this are drawn as their mean: it reads as a line, not as fur."""


@dataclass(frozen=True, slots=True)
class WaveformPicture:
    """What the picture shows.

    Attributes:
        peaks: (lowest, highest) sample of each column, -1 to 1; any number of columns, of equal
            length in time.
        duration_s: of the audio.
        music: level of the bed in each column, 0 to 1 as amplitude; any number, or none.
        chapters: (start in seconds, title), in order.
        title: of the story; may be empty.
        caption: a line of figures, such as `3 chapters · 10:32 · -18.0 LUFS`.
        loudness: (time in seconds, LUFS), in order; may be empty.
        speech: (start, end) in seconds of what is spoken; may be empty.
    """

    peaks: tuple[tuple[float, float], ...]
    duration_s: float
    music: tuple[float, ...] = ()
    chapters: tuple[tuple[float, str], ...] = ()
    title: str = ""
    caption: str = ""
    loudness: tuple[tuple[float, float], ...] = ()
    speech: tuple[tuple[float, float], ...] = ()


def draw_waveform(picture: WaveformPicture) -> bytes:
    """Draws the picture as a PNG of WIDTH_PX by HEIGHT_PX, or FULL_HEIGHT_PX with the loudness."""
    axis = TimeAxis(max(picture.duration_s, 0.001), LEFT_PX, RIGHT_PX)
    marks = place_chapter_marks(axis, picture.chapters, _fit_label)
    height_px = FULL_HEIGHT_PX if picture.loudness else HEIGHT_PX
    canvas = create_gradient(NIGHT_TOP, NIGHT_BOTTOM, WIDTH_PX, height_px).copy()
    _draw_chapter_bands(canvas, marks)
    bed = _bed_outline(picture.music)
    _draw_bed(canvas, bed)
    _draw_chapter_lines(canvas, marks)
    _draw_sound(canvas, axis, picture)
    _draw_bed_rim(canvas, bed)
    _draw_loudness(canvas, axis, picture.loudness)
    _draw_speech(canvas, axis, picture.speech)
    _draw_time_axis(canvas, axis)
    _draw_heading(canvas, picture)
    png = BytesIO()
    canvas.save(png, "PNG", compress_level=4)
    return png.getvalue()


# Sound


def _draw_sound(canvas: Image.Image, axis: TimeAxis, picture: WaveformPicture) -> None:
    """Bars with a bright core and a halo; in the music's colours where it is known to be alone."""
    bars = range(LEFT_PX, RIGHT_PX - BAR_PX + 1, BAR_STEP_PX)
    lows = _resample([_plot_height(-low) for low, _ in picture.peaks], len(bars))
    highs = _resample([_plot_height(high) for _, high in picture.peaks], len(bars))
    spoken = _find_speech_bars(axis, picture, bars)
    for is_voice, edge, heart in (
        (True, VOICE_EDGE, VOICE_CORE),
        (False, MUSIC_EDGE, MUSIC_ONLY_CORE),
    ):
        if is_voice not in spoken:
            continue
        halo, core = create_plot_mask(), create_plot_mask()
        for x, low, high, speaks in zip(bars, lows, highs, spoken, strict=True):
            if speaks == is_voice:
                _draw_bar(halo, x, high[1], low[1])
                _draw_bar(core, x, high[0], low[0])
        paint_mask(canvas, create_glow(edge, heart), halo, 0.42)
        paint_mask(canvas, create_glow(edge, heart), core, 1.0)


def _find_speech_bars(axis: TimeAxis, picture: WaveformPicture, bars: Sequence[int]) -> list[bool]:
    """Whether somebody speaks in each bar; all of them where it is not known."""
    if not picture.speech or not picture.music:
        return [True] * len(bars)
    spans = [(axis.x_px(start), axis.x_px(end)) for start, end in picture.speech]
    starts = [start - BAR_STEP_PX for start, _ in spans]
    at = [bisect_right(starts, x) - 1 for x in bars]
    ends = [spans[index][1] + BAR_STEP_PX if index >= 0 else -1.0 for index in at]
    return [x < end for x, end in zip(bars, ends, strict=True)]


def _draw_bar(mask: Image.Image, x: int, above: float, below: float) -> None:
    """One bar with round ends; a dot where there is silence."""
    reach = (BOTTOM_PX - TOP_PX) / 2 - BAR_PX
    top = (MIDDLE_PX - BAR_PX / 2 - reach * above - TOP_PX) * SCALE
    foot = (MIDDLE_PX + BAR_PX / 2 + reach * below - TOP_PX) * SCALE
    pen, left, across = ImageDraw.Draw(mask), x * SCALE, BAR_PX * SCALE - 1
    pen.ellipse((left, top, left + across, top + across), fill=255)
    pen.ellipse((left, foot - across, left + across, foot), fill=255)
    pen.rectangle((left, top + across / 2, left + across, foot - across / 2), fill=255)


def _bed_outline(music: Sequence[float]) -> list[tuple[float, float]]:
    """The upper and the lower edge of the bed, as one closed outline on a mask."""
    if not music:
        return []
    xs = range(LEFT_PX, RIGHT_PX + 1, 4)
    reach = (BOTTOM_PX - TOP_PX) / 2
    levels = _smooth([mean for mean, _ in _resample(list(map(_plot_height, music)), len(xs))])
    above: list[tuple[float, float]] = [
        (x * SCALE, (reach - reach * level) * SCALE) for x, level in zip(xs, levels, strict=True)
    ]
    return above + [(x, 2 * reach * SCALE - y) for x, y in reversed(above)]


def _draw_bed(canvas: Image.Image, outline: Sequence[tuple[float, float]]) -> None:
    """The bed: a soft shape behind the voice."""
    if outline:
        mask = create_plot_mask()
        ImageDraw.Draw(mask).polygon(outline, fill=255)
        paint_mask(canvas, create_glow(MUSIC_EDGE, MUSIC_CORE), mask, 0.6)


def _draw_bed_rim(canvas: Image.Image, outline: Sequence[tuple[float, float]]) -> None:
    """The bed's edges once more in front, so that it can be followed under a dense voice."""
    if outline:
        mask = create_plot_mask()
        ImageDraw.Draw(mask).line([*outline, outline[0]], fill=255, width=SCALE + 1, joint="curve")
        paint_mask(canvas, create_flat_fill(MUSIC_EDGE), mask, 0.75)


def _draw_loudness(
    canvas: Image.Image, axis: TimeAxis, loudness: Sequence[tuple[float, float]]
) -> None:
    """The loudness over time: a line in a lane of its own, with its scale at the right."""
    inside = [(time_s, lufs) for time_s, lufs in loudness if 0 <= time_s <= axis.duration_s]
    if not inside:
        return
    step = max(1, len(inside) // ((RIGHT_PX - LEFT_PX) // LOUDNESS_STEP_PX))
    points = [
        (axis.x_px(inside[at][0]) * SCALE, _loudness_y(_mean_lufs(inside[at : at + step])) * SCALE)
        for at in range(0, len(inside), step)
    ]
    _draw_lane(canvas)
    foot = (LANE_BOTTOM_PX - LANE_TOP_PX) * SCALE
    ground, curve = create_lane_mask(), create_lane_mask()
    area = [(points[0][0], foot), *points, (points[-1][0], foot)]
    ImageDraw.Draw(ground).polygon(area, fill=255)
    ImageDraw.Draw(curve).line(points, fill=255, width=round(1.5 * SCALE), joint="curve")
    paint_mask(canvas, create_flat_fill(LOUDNESS_INK), ground, 0.13, LANE_TOP_PX)
    paint_mask(canvas, create_flat_fill(LOUDNESS_INK), curve, 0.95, LANE_TOP_PX)


def _draw_lane(canvas: Image.Image) -> None:
    """Lines at round loudnesses, each with its figure."""
    pen = ImageDraw.Draw(canvas)
    for lufs in SCALE_LUFS:
        y_px = LANE_TOP_PX + round(_loudness_y(lufs))
        pen.line((LEFT_PX, y_px, RIGHT_PX, y_px), fill=INK_FAINT)
        pen.text((RIGHT_PX + 8, y_px), str(lufs), INK_SOFT, load_font(SCALE_SIZE), anchor="lm")
    pen.text((RIGHT_PX + 8, LANE_TOP_PX), "LUFS", INK_SOFT, load_font(SCALE_SIZE), anchor="lm")


def _draw_speech(
    canvas: Image.Image, axis: TimeAxis, speech: Sequence[tuple[float, float]]
) -> None:
    """A line under the plot where somebody speaks."""
    pen = ImageDraw.Draw(canvas)
    for start_s, end_s in speech:
        box = (axis.x_px(start_s), BOTTOM_PX + 1, axis.x_px(end_s), BOTTOM_PX + 4)
        pen.rectangle(box, fill=VOICE_EDGE)


def _mean_lufs(points: Sequence[tuple[float, float]]) -> float:
    """The mean loudness of a stretch; silence (minus infinity, or no number) counts as the foot."""
    heard = [max(QUIETEST_LUFS, lufs) for _, lufs in points]
    return sum(QUIETEST_LUFS if math.isnan(lufs) else lufs for lufs in heard) / len(heard)


def _loudness_y(lufs: float) -> float:
    """How far below the lane's head a loudness stands."""
    return (
        (LOUDEST_LUFS - min(LOUDEST_LUFS, lufs))
        / (LOUDEST_LUFS - QUIETEST_LUFS)
        * (LANE_BOTTOM_PX - LANE_TOP_PX - 1)
    )


def _plot_height(value: float) -> float:
    """A sample's height in the plot, 0 to 1; what is no number is silent."""
    return 0.0 if math.isnan(value) else min(1.0, max(0.0, value)) ** HEIGHT_POWER


def _resample(values: Sequence[float], count: int) -> list[tuple[float, float]]:
    """(mean, highest) of the values behind each of `count` columns."""
    if not values:
        return [(0.0, 0.0)] * count
    bounds = [number * len(values) / count for number in range(count + 1)]
    spans = [values[int(low) : max(int(low) + 1, int(high))] for low, high in pairwise(bounds)]
    return [(sum(span) / len(span), max(span)) for span in spans]


def _smooth(levels: Sequence[float]) -> list[float]:
    """A running mean over three columns, the ends as they are."""
    padded = [levels[0], *levels, levels[-1]]
    return [sum(padded[at : at + 3]) / 3 for at in range(len(levels))]


# Text


def _fit_label(text: str, room_px: float) -> str:
    return fit_text(transliterate_text(text), LABEL_SIZE, room_px)


def _draw_chapter_bands(canvas: Image.Image, marks: Sequence[ChapterMark]) -> None:
    """Every second chapter stands on slightly lighter ground."""
    ends_px = [mark.x_px for mark in marks[1:]] + [float(RIGHT_PX)]
    for mark, end_px in list(zip(marks, ends_px, strict=False))[::2]:
        box = (round(mark.x_px), TOP_PX, round(end_px), BOTTOM_PX)
        if box[2] > box[0]:
            ground = canvas.crop(box)
            canvas.paste(Image.blend(ground, Image.new("RGB", ground.size, INK), 0.03), box)


def _draw_chapter_lines(canvas: Image.Image, marks: Sequence[ChapterMark]) -> None:
    """A line where each chapter begins, its label above."""
    pen = ImageDraw.Draw(canvas)
    for mark in marks:
        x_px = round(mark.x_px)
        pen.line((x_px, TOP_PX - 8, x_px, BOTTOM_PX), fill=INK_LINE)
        pen.text((x_px, LABEL_Y_PX), mark.label, INK_SOFT, load_font(LABEL_SIZE), anchor="lm")


def _draw_time_axis(canvas: Image.Image, axis: TimeAxis) -> None:
    """Ticks and times under the plot."""
    pen = ImageDraw.Draw(canvas)
    pen.line((LEFT_PX, BOTTOM_PX + 8, RIGHT_PX, BOTTOM_PX + 8), fill=INK_FAINT)
    for time_s in axis.ticks_s():
        x_px, text = round(axis.x_px(time_s)), format_clock(time_s, axis.step_s)
        pen.line((x_px, BOTTOM_PX + 8, x_px, BOTTOM_PX + 13), fill=INK_SOFT)
        half = text_width_px(text, LABEL_SIZE) / 2
        x_text = min(max(x_px, LEFT_PX + half), RIGHT_PX - half)
        pen.text((x_text, TIME_Y_PX), text, INK_SOFT, load_font(LABEL_SIZE), anchor="mm")


def _draw_heading(canvas: Image.Image, picture: WaveformPicture) -> None:
    """The title at the left; figures and what the colours mean at the right."""
    pen = ImageDraw.Draw(canvas)
    caption = fit_text(transliterate_text(picture.caption), CAPTION_SIZE, (RIGHT_PX - LEFT_PX) / 2)
    left_px = RIGHT_PX - text_width_px(caption, CAPTION_SIZE)
    pen.text((left_px, TITLE_Y_PX), caption, INK_SOFT, load_font(CAPTION_SIZE), anchor="lm")
    left_px = _draw_legend(pen, picture, left_px - 40 if caption else left_px)
    title = fit_text(transliterate_text(picture.title), TITLE_SIZE, left_px - LEFT_PX - 40)
    pen.text((LEFT_PX, TITLE_Y_PX), title, INK, load_font(TITLE_SIZE), anchor="lm")


def _draw_legend(pen: ImageDraw.ImageDraw, picture: WaveformPicture, right_px: float) -> float:
    """Names the colours where there is more than one; returns where it begins."""
    shown = [("loudness", LOUDNESS_INK)] if picture.loudness else []
    shown += [("music", MUSIC_EDGE)] if picture.music else []
    for name, colour in [*shown, ("voice", VOICE_EDGE)] if shown else []:
        right_px -= text_width_px(name, CAPTION_SIZE)
        pen.text((right_px, TITLE_Y_PX), name, INK_SOFT, load_font(CAPTION_SIZE), anchor="lm")
        right_px -= 18
        pen.rounded_rectangle((right_px, TITLE_Y_PX - 5, right_px + 10, TITLE_Y_PX + 5), 5, colour)
        right_px -= 22
    return right_px
