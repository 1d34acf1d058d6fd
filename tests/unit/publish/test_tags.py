"""What a text says of itself, read back from an ID3 tag by somebody else."""

import io

import pytest
from mutagen.id3 import ID3

from mixer.publish.tags import build_tags, credit_narrator, split_series
from mixer.requests import Options
from mixer.script.limits import EMBEDDED_LIMITS
from mixer.script.readers.text_types import TextType
from mixer.sound.formats.tags import AudioTags, build_id3_tag
from mixer.sound.formats.wav import build_chunks
from tests.scripts import plan_story

TEXT = """---
title: The Gate
author: A. Writer
narrator: Ada Voice
series: Gates, 2
year: 2026
genre: Mystery
description: "A gate; opened = closed."
---
It was late.
"""


def test_a_head_is_found_in_the_files_tag_with_chapters_where_they_are():
    script = plan_story(TEXT, TextType.TEXT, EMBEDDED_LIMITS, "en-US", Options())
    marks = [(0.0, "One"), (61.237, "Two"), (3_600.5, "Three")]
    tag = ID3(io.BytesIO(build_id3_tag(AudioTags(build_tags(Options(), script), marks, 4_000.0))))
    tag_values = {
        name: str(tag.getall(name)[0]) for name in ("TIT2", "TPE1", "TALB", "TCOM", "TCON")
    }
    assert tag_values == {
        "TIT2": "The Gate",
        "TPE1": "A. Writer",
        "TALB": "The Gate",
        "TCOM": "Ada Voice (synthetic voice)",
        "TCON": "Mystery",
    }
    assert str(tag["TIT1"]) == "Gates #2"
    assert [str(tag[f"TXXX:{name}"]) for name in ("SERIES", "SERIES-PART")] == ["Gates", "2"]
    assert [str(tag[name]) for name in ("MVNM", "MVIN")] == ["Gates", "2"]
    assert "2026" in str(tag.getall("TDRC")[0])
    assert "A gate; opened = closed." in tag.pprint()
    chapters = sorted(tag.getall("CHAP"), key=lambda chapter: chapter.start_time)
    for chapter, (start_s, title) in zip(chapters, marks, strict=True):
        assert abs(chapter.start_time - start_s * 1_000) <= 1
        assert str(chapter.sub_frames["TIT2"]) == title
    (contents,) = tag.getall("CTOC")
    assert contents.child_element_ids == [chapter.element_id for chapter in chapters]


@pytest.mark.parametrize(
    ("text", "series", "part"),
    [
        ("Gates", "Gates", ""),
        ("Gates 2", "Gates", "2"),
        ("Gates #02", "Gates", "2"),
        ("Gates, Book 2", "Gates", "2"),
        ("The Gates (Vol. 12)", "The Gates", "12"),
        ("Die Tore, Band 3", "Die Tore", "3"),
        ("Gates 2.5", "Gates", "2.5"),
        ("Gates – 1,5", "Gates", "1.5"),
        ("The 39 Steps", "The 39 Steps", ""),
        ("1984", "1984", ""),
        ("Gatebook 7", "Gatebook", "7"),
        ("", "", ""),
    ],
)
def test_series_and_volume_are_told_apart(text: str, series: str, part: str):
    assert split_series(text) == (series, part)


def test_an_author_who_is_asked_for_takes_the_place_of_the_texts_own():
    script = plan_story(TEXT, TextType.TEXT, EMBEDDED_LIMITS, "en-US", Options())
    assert build_tags(Options(author="B. Other"), script)["artist"] == "B. Other"


def test_a_table_of_contents_has_room_for_a_bible():
    marks = [(float(number), f"Chapter {number}") for number in range(1_189)]
    tag = ID3(io.BytesIO(build_id3_tag(AudioTags({"title": "Bible"}, marks, 2_000.0))))
    tables = {each.element_id: each.child_element_ids for each in tag.getall("CTOC")}
    listed = [name for table in tables["toc"] for name in tables[table]]
    assert [str(tag[f"CHAP:{name}"].sub_frames["TIT2"]) for name in listed] == [
        title for _, title in marks
    ]


def test_any_number_of_chapters_is_listed():
    count = 66_000
    marks = [(float(number), "x") for number in range(count)]
    tag = build_id3_tag(AudioTags({}, marks, float(count)))
    assert tag.count(b"CHAP") == count
    assert tag.count(b"CTOC") == 1 + 2 + 259
    assert b"CTOC\0\0\0\x12\0\0toc\0\x03\x02toc-0\0toc-1\0" in tag


def test_a_file_that_says_nothing_of_itself_holds_nothing_more():
    assert build_chunks(AudioTags()) == build_chunks(None) == b""
    assert not ID3(io.BytesIO(build_id3_tag(AudioTags()))).keys()


@pytest.mark.parametrize(
    ("name", "credit"),
    [
        ("", "Synthetic voice"),
        ("Ada", "Ada (synthetic voice)"),
        ("Ada (AI voice)", "Ada (AI voice)"),
        ("Synthetische Stimme", "Synthetische Stimme"),
        ("Aida", "Aida (synthetic voice)"),
    ],
)
def test_a_narrators_name_says_that_the_voice_is_synthetic(name, credit):
    assert credit_narrator(name) == credit


@pytest.mark.parametrize(
    ("values", "composer", "mark"),
    [
        ({}, "Ada Voice (synthetic voice)", "trainedAlgorithmicMedia"),
        ({"plain_narrator": True}, "Ada Voice", "trainedAlgorithmicMedia"),
        ({"provenance": "none"}, "Ada Voice", ""),
    ],
)
def test_an_author_may_object_to_the_words_but_not_to_the_mark_for_machines(values, composer, mark):
    script = plan_story(TEXT, TextType.TEXT, EMBEDDED_LIMITS, "en-US", Options())
    fields = build_tags(Options(**values), script)
    assert (fields["composer"], fields["digitalsourcetype"]) == (composer, mark)
    tag = ID3(io.BytesIO(build_id3_tag(AudioTags(fields))))
    assert [str(each) for each in tag.getall("TXXX:DIGITALSOURCETYPE")] == [mark] * bool(mark)


def test_a_mix_of_given_files_claims_nothing():
    fields = build_tags(Options())
    assert (fields["composer"], fields["digitalsourcetype"]) == ("", "")
