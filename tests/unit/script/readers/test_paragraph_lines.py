"""Titles that no empty line separates from their chapter, and long ones."""

import pytest

from mixer.script.readers.paragraph_lines import group_paragraph_lines
from mixer.script.readers.plain_text import read_plain_text

WATER = """\
It was the first warm day of the year, and the whole town had come down to
the water to see the boats go out. Nobody spoke much. The wind was light.
"""
KNIVES = """\
When they came home in the evening the baskets were full, and the women stood
on the quay with their sleeves rolled up and the long knives in their hands.
"""
LONG = """\
IN WHICH THE BOATS GO OUT, AND A STRANGER IS SEEN UPON THE MOLE BY SOME, IF
NOT BY ALL"""


def list_titles(text: str) -> list[str]:
    """The chapters' titles; all that follows them is prose of this file."""
    blocks = read_plain_text(text).blocks
    prose = "".join(f"{block.text}\n" for block in blocks if not block.level)
    assert prose.split() == (WATER + KNIVES).split()
    return [block.text for block in blocks if block.level]


def join(lines: str) -> str:
    return lines.replace("\n", " ").strip()


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        (f"CHAPTER I\n{WATER}\nCHAPTER II\n{KNIVES}", ["CHAPTER I", "CHAPTER II"]),
        (f"Chapter 1\n{WATER}Chapter 2\n{KNIVES}", ["Chapter 1", "Chapter 2"]),
        (
            f"CHAPTER I Down to the Water\n{WATER}\nCHAPTER II The Knives\n{KNIVES}",
            ["CHAPTER I Down to the Water", "CHAPTER II The Knives"],
        ),
        (
            f"CHAPTER I.\nDOWN TO THE WATER.\n{WATER}\nCHAPTER II.\nWho Stood There?\n{KNIVES}",
            ["CHAPTER I. DOWN TO THE WATER.", "CHAPTER II. Who Stood There?"],
        ),
        (f"Chapter 1. {WATER}\nChapter 2. {KNIVES}", ["Chapter 1.", "Chapter 2."]),
        (f"CHAPTER I.--{WATER}\nCHAPTER II.--{KNIVES}", ["CHAPTER I.", "CHAPTER II."]),
        (f"Chapter 1\n\n{WATER}\nChapter 2: {KNIVES}", ["Chapter 1", "Chapter 2:"]),
        (f"Chapter 1\n{join(WATER)}\nChapter 2\n{join(KNIVES)}", ["Chapter 1", "Chapter 2"]),
        (
            f"CHAPTER I.\n{LONG}\n\n{WATER}\nCHAPTER II.\n\n{KNIVES}",
            [f"CHAPTER I. {join(LONG)}", "CHAPTER II."],
        ),
        (f"Chapter1\n\n{WATER}\nChapter2\n\n{KNIVES}", ["Chapter1", "Chapter2"]),
        (
            f"Chapter 1 .... 3\nChapter 2 .... 9\n\nChapter 1\n\n{WATER}\nChapter 2\n\n{KNIVES}",
            ["Chapter 1", "Chapter 2"],
        ),
        (
            f"[b]Chapter 1[/b]\n\n<i>{join(WATER)}</i>\n\nChapter 2\n\n{KNIVES}",
            ["Chapter 1", "Chapter 2"],
        ),
        (f"== The Water ==\n{WATER}\n=== Knives ===\n{KNIVES}", ["The Water", "Knives"]),
    ],
)
def test_chapters_open_where_no_empty_line_is(text, titles):
    assert list_titles(text) == titles


@pytest.mark.parametrize(
    "text",
    [
        "Chapter 3 of the book was the worst of them all, and he had never\nfinished it.",
        "Part 2 of the plan was simple. They would wait until dark and take\nthe boat out.",
        "Day 3 Tom came in and sat down at the table by the door, where no\none saw him.",
        "Chapter 1. It was late, and all the people of the town had gone home\nfor the night.",
    ],
)
def test_a_sentence_about_chapters_stays_whole(text):
    assert len(group_paragraph_lines(text)) == 1


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("Bring:\n- a rope\n- an oar", ["Bring:", "- a rope", "- an oar"]),
        (
            "1\n00:01,000 --> 00:03,000\nHe left.\n\n2\n00:04,000 --> 00:06,000\nShe came.",
            ["He left.", "She came."],
        ),
        ("The '''quay''' is a [[harbour|place]].<ref>Smith</ref>", ["The quay is a place."]),
        ("Use the <b> tag and close it with </b>, or [1] and [/x].", None),
        ("A.\n\nNotes: thanks to all!", None),
        (
            "A.\n\nxXxXx\n\nB.\n\n-x-\n\nC.\n\n---000---\n\nD.\n\n<<<>>>\n\nE.",
            ["A.", "", "B.", "", "C.", "", "D.", "", "E."],
        ),
    ],
)
def test_what_other_programs_write_is_text(text, blocks):
    read = [block.text for block in read_plain_text(text).blocks]
    assert read == (blocks or text.split("\n\n"))
