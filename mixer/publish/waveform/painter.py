"""Draws the picture of a mix: the voice in front, the music behind it, chapters and time.

Shapes are drawn as masks at twice the size and reduced, which smooths their edges; colours are
pasted through the masks at the final size. Text is smoothed by FreeType. A picture takes a tenth
of a second.
"""

from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageOps

from mixer.progress import format_clock
from mixer.publish.waveform.bars import (
    MIN_LUFS,
    build_bars,
    mean_lufs,
    plot_height,
    resample,
    speech_shares,
)
from mixer.publish.waveform.picture import (
    ChapterMark,
    TimeAxis,
    WaveformPicture,
    fit_text,
    load_font,
    place_chapter_marks,
    text_width_px,
    transliterate_text,
)

WIDTH_PX, HEIGHT_PX = 1600, 400
LEFT_PX, RIGHT_PX = 48, 1552
TOP_PX, BOTTOM_PX = 112, 340
REACH_PX = (BOTTOM_PX - TOP_PX) / 2
"""From the middle of the plot to its edges."""

LANE_TOP_PX, LANE_BOTTOM_PX, FULL_HEIGHT_PX = 404, 532, 560
"""The loudness over time, where it is known, has a lane of its own below the plot."""

SCALE = 2
"""Masks are this many times larger than the picture."""

BAR_PX, BAR_STEP_PX = 3, 5

MIN_CHAPTER_PX = 6
"""Chapters closer than this on average have neither bands nor lines of their own."""

NIGHT_TOP, NIGHT_BOTTOM = "#161c2d", "#0c101b"
VOICE_EDGE, VOICE_CORE = "#ff7a66", "#ffd9a3"
MUSIC_EDGE, MUSIC_CORE = "#37b6b0", "#2a6f97"
MUSIC_ONLY_CORE = "#a9ece2"
"""For music without speech over it."""

INK, INK_SOFT, INK_LINE, INK_FAINT = "#f4efe6", "#a4adc2", "#48536f", "#2b344b"
LOUDNESS_INK = "#dfe7ff"

TITLE_SIZE, CAPTION_SIZE, LABEL_SIZE, SCALE_SIZE = 28, 17, 15, 13
TITLE_Y_PX, LABEL_Y_PX, TIME_Y_PX = 44, 92, 366

MAX_LUFS = 0.0
"""The top of the lane."""

SCALE_LUFS = (-10, -20, -30, -40)
LOUDNESS_STEP_PX = 3
"""Points of the curve closer than this are averaged: it reads as a line, not as fur."""

Points = Sequence[tuple[float, float]]


def draw_png(picture: WaveformPicture) -> bytes:
    """Draw WIDTH_PX by HEIGHT_PX, or by FULL_HEIGHT_PX with the loudness."""
    axis = TimeAxis(max(picture.duration_s, 0.001), LEFT_PX, RIGHT_PX)
    marks = place_chapter_marks(axis, picture.chapters, _fit_label)
    height_px = FULL_HEIGHT_PX if picture.loudness else HEIGHT_PX
    canvas = _create_gradient(height_px, NIGHT_TOP, NIGHT_BOTTOM).copy()
    _draw_chapter_bands(canvas, marks)
    music = _outline_music(picture.music)
    _draw_music(canvas, music)
    _draw_chapter_lines(canvas, marks)
    _draw_sound(canvas, picture)
    _draw_music_rim(canvas, music)
    _draw_loudness(canvas, axis, picture.loudness)
    _draw_speech(canvas, picture)
    _draw_time_axis(canvas, axis)
    _draw_heading(canvas, picture)
    png = BytesIO()
    canvas.save(png, "PNG", compress_level=4)
    return png.getvalue()


def _create_mask(height_px: int = BOTTOM_PX - TOP_PX) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    mask = Image.new("L", (WIDTH_PX * SCALE, height_px * SCALE))
    return mask, ImageDraw.Draw(mask)


def _paint(
    canvas: Image.Image,
    fill: Image.Image | str,
    mask: Image.Image,
    opacity: float = 1.0,
    top_px: int = TOP_PX,
) -> None:
    small = mask.reduce(SCALE)
    if opacity < 1:
        small = small.point([round(level * opacity) for level in range(256)])
    canvas.paste(fill, (0, top_px, small.width, top_px + small.height), small)


@lru_cache(maxsize=8)
def _create_gradient(
    height_px: int, top: str, bottom: str, middle: str | None = None
) -> Image.Image:
    ramp = Image.linear_gradient("L").resize((1, height_px), Image.Resampling.BILINEAR)
    return ImageOps.colorize(ramp, top, bottom, middle).resize((WIDTH_PX, height_px))


def _create_glow(edge: str, core: str) -> Image.Image:
    return _create_gradient(BOTTOM_PX - TOP_PX, edge, edge, core)


