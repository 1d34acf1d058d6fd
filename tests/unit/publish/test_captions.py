"""Captions keep every word, their own rules, and the syntax of their files."""

import re
import time
import unicodedata
from itertools import pairwise

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from mixer.publish.captions import (
    CaptionCue,
    CaptionedSentence,
    build_cues,
    format_chapters_vtt,
    format_srt,
    format_webvtt,
)

LINE_COLUMNS = 42


def sentence(text, start_s=0.0, end_s=None, **more):
    """A sentence said at 15 characters a second unless an end is given."""
    end_s = start_s + len(text) / 15 if end_s is None else end_s
    return CaptionedSentence(text, start_s, end_s, **more)


def list_lines(*sentences, total_s=None):
    """The lines of each cue, for sentences that stand as they are."""
    total_s = sentences[-1].end_s + 5 if total_s is None else total_s
    return [list(cue.lines) for cue in build_cues(sentences, total_s=total_s)]


def columns(line):
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


def visible(text):
    """What must survive: everything but white space and what cannot be seen."""
    return re.sub(r"\s", "", regex.sub(r"[\p{Cc}\p{Cs}\u00ad\u200b\ufeff\ufffe\uffff]", "", text))


# Where lines and cues break


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Short enough for one line.", ["Short enough for one line."]),
        (
            "It was the best of times, it was the worst of times.",
            ["It was the best of times,", "it was the worst of times."],
        ),
        (
            "The old man walked slowly down the road in the evening.",
            ["The old man walked slowly", "down the road in the evening."],
        ),
        (
            "Nobody in the whole village remembered Dr. Smith kindly.",
            ["Nobody in the whole village", "remembered Dr. Smith kindly."],
        ),
        (
            "A place—as everyone in London knew very well—without light.",
            ["A place—as everyone in London", "knew very well—without light."],
        ),
        (
            "« Quoi ? » dit-il, « tu as payé 10 000 euros pour ça ! »",
            ["« Quoi ? » dit-il,", "« tu as payé 10 000 euros pour ça ! »"],
        ),
        (
            "Er ging im Regen langsam spazieren, obwohl er krank war.",
            ["Er ging im Regen langsam spazieren,", "obwohl er krank war."],
        ),
        (
            "おじいさんは山へ芝刈りに、おばあさんは川へ洗濯に行きました。",
            ["おじいさんは山へ芝刈りに、", "おばあさんは川へ洗濯に行きました。"],
        ),
        (
            "他说：“你好，我是来自北京的学生，今年二十三岁，很高兴认识你们大家。”",
            ["他说：“你好，我是来自北京的学生，", "今年二十三岁，很高兴认识你们大家。”"],
        ),
        (
            "昔々、あるところにおじいさんとおばあさんが住んでいました。",
            ["昔々、あるところにおじいさんと", "おばあさんが住んでいました。"],
        ),
    ],
)
def test_lines_break_at_phrases(text, lines):
    assert list_lines(sentence(text)) == [lines]


def test_long_sentence_becomes_several_cues_cut_at_clauses():
    text = (
        "It was the epoch of belief, it was the epoch of incredulity, "
        "it was the season of Light, it was the season of Darkness."
    )
    assert list_lines(sentence(text)) == [
        ["It was the epoch of belief,", "it was the epoch of incredulity,"],
        ["it was the season of Light,", "it was the season of Darkness."],
    ]


def test_no_line_ends_with_an_article_where_it_can_be_helped():
    text = "She looked at the stars above the harbour and the lights of the ships " * 3
    for cue in list_lines(sentence(text.strip())):
        for line in cue:
            assert line.split()[-1] not in {"the", "of", "and", "at"}


def test_word_wider_than_a_line_is_cut_between_graphemes():
    address = "https://example.org/" + "a-long-path/" * 8
    lines = [line for cue in list_lines(sentence(f"See {address} for more.")) for line in cue]
    assert "".join(lines).replace(" ", "") == f"See{address}formore."
    assert max(map(len, lines)) <= LINE_COLUMNS


def test_family_emoji_and_combined_letters_stay_whole():
    family = "👨‍👩‍👧‍👦"
    graphemes = regex.findall(r"\X", family * 12)
    lines = [line for cue in list_lines(sentence(family * 12)) for line in cue]
    assert [part for line in lines for part in regex.findall(r"\X", line)] == graphemes


@pytest.mark.parametrize("closing", "、。」！？）ー")
def test_no_ideographic_line_begins_with_closing_punctuation(closing):
    text = f"春夏秋冬{closing}" * 30
    for cue in list_lines(sentence(text, 0, 60)):
        assert all(line[0] != closing for line in cue)


