"""Chapters as parts of the whole: names of files, the podcast's JSON, the playlist."""

import json
from itertools import pairwise

import pytest

from mixer.publish.chapters import (
    ChapterSpan,
    file_name,
    format_playlist,
    format_podcast_json,
    split_chapters,
)

MARKS = [(0.0, "One"), (12.8, "Zwei – ä"), (3_600.5, "Three")]


def test_parts_follow_each_other_without_a_gap():
    parts = split_chapters(MARKS, 4_000.0, "Book")
    assert [(part.number, part.title) for part in parts] == [
        (1, "One"),
        (2, "Zwei – ä"),
        (3, "Three"),
    ]
    edges = [0.0, 12.8, 3_600.5, 4_000.0]
    assert [(part.start_s, part.end_s) for part in parts] == list(pairwise(edges))


@pytest.mark.parametrize(
    ("marks", "titles"),
    [([], ["Book"]), ([(6.4, "One")], ["Book", "One"]), ([(0.0, "One")], ["One"])],
)
def test_what_lies_before_the_first_chapter_is_not_lost(marks: list, titles: list[str]):
    parts = split_chapters(marks, 10.0, "Book")
    assert [part.title for part in parts] == titles
    assert (parts[0].start_s, parts[-1].end_s) == (0.0, 10.0)


@pytest.mark.parametrize(
    ("title", "count", "name"),
    [
        ("The Gate", 9, "03 - The Gate.mp3"),
        ("The Gate", 1_189, "0003 - The Gate.mp3"),
        ('a/b\\c:d*e?"f<g>h|i', 9, "03 - a b c d e f g h i.mp3"),
        ("../../etc/passwd", 9, "03 - etc passwd.mp3"),
        ("line\nbreak\t\x00", 9, "03 - line break.mp3"),
        ("...", 9, "03.mp3"),
        ("第一章", 9, "03 - 第一章.mp3"),
        ("x" * 300, 9, f"03 - {'x' * 80}.mp3"),
        ("😀" * 80, 9, f"03 - {'😀' * 50}.mp3"),
        ("𠀀" * 80, 9, f"03 - {'𠀀' * 50}.mp3"),
        ("Ends with a dot.", 9, "03 - Ends with a dot.mp3"),
    ],
)
def test_files_are_named_so_that_every_system_takes_them(title: str, count: int, name: str):
    assert file_name(ChapterSpan(3, title, 0.0, 1.0), count, "mp3") == name


def test_podcast_players_are_told_starts_and_titles():
    document = json.loads(format_podcast_json(MARKS, title="Book", author=""))
    assert document == {
        "version": "1.2.0",
        "title": "Book",
        "chapters": [
            {"startTime": 0.0, "title": "One"},
            {"startTime": 12.8, "title": "Zwei – ä"},
            {"startTime": 3600.5, "title": "Three"},
        ],
    }


def test_a_playlist_names_the_files_beside_it():
    parts = split_chapters(MARKS[:2], 20.0, "Book")
    files = [(file_name(part, 2, "mp3"), part) for part in parts]
    assert format_playlist(files, title="Book", author="A.\nWriter").decode().splitlines() == [
        "#EXTM3U",
        "#PLAYLIST:Book",
        "#EXTINF:13,A. Writer - One",
        "01 - One.mp3",
        "#EXTINF:7,A. Writer - Zwei – ä",
        "02 - Zwei – ä.mp3",
    ]