def _draw_sound(canvas: Image.Image, picture: WaveformPicture) -> None:
    xs = range(LEFT_PX, RIGHT_PX - BAR_PX + 1, BAR_STEP_PX)
    bars = list(zip(xs, build_bars(picture, len(xs)), strict=True))
    for is_voice, glow in (
        (True, _create_glow(VOICE_EDGE, VOICE_CORE)),
        (False, _create_glow(MUSIC_EDGE, MUSIC_ONLY_CORE)),
    ):
        own = [(x, bar) for x, bar in bars if bar.is_voice == is_voice]
        if not own:
            continue
        (halo, halo_pen), (core, core_pen) = _create_mask(), _create_mask()
        for x, bar in own:
            _draw_bar(halo_pen, x, bar.above[1], bar.below[1])
            _draw_bar(core_pen, x, bar.above[0], bar.below[0])
        _paint(canvas, glow, halo, 0.42)
        _paint(canvas, glow, core)


def _draw_bar(pen: ImageDraw.ImageDraw, x: int, above: float, below: float) -> None:
    """Draw a bar with round ends; silence is a dot."""
    reach = REACH_PX - BAR_PX
    top = REACH_PX - BAR_PX / 2 - reach * above
    bottom = REACH_PX + BAR_PX / 2 + reach * below
    box = (x * SCALE, top * SCALE, (x + BAR_PX) * SCALE - 1, bottom * SCALE)
    pen.rounded_rectangle(box, BAR_PX * SCALE / 2, fill=255)


def _outline_music(music: Sequence[float]) -> list[tuple[float, float]]:
    if not music:
        return []
    xs = range(LEFT_PX, RIGHT_PX + 1, 4)
    levels = _smooth([mean for mean, _ in resample(list(map(plot_height, music)), len(xs))])
    upper: list[tuple[float, float]] = [
        (x * SCALE, REACH_PX * (1 - level) * SCALE) for x, level in zip(xs, levels, strict=True)
    ]
    return upper + [(x, 2 * REACH_PX * SCALE - y) for x, y in reversed(upper)]


def _draw_music(canvas: Image.Image, outline: Points) -> None:
    if outline:
        mask, pen = _create_mask()
        pen.polygon(outline, fill=255)
        _paint(canvas, _create_glow(MUSIC_EDGE, MUSIC_CORE), mask, 0.6)


def _draw_music_rim(canvas: Image.Image, outline: Points) -> None:
    """Draw the music's edges in front, so that it can be followed under a dense voice."""
    if outline:
        mask, pen = _create_mask()
        pen.line([*outline, outline[0]], fill=255, width=SCALE + 1, joint="curve")
        _paint(canvas, MUSIC_EDGE, mask, 0.75)