# When cues appear and go


def test_cue_appears_with_its_sentence():
    made = build_cues([sentence("One of them.", 1.25), sentence("Another one.", 4.5)], total_s=9)
    assert [cue.start_ms for cue in made] == [1250, 4500]


def test_word_times_decide_when_a_later_cue_appears():
    text = "When the rain came down over the hills that evening, " * 2 + "everybody ran."
    second = text.index("When", 10)
    made = build_cues([sentence(text, 0, 12, words=((0, 0.0), (second, 5.5)))], total_s=12)
    assert made[1].lines[0].startswith("When the rain")
    assert made[1].start_ms == 5500


def test_without_word_times_a_later_cue_appears_in_proportion():
    text = "one two three four five six seven " * 4
    made = build_cues([sentence(text.strip(), 10, 20)], total_s=30)
    assert [cue.start_ms for cue in made] == [10_000, 15_000]


def test_word_times_that_run_backwards_or_lie_outside_are_not_believed():
    words = ((0, -5.0), (10, 4.0), (20, 2.0), (30, 99.0), (500, 5.0))
    made = build_cues([sentence("word " * 40, 0, 14, words=words)], total_s=15)
    assert all(first.start_ms < second.start_ms for first, second in pairwise(made))
    assert made[-1].end_ms <= 15_000


def test_short_cue_stays_into_the_pause_but_not_into_the_next():
    made = build_cues([sentence("No!", 0, 0.3), sentence("He left the room.", 5)], total_s=9)
    assert made[0].end_ms == 1000
    made = build_cues(
        [sentence("No!", 0, 0.3, ends_paragraph=True), sentence("He left.", 0.7)], total_s=9
    )
    assert made[0].end_ms == 700


def test_fast_speech_is_left_on_the_screen_until_it_can_be_read():
    text = "Forty-two characters said in one second ok"
    made = build_cues([sentence(text, 0, 1), sentence("Then silence.", 8)], total_s=12)
    assert made[0].end_ms == round(len(text) / 17 * 1000)


def test_very_slow_speech_is_cut_into_cues_of_seven_seconds_at_most():
    made = build_cues([sentence("So it begins slowly", 0, 24)], total_s=24)
    assert [cue.lines for cue in made] == [("So it",), ("begins",), ("slowly",)]
    assert all(1000 <= cue.end_ms - cue.start_ms <= 7000 for cue in made)


def test_cue_never_outlasts_the_audio():
    assert build_cues([sentence("The end.", 2, 3)], total_s=3.2)[0].end_ms == 3200


def test_very_short_sentences_of_a_paragraph_share_a_cue():
    run = [sentence("No!", 0, 0.4), sentence("Why?", 0.5, 0.9), sentence("He was silent.", 1, 2)]
    assert list_lines(*run) == [["No! Why?"], ["He was silent."]]
    run = [*run[:2], sentence("He said nothing.", 0.95, 2)]
    assert list_lines(*run) == [["No! Why? He said nothing."]]


@pytest.mark.parametrize("other", [{"voice": "Matthew"}, {"chapter": "Two"}])
def test_sentences_of_another_voice_or_chapter_do_not_share_a_cue(other):
    run = [sentence("No!", 0, 0.4, voice="Joanna"), sentence("Why not?", 0.5, 1, **other)]
    assert list_lines(*run) == [["No!"], ["Why not?"]]


def test_sentences_of_two_paragraphs_do_not_share_a_cue():
    run = [sentence("No!", 0, 0.4, ends_paragraph=True), sentence("Why not?", 0.5, 1)]
    assert len(list_lines(*run)) == 2


def test_nothing_to_show_gives_no_cue():
    assert build_cues([], total_s=5) == ()
    assert list_lines(sentence(" \x07\u200b", 0, 1), sentence("Words.", 1, 2)) == [["Words."]]


# Files


def parse_webvtt(text):
    """A small strict reader of the WebVTT syntax: (start_ms, end_ms, text) and notes."""
    blocks = re.split(r"\n\n+", text.rstrip("\n"))
    assert re.fullmatch(r"WEBVTT([ \t][^\n]*)?", blocks[0])
    assert "-->" not in blocks[0]
    found, notes = [], []
    for block in blocks[1:]:
        head, _, body = block.partition("\n")
        if head.startswith("NOTE"):
            assert "-->" not in block
            notes.append(block[5:])
            continue
        match = re.fullmatch(
            r"(\d{2,}):(\d\d):(\d\d)\.(\d{3}) --> (\d{2,}):(\d\d):(\d\d)\.(\d{3})", head
        )
        assert match, head
        assert body
        assert "-->" not in body
        plain = re.sub(r"^<v [^<>\n]+>", "", body)
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", plain), plain
        plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        found.append((*_times_ms(match), plain))
    return found, notes


