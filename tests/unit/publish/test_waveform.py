"""The picture shows what it is given, in any script, at any length, quickly."""

import math
import time
from io import BytesIO
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mixer.publish.waveform import WaveformPicture, draw_waveform, format_clock
from mixer.publish.waveform.bars import build_bars, speech_shares
from mixer.publish.waveform.painter import (
    BOTTOM_PX,
    FULL_HEIGHT_PX,
    HEIGHT_PX,
    LANE_BOTTOM_PX,
    LANE_TOP_PX,
    LEFT_PX,
    RIGHT_PX,
    TOP_PX,
    WIDTH_PX,
)
from mixer.publish.waveform.picture import (
    TICK_ROOM_PX,
    TimeAxis,
    fit_text,
    place_chapter_marks,
    text_width_px,
    transliterate_text,
)

SPEECH = tuple((-0.5 * abs(math.sin(at / 9)), 0.6 * abs(math.sin(at / 7))) for at in range(2000))
MIDDLE_PX = (TOP_PX + BOTTOM_PX) // 2


def draw(**more):
    """The picture of some speech, as an image."""
    return Image.open(
        BytesIO(draw_waveform(WaveformPicture(**({"peaks": SPEECH, "duration_s": 60} | more))))
    )


def brightness(image, x, y):
    return sum(image.getpixel((x, y)))


def lit_rows(image, x):
    """How many rows of the plot are bright within one bar of a column."""
    return sum(
        max(brightness(image, near, y) for near in range(x, x + 5)) > 250
        for y in range(TOP_PX, BOTTOM_PX)
    )


# The picture


def test_picture_is_a_png_of_fixed_size():
    image = draw()
    assert image.format == "PNG"
    assert image.size == (WIDTH_PX, HEIGHT_PX)


def test_same_numbers_give_the_same_bytes():
    picture = WaveformPicture(SPEECH, 60, title="Twice")
    assert draw_waveform(picture) == draw_waveform(picture)