def _draw_loudness(canvas: Image.Image, axis: TimeAxis, loudness: Points) -> None:
    inside = [(time_s, lufs) for time_s, lufs in loudness if 0 <= time_s <= axis.duration_s]
    if not inside:
        return
    step = max(1, len(inside) // ((RIGHT_PX - LEFT_PX) // LOUDNESS_STEP_PX))
    points = [
        (axis.x_px(inside[at][0]) * SCALE, _loudness_y(mean_lufs(inside[at : at + step])) * SCALE)
        for at in range(0, len(inside), step)
    ]
    _draw_lane_scale(canvas)
    height_px = LANE_BOTTOM_PX - LANE_TOP_PX
    (area, area_pen), (curve, curve_pen) = _create_mask(height_px), _create_mask(height_px)
    bottom = height_px * SCALE
    area_pen.polygon([(points[0][0], bottom), *points, (points[-1][0], bottom)], fill=255)
    curve_pen.line(points, fill=255, width=round(1.5 * SCALE), joint="curve")
    _paint(canvas, LOUDNESS_INK, area, 0.13, LANE_TOP_PX)
    _paint(canvas, LOUDNESS_INK, curve, 0.95, LANE_TOP_PX)


def _draw_lane_scale(canvas: Image.Image) -> None:
    pen, font = ImageDraw.Draw(canvas), load_font(SCALE_SIZE)
    for lufs in SCALE_LUFS:
        y_px = LANE_TOP_PX + round(_loudness_y(lufs))
        pen.line((LEFT_PX, y_px, RIGHT_PX, y_px), fill=INK_FAINT)
        pen.text((RIGHT_PX + 8, y_px), str(lufs), INK_SOFT, font, anchor="lm")
    pen.text((RIGHT_PX + 8, LANE_TOP_PX), "LUFS", INK_SOFT, font, anchor="lm")


def _draw_speech(canvas: Image.Image, picture: WaveformPicture) -> None:
    """Draw a strip that is the brighter, the more speech there is."""
    if not picture.speech:
        return
    shares = speech_shares(picture.speech, picture.duration_s, RIGHT_PX - LEFT_PX)
    line = Image.new("L", (RIGHT_PX - LEFT_PX, 1))
    line.putdata([round(255 * share) for share in shares])
    canvas.paste(VOICE_EDGE, (LEFT_PX, BOTTOM_PX + 1), line.resize((line.width, 4)))


def _loudness_y(lufs: float) -> float:
    share = (MAX_LUFS - min(MAX_LUFS, lufs)) / (MAX_LUFS - MIN_LUFS)
    return share * (LANE_BOTTOM_PX - LANE_TOP_PX - 1)


def _smooth(levels: Sequence[float]) -> list[float]:
    padded = [levels[0], *levels, levels[-1]]
    return [sum(padded[at : at + 3]) / 3 for at in range(len(levels))]


def _fit_label(text: str, room_px: float) -> str:
    return fit_text(transliterate_text(text), LABEL_SIZE, room_px)


def _draw_chapter_bands(canvas: Image.Image, marks: Sequence[ChapterMark]) -> None:
    if len(marks) * MIN_CHAPTER_PX > RIGHT_PX - LEFT_PX:
        return
    ends_px = [mark.x_px for mark in marks[1:]] + [float(RIGHT_PX)]
    for mark, end_px in list(zip(marks, ends_px, strict=False))[::2]:
        box = (round(mark.x_px), TOP_PX, round(end_px), BOTTOM_PX)
        if box[2] > box[0]:
            canvas.paste(INK, box, Image.new("L", (box[2] - box[0], box[3] - box[1]), 8))


def _draw_chapter_lines(canvas: Image.Image, marks: Sequence[ChapterMark]) -> None:
    pen = ImageDraw.Draw(canvas)
    is_crowded = len(marks) * MIN_CHAPTER_PX > RIGHT_PX - LEFT_PX
    for mark in marks:
        if is_crowded and not mark.label:
            continue
        x_px = round(mark.x_px)
        pen.line((x_px, TOP_PX - 8, x_px, BOTTOM_PX), fill=INK_LINE)
        pen.text((x_px, LABEL_Y_PX), mark.label, INK_SOFT, load_font(LABEL_SIZE), anchor="lm")


def _draw_time_axis(canvas: Image.Image, axis: TimeAxis) -> None:
    pen = ImageDraw.Draw(canvas)
    pen.line((LEFT_PX, BOTTOM_PX + 8, RIGHT_PX, BOTTOM_PX + 8), fill=INK_FAINT)
    for time_s in axis.ticks_s():
        x_px, text = round(axis.x_px(time_s)), format_clock(time_s, axis.step_s)
        pen.line((x_px, BOTTOM_PX + 8, x_px, BOTTOM_PX + 13), fill=INK_SOFT)
        half_px = text_width_px(text, LABEL_SIZE) / 2
        centre_px = min(max(x_px, LEFT_PX + half_px), RIGHT_PX - half_px)
        pen.text((centre_px, TIME_Y_PX), text, INK_SOFT, load_font(LABEL_SIZE), anchor="mm")


def _draw_heading(canvas: Image.Image, picture: WaveformPicture) -> None:
    pen = ImageDraw.Draw(canvas)
    caption = fit_text(transliterate_text(picture.caption), CAPTION_SIZE, (RIGHT_PX - LEFT_PX) / 2)
    left_px = RIGHT_PX - text_width_px(caption, CAPTION_SIZE)
    pen.text((left_px, TITLE_Y_PX), caption, INK_SOFT, load_font(CAPTION_SIZE), anchor="lm")
    left_px = _draw_legend(pen, picture, left_px - 40 if caption else left_px)
    title = fit_text(transliterate_text(picture.title), TITLE_SIZE, left_px - LEFT_PX - 40)
    pen.text((LEFT_PX, TITLE_Y_PX), title, INK, load_font(TITLE_SIZE), anchor="lm")


def _draw_legend(pen: ImageDraw.ImageDraw, picture: WaveformPicture, right_px: float) -> float:
    """Name the colours where there are several; returns the legend's left edge."""
    entries = [("loudness", LOUDNESS_INK)] if picture.loudness else []
    entries += [("music", MUSIC_EDGE)] if picture.music else []
    for name, colour in [*entries, ("voice", VOICE_EDGE)] if entries else []:
        right_px -= text_width_px(name, CAPTION_SIZE)
        pen.text((right_px, TITLE_Y_PX), name, INK_SOFT, load_font(CAPTION_SIZE), anchor="lm")
        right_px -= 18
        pen.rounded_rectangle((right_px, TITLE_Y_PX - 5, right_px + 10, TITLE_Y_PX + 5), 5, colour)
        right_px -= 22
    return right_px