def parse_srt(text):
    """A small strict reader of SubRip: (start_ms, end_ms, text), numbered from one."""
    found = []
    for number, block in enumerate(text.rstrip("\n").split("\n\n") if text else [], start=1):
        first, times, *lines = block.split("\n")
        assert first == str(number)
        match = re.fullmatch(
            r"(\d{2,}):(\d\d):(\d\d),(\d{3}) --> (\d{2,}):(\d\d):(\d\d),(\d{3})", times
        )
        assert match, times
        assert lines
        assert all(line and "-->" not in line for line in lines)
        found.append((*_times_ms(match), "\n".join(lines)))
    return found


def _times_ms(match):
    numbers = list(map(int, match.groups()))
    assert all(number < 60 for at in (1, 5) for number in numbers[at : at + 2])
    weights = (3_600_000, 60_000, 1000, 1)
    return tuple(
        sum(number * weight for number, weight in zip(numbers[at : at + 4], weights, strict=True))
        for at in (0, 4)
    )


def test_webvtt_escapes_text_and_names_voice_title_language_and_chapter():
    cue = CaptionCue(0, 1500, ("Tom & Jerry <3", "a --> b"), voice="A & B", chapter="One")
    text = format_webvtt([cue], title="A --> story\nof two", language="en-US")
    assert text == (
        "WEBVTT - A → story of two\n\n"
        "NOTE Language: en-US\n\n"
        "NOTE Chapter: One\n\n"
        "00:00:00.000 --> 00:00:01.500\n"
        "<v A &amp; B>Tom &amp; Jerry &lt;3\na --&gt; b\n"
    )
    assert parse_webvtt(text)[0] == [(0, 1500, "Tom & Jerry <3\na --> b")]


def test_srt_numbers_from_one_and_counts_hours_past_99():
    text = format_srt(
        [CaptionCue(0, 1000, ("One",)), CaptionCue(360_000_001, 360_001_000, ("Two", "lines"))]
    )
    assert text == (
        "1\n00:00:00,000 --> 00:00:01,000\nOne\n\n2\n100:00:00,001 --> 100:00:01,000\nTwo\nlines\n"
    )


def test_srt_text_imitates_neither_tags_nor_times():
    (found,) = parse_srt(
        format_srt([CaptionCue(0, 1000, ("a <b>bold</b> --> {\\an8}", "2 < 3 & x"))])
    )
    assert "<b" not in found[2]
    assert "</b" not in found[2]
    assert "{\\" not in found[2]
    assert found[2].replace("\u2060", "") == "a <b>bold</b> → {\\an8}\n2 < 3 & x"


def test_no_cues_make_empty_but_valid_files():
    assert format_webvtt([]) == "WEBVTT\n\n"
    assert format_srt([]) == ""


def test_chapters_run_to_the_next_and_the_last_to_the_end():
    text = format_chapters_vtt([(0, "One"), (10.5, "Two & more"), (10.5, "")], total_s=20)
    assert parse_webvtt(text)[0] == [(0, 10_500, "One")]
    text = format_chapters_vtt([(0, "One"), (10.5, "Two & more")], total_s=20)
    assert parse_webvtt(text)[0] == [(0, 10_500, "One"), (10_500, 20_000, "Two & more")]


# What must never happen

ALPHABETS = (
    "abcdefghij ABC ,.;:!?—–'’\"“”()&<>-/ 0123456789",
    "äöüßéèêñçøåł ěščřž «»¿¡ …",
    "абвгдежз ийклмн -,.",
    "昔々あるところにおじいさんがっゃ、。「」！？ーカタカナ漢字ＡＢ１２",
    "他说你好我是学生，。：“”！？《》、",
    "옛날 깊은 산속에 나무꾼이 .,?",
    "กาลครั้งหนึ่งนานมาแล้ว เแโไ",
    "नमस्ते दुनिया । में है ",
    "مرحبا بالعالم ، ؟ في البيت ",
    "שלום עולם ״ ׳ ",
    "👨‍👩‍👧‍👦😀🇫🇷é̂\u0301\u200d",
    "\x00\x07\x1b\t\n\r\u0085\u2028\u00ad\ufeff\u200b\u00a0\u202f\ud800 ab",
)
TEXTS = st.one_of([st.text(st.sampled_from(alphabet), max_size=300) for alphabet in ALPHABETS]) | (
    st.text(max_size=60)
)