def test_loud_stands_taller_than_soft_and_silence_is_a_line():
    peaks = ((-0.02, 0.02),) * 100 + ((-0.9, 0.9),) * 100 + ((0.0, 0.0),) * 100
    image = draw(peaks=peaks)
    third = (RIGHT_PX - LEFT_PX) // 3
    soft, loud, silent = (lit_rows(image, LEFT_PX + third // 2 + third * at) for at in range(3))
    assert loud > 150 > soft > silent > 0


def test_one_sided_peaks_are_drawn_on_their_side():
    image = draw(peaks=((0.0, 0.9),) * 10)
    column = [
        max(brightness(image, x, MIDDLE_PX + off) for x in range(800, 806)) for off in (-50, 50)
    ]
    assert column[0] > 250 > column[1]


def test_music_shows_behind_a_silent_voice():
    quiet = {"peaks": ((0.0, 0.0),)}
    with_music, without = draw(**quiet, music=(0.2,) * 50), draw(**quiet)
    assert with_music.getpixel((800, MIDDLE_PX - 12)) != without.getpixel((800, MIDDLE_PX - 12))
    assert with_music.getpixel((800, TOP_PX + 5)) == without.getpixel((800, TOP_PX + 5))


def test_chapter_has_a_mark_where_it_begins():
    quiet = {"peaks": (), "duration_s": 100}
    image, x_px = draw(**quiet, chapters=((50.0, "Half"),)), (LEFT_PX + RIGHT_PX) // 2
    assert brightness(image, x_px, TOP_PX + 4) > brightness(image, x_px - 9, TOP_PX + 4)


def test_loudness_is_a_line_at_its_height():
    curve = tuple((second * 1.0, -20.0) for second in range(61))
    image, plain = draw(loudness=curve, peaks=()), draw(peaks=())
    y_px = LANE_TOP_PX + round((LANE_BOTTOM_PX - LANE_TOP_PX - 1) * 20 / 50)
    assert brightness(image, 700, y_px) > brightness(image, 700, y_px - 6) + 200
    assert brightness(image, 700, y_px + 9) > brightness(image, 700, y_px - 9)
    assert (image.size, plain.size) == ((WIDTH_PX, FULL_HEIGHT_PX), (WIDTH_PX, HEIGHT_PX))


def test_music_without_speech_has_its_own_colour():
    loud = {"peaks": ((-0.8, 0.8),) * 100, "music": (0.3,) * 100, "duration_s": 60.0}
    image = draw(**loud, speech=((0.0, 30.0),))

    def reddest(x: int) -> int:
        colours = [image.getpixel((near, MIDDLE_PX - 30)) for near in range(x, x + 5)]
        return max(red - blue for red, _, blue in colours)

    assert reddest(400) > 40
    assert reddest(1200) < 0
    unknown = draw(**loud)
    assert unknown.getpixel((1200, MIDDLE_PX - 30)) != image.getpixel((1200, MIDDLE_PX - 30))


def long_book(loudness: list[float]) -> WaveformPicture:
    """Twenty hours whose every bar has a peak near full scale."""
    points = tuple((number * 90.0, level) for number, level in enumerate(loudness))
    return WaveformPicture(((-0.9, 0.9),) * 1600, 72_000, loudness=points)


def test_bars_of_a_long_book_show_its_loudness_not_a_wall():
    levels = [-18.0] * 400 + [-22.0] * 390 + [-99.0] * 10
    bars = build_bars(long_book(levels), 300)
    loud, soft, silent = bars[50].above[0], bars[200].above[0], bars[-1].above[0]
    assert (loud, soft, silent) == (pytest.approx(0.9), pytest.approx(0.35), 0.0)
    assert {bar.above == bar.below for bar in bars} == {True}


def test_bars_of_a_short_file_show_its_peaks():
    picture = WaveformPicture(((-0.5, 0.9), (0.0, 0.1)) * 800, 20, loudness=((0.1, -20.0),) * 900)
    assert build_bars(picture, 300)[0].above[1] == pytest.approx(0.9**0.7)


@pytest.mark.parametrize("duration_s", [20.0, 72_000.0])
def test_bars_with_speech_are_told_from_music_alone(duration_s: float):
    picture = WaveformPicture(
        ((-0.5, 0.5),) * 1600,
        duration_s,
        music=(0.2,) * 100,
        speech=((0.5 * duration_s, 0.75 * duration_s), (0.75 * duration_s, duration_s)),
    )
    voiced = [bar.is_voice for bar in build_bars(picture, 300)]
    assert voiced == [False] * 150 + [True] * 150


def test_share_of_speech_adds_up():
    spans = ((0.0, 0.5), (1.0, 2.0), (2.25, 2.75), (9.5, 12.0))
    shares = speech_shares(spans, 10.0, 10)
    assert shares == pytest.approx([0.5, 1, 0.5, 0, 0, 0, 0, 0, 0, 0.5])


@pytest.mark.parametrize(("count", "step"), [(60, 2), (300, 10), (1_189, 50)])
def test_many_chapters_are_numbered_at_regular_steps(count: int, step: int):
    chapters = [(at * 72_000 / count, "A long title of a chapter") for at in range(count)]
    axis = TimeAxis(72_000, LEFT_PX, RIGHT_PX)
    marks = place_chapter_marks(axis, chapters, lambda text, room: fit_text(text, 15, room))
    labels = [mark.label for mark in marks if mark.label]
    assert len(marks) == count
    numbers = ["1", *(str(n) for n in range(step, count + 1, step))]
    assert labels in (numbers, numbers[:-1])


@pytest.mark.parametrize(
    "odd",
    [
        {"peaks": ()},
        {"peaks": ((-1.0, 1.0),)},
        {"peaks": ((float("nan"), float("inf")), (-7.0, 7.0))},
        {"duration_s": 0.0},
        {"duration_s": 400_000.0},
        {"music": (float("nan"), -1.0, 9.0)},
        {"loudness": ((0.0, float("-inf")), (1.0, float("nan")), (2.0, 3.0), (99.0, -5.0))},
        {"loudness": ((0.0, -20.0),)},
        {"chapters": ((-5.0, "before"), (60.0, "behind"), (3.0, "late"), (1.0, "early"))},
        {"chapters": tuple((at / 10, f"Chapter {at}") for at in range(600))},
        {"title": "x" * 5000, "caption": "y" * 5000},
        {"title": "漢字 مرحبا 😀 \x00\n\ud800", "caption": "\u0301"},
    ],
)
def test_odd_input_is_drawn_all_the_same(odd):
    height_px = FULL_HEIGHT_PX if "loudness" in odd else HEIGHT_PX
    assert draw(**odd).size == (WIDTH_PX, height_px)


@settings(deadline=None, max_examples=20)
@given(
    st.text(max_size=80),
    st.lists(st.tuples(st.floats(-1, 90), st.text(max_size=30)), max_size=12),
    st.lists(st.tuples(st.floats(-1, 0), st.floats(0, 1)), max_size=50),
)
def test_any_text_and_peaks_can_be_drawn(title, chapters, peaks):
    assert draw(peaks=tuple(peaks), title=title, chapters=tuple(chapters))


def test_picture_takes_a_tenth_of_a_second():
    picture = WaveformPicture(
        SPEECH * 3, 36_000, (0.1,) * 2000, tuple((at * 900.0, f"No. {at}") for at in range(40)), "T"
    )
    draw_waveform(picture)
    began_s = time.process_time()
    draw_waveform(picture)
    assert (
        time.process_time() - began_s < 0.5
    )  # 0.05 s on an idle machine; the slack is for busy ones


# Text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("The Whale", "The Whale"),
        ("Übergrößen, čeština — Æon", "Ubergrossen, cestina - Aeon"),
        ("Moby-Dick, 白鯨", "Moby-Dick"),
        ("漢字", ""),
        ("a\x00b\nc\ud800😀", "ab c"),
        ("“Quoted” · 10:32 · −18.0 LUFS", "“Quoted” · 10:32 · -18.0 LUFS"),
    ],
)
def test_letters_that_the_font_lacks_are_replaced_or_left_out(text, written):
    assert transliterate_text(text) == written


