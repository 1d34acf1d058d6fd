"""Headings of plain text: what names a chapter, what counts chapters, and what does neither."""

import pytest

from mixer.script.document import BlockKind
from mixer.script.planning import plan_document
from mixer.script.readers.headings import is_chapter_line, parse_lone_number
from mixer.script.readers.plain_text import read_plain_text

PROSE = "It was a long day, and the wind came from the sea."


def read_headings(*paragraphs: str) -> list[str]:
    blocks = read_plain_text("\n\n".join(paragraphs)).blocks
    return [block.text for block in blocks if block.kind is BlockKind.HEADING]


def read_between_prose(line: str) -> list[str]:
    return read_headings(PROSE, line, PROSE)


@pytest.mark.parametrize(
    "line",
    [
        "Letter 1", "Letter the Second", "Day 3", "DAY THREE", "Night Two", "Week 12", "Year One",
        "INTERLUDE", "Interlude.", "Overture", "APPENDIX B", "Epilogue.", "PART THE FIRST",
        "Book Two.",
        "STAVE IV", "Ch. 7", "§ 12", "Chapter 3 The Long Way", "SCENE II. A room.", "Act Three",
        "Chapter the Last", "Section 4: Ropes", "Tale the Third", "Lesson 9",
        "CHAPTER IX.—The Storm",
    ],
)  # fmt: skip
def test_a_line_that_names_a_chapter_is_a_heading(line):
    assert read_between_prose(line) == [line]


@pytest.mark.parametrize(
    "line",
    [
        "Chapter and verse he knew", "Part of me wanted to go", "Act now or lose it",
        "Day after day",
        "Letter from home", "Book me in", "Night fell", "Part I play", "Scene of the crime",
        "Fine.",
        "Section leaders came.", "NO!", "STOP AT ONCE!", "“GET OUT,” he said.", "I", "A", "V",
        "LONDON, MAY 1901", "IT WAS LATE.", "Year in, year out", "Lesson learned", "In the end",
    ],
)  # fmt: skip
def test_a_line_that_only_begins_like_one_is_not(line):
    assert read_between_prose(line) == []


@pytest.mark.parametrize(
    "paragraphs",
    [
        ("He saw the sign:", "KEEP OUT", PROSE),
        (PROSE, "PRIVATE PROPERTY", "and went in."),
        ("He read", "KEEP OFF THE GRASS", PROSE),
        (PROSE, "KEEP OUT", "BEWARE OF THE DOG", "and went in."),
        (PROSE, "STOP THIEF", "he cried, and ran."),
    ],
)
def test_capitals_inside_a_sentence_are_no_heading(paragraphs):
    assert read_headings("He came home.", *paragraphs) == []


@pytest.mark.parametrize(
    ("titles", "found"),
    [
        (("THE LONG WAY", "THE SEA"), 2),
        (("THE LONG WAY",), 0),
        (("Chapter 1", "KEEP OUT", "Chapter 2", "NO WAY THROUGH"), 2),
        (("INT. THE MILL", "EXT. THE QUAY", "INT. THE MILL - NIGHT"), 0),
    ],
)
def test_capitals_open_chapters_only_where_several_do_and_nothing_else_does(titles, found):
    text = (part for title in titles for part in (title, PROSE, PROSE))
    assert len(read_headings(PROSE, *text)) == found


@pytest.mark.parametrize(
    "numbers",
    [
        ("I", "II", "III"), ("I.", "II.", "III.", "IV."), ("1", "2", "3"), ("1.", "2."),
        ("ONE", "TWO", "THREE"), ("One", "Two"), ("— 1 —", "— 2 —"), ("Eins", "Zwei", "Drei"),
        ("1. The Sea", "2. The Ship", "3. The Shore"), ("I. The Sea", "II. The Ship"),
        ("1 The Sea", "2 Rope", "3 The Shore"),
        ("I", "II", "I", "II"), ("1", "2", "4", "5"), ("CHAPTER I", "II", "III"),
    ],
)  # fmt: skip
def test_lone_numbers_in_a_sequence_count_chapters(numbers):
    text = "\n\n".join(part for number in numbers for part in (number, PROSE, PROSE))
    assert read_headings(text) == list(numbers)


@pytest.mark.parametrize(
    "paragraphs",
    [
        (PROSE, "I", PROSE),
        (PROSE, "7", PROSE, "3", PROSE),
        (PROSE, "1. Take a rope", "2. Tie a knot", "3. Pull", PROSE),
        (PROSE, "I.", PROSE),
        (PROSE, "1 Rope", "2 Knots", "3 Oars", PROSE),
        (PROSE, "7 Men", PROSE, "3 Boats", PROSE),
        (PROSE, "1 Man left.", PROSE, "2 Men stayed.", PROSE),
        (PROSE, "Two", PROSE),
        (PROSE, "C", PROSE, "D", PROSE),
    ],
)
def test_other_lone_numbers_count_none(paragraphs):
    assert read_headings(*paragraphs) == []


@pytest.mark.parametrize(
    ("number", "title", "whole"),
    [
        ("CHAPTER I.", "THE LAMP.", "CHAPTER I. THE LAMP."),
        ("Chapter 2", "The Sea", "Chapter 2: The Sea"),
        ("PART TWO", "THE SHIP", "PART TWO: THE SHIP"),
        ("Chapter IV—", "The Long Way", "Chapter IV— The Long Way"),
        ("Letter 1", "To my sister", "Letter 1: To my sister"),
    ],
)
def test_a_title_below_its_number_belongs_to_it(number, title, whole):
    assert read_headings(PROSE, number, title, PROSE) == [whole]


@pytest.mark.parametrize("below", [PROSE, "“Come in,” she said.", "He left.", "“NO”", "Chapter 2"])
def test_what_is_no_title_stays_below_its_number(below):
    assert read_headings(PROSE, "Chapter 1", below, PROSE)[0] == "Chapter 1"


def test_the_end_is_said_and_opens_no_chapter():
    text = "\n\n".join(("I", PROSE, "II", PROSE, "THE END"))
    script = plan_document(read_plain_text(text))
    assert [chapter.title for chapter in script.chapters] == ["I", "II"]
    assert list(script.chunks)[-1].utterances[-1].text == "THE END"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("XIV", 14), ("XC.", 90), ("[7]", 7), ("Forty-two", 42), ("thirty", None), ("IIII", None),
        ("12)", 12), ("MIX", None), ("CXII.", 112), ("Twelve", 12), ("2001", None), ("", None),
    ],
)  # fmt: skip
def test_a_lone_number_has_a_value(text, value):
    number = parse_lone_number(text)
    assert (number.value if number else None) == value


@pytest.mark.parametrize(
    "line",
    [
        "FÖRSTA KAPITLET.", "Andra kapitlet", "Femte kapitlet", "Første kapitel", "Andet Kapitel",
        "TREDJE KAPITTEL", "Fjerde kapitel.", "Elfde hoofdstuk", "ZESTIENDE HOOFDSTUK",
        "Sjette brevet",
    ],
)  # fmt: skip
def test_ordinals_of_northern_languages_name_chapters(line):
    assert is_chapter_line(line)


@pytest.mark.parametrize(
    "line", ["Hele boken", "Hennes brev", "Parte del mar", "Grande del mundo", "Men akten"]
)
def test_other_words_name_none(line):
    assert not is_chapter_line(line)