@st.composite
def narrations(draw):
    """Sentences of many scripts, at speeds from rushed to crawling, with and without pauses."""
    sentences, at_s = [], draw(st.floats(0, 5))
    for text in draw(st.lists(TEXTS, max_size=8)):
        length_s = len(text) / draw(st.floats(0.5, 60))
        offsets = draw(st.lists(st.integers(0, max(0, len(text) - 1)), max_size=4, unique=True))
        words = tuple((offset, at_s + length_s * draw(st.floats(-0.5, 1.5))) for offset in offsets)
        sentences.append(
            CaptionedSentence(
                text,
                at_s,
                at_s + length_s,
                words=words,
                voice=draw(st.sampled_from(["", "Joanna"])),
                ends_paragraph=draw(st.booleans()),
            )
        )
        at_s += length_s + draw(st.sampled_from([0.0, 0.001, 0.3, 2.0]))
    return sentences, at_s + draw(st.floats(0, 3))


@given(narrations())
def test_no_word_is_lost_or_reordered(narration):
    sentences, total_s = narration
    made = build_cues(sentences, total_s=total_s)
    assert visible("".join("".join(cue.lines) for cue in made)) == visible(
        "".join(sentence.text for sentence in sentences)
    )


@given(narrations())
def test_lines_hold_what_fits(narration):
    sentences, total_s = narration
    for cue in build_cues(sentences, total_s=total_s):
        assert 1 <= len(cue.lines) <= 2
        for line in cue.lines:
            assert line == line.strip()
            assert line
            assert columns(line) <= LINE_COLUMNS or regex.fullmatch(r"\X", line)


@given(narrations())
def test_cues_follow_each_other_and_stay_long_enough(narration):
    sentences, total_s = narration
    made = build_cues(sentences, total_s=total_s)
    frees_ms = [cue.start_ms for cue in made[1:]] + [int(total_s * 1000)]
    for cue, free_ms in zip(made, frees_ms, strict=False):
        shown_ms = cue.end_ms - cue.start_ms
        chars = sum(map(columns, cue.lines))
        assert cue.start_ms < cue.end_ms
        assert cue is made[-1] or cue.end_ms <= free_ms
        assert shown_ms <= 7000
        if cue.end_ms < free_ms and shown_ms < 7000:
            assert shown_ms >= 1000
            assert chars / shown_ms * 1000 <= 17.1


@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyzäé,.", min_size=1, max_size=30), min_size=1))
def test_no_line_breaks_inside_a_word(words):
    lines = [line for cue in list_lines(sentence(" ".join(words), 0, 30)) for line in cue]
    assert " ".join(lines).split(" ") == words


@given(narrations())
def test_files_say_what_the_cues_say(narration):
    sentences, total_s = narration
    made = build_cues(sentences, total_s=total_s)
    expected = [(cue.start_ms, cue.end_ms, "\n".join(cue.lines)) for cue in made]
    assert parse_webvtt(format_webvtt(made, title="T", language="x"))[0] == expected
    assert [
        (start, end, text.replace("\u2060", "")) for start, end, text in parse_srt(format_srt(made))
    ] == [(start, end, text.replace("-->", "→")) for start, end, text in expected]
    format_webvtt(made).encode()


@given(st.lists(st.tuples(st.text(max_size=20), st.floats(-10, 100), st.floats(-10, 100))))
def test_disorderly_times_still_give_orderly_cues(rows):
    made = build_cues([CaptionedSentence(*row) for row in rows], total_s=50)
    for first, second in pairwise(made):
        assert 0 <= first.start_ms < first.end_ms <= second.start_ms


def test_ten_hours_of_captions_take_well_under_half_a_second():
    text = (
        "The captain looked over the grey water, and the old sailor, who had seen it all, said no."
    )
    sentences = [
        sentence(text[: 20 + (at * 37) % (len(text) - 20)], at * 6, at * 6 + 5)
        for at in range(6000)
    ]
    began_s = time.process_time()
    made = build_cues(sentences, total_s=36_000)
    format_webvtt(made)
    format_srt(made)
    # A third of a second on an idle machine; the slack is for busy ones. Work that grows with the
    # square of the length would take minutes.
    assert time.process_time() - began_s < 2.5