@given(st.text(st.characters(max_codepoint=0x7E), max_size=80), st.integers(0, 400))
def test_fitted_text_never_takes_more_than_its_room(text, room):
    shortened = fit_text(transliterate_text(text), 15, room)
    assert text_width_px(shortened, 15) <= room


def test_text_without_room_is_left_out():
    assert fit_text("A long title", 15, 12) == ""
    assert fit_text("A long title", 15, 60).endswith("…")


# The time axis


@pytest.mark.parametrize("duration_s", [0.2, 1, 5, 42, 61, 632, 3599, 7200, 36_000, 90_000, 1e6])
def test_ticks_have_room_and_are_not_too_few(duration_s):
    axis = TimeAxis(duration_s, LEFT_PX, RIGHT_PX)
    xs_px = [axis.x_px(time_s) for time_s in axis.ticks_s()]
    assert 3 <= len(xs_px) <= 15
    assert all(second - first >= TICK_ROOM_PX - 1e-6 for first, second in pairwise(xs_px))
    assert xs_px[-1] <= RIGHT_PX + 1e-6


@pytest.mark.parametrize(
    ("time_s", "step_s", "text"),
    [
        (0, 1, "0:00"),
        (65, 5, "1:05"),
        (3750, 30, "1:02:30"),
        (36_000, 3600, "10:00:00"),
        (0.5, 0.5, "0.5 s"),
    ],
)
def test_times_read_like_a_clock(time_s, step_s, text):
    assert format_clock(time_s, step_s) == text


@given(st.lists(st.tuples(st.floats(0, 3599), st.text("abc xyz", max_size=40)), max_size=60))
def test_chapter_labels_never_collide(chapters):
    axis = TimeAxis(3600, LEFT_PX, RIGHT_PX)
    marks = place_chapter_marks(
        axis, chapters, lambda text, room: fit_text(transliterate_text(text), 15, room)
    )
    assert len(marks) == len(chapters)
    for first, second in pairwise(mark for mark in marks if mark.label):
        assert first.x_px + text_width_px(first.label, 15) < second.x_px


def test_chapter_without_room_for_its_title_shows_its_number():
    axis = TimeAxis(100, 0, 1000)
    marks = place_chapter_marks(
        axis, [(0, "A title"), (3, "Another")], lambda text, room: fit_text(text, 15, room)
    )
    assert [mark.label for mark in marks] == ["1", "Another"]
