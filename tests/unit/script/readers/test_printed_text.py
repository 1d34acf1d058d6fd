"""What print leaves in plain text is taken out; what only looks like it stays."""

import pytest

from mixer.script.readers.plain_text import read_plain_text


def read(text: str) -> list[str]:
    return [block.text for block in read_plain_text(text).blocks if block.text]


ONE = "He climbed the stairs and thought of the men who had gone before,\nand of the lamp that"
TWO = "burned above him. The stairs were wet, and he went on, slowly, and\nheard the"
THREE = "wind. At the top he stopped."
WHOLE = [" ".join(f"{ONE} {TWO} {THREE}".split())]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("12", "13"),
        ("- 12 -", "- 13 -"),
        ("[12]", "[13]"),
        ("Page 12 of 300", "Page 13 of 300"),
        ("THE LAMP                 12", "13                   THE LAMP"),
        ("12\n\nTHE LAMP", "ANN AUTHOR\n\n13"),
        ("Ann Author\n\n12", "Ann Author\n\n13"),
    ],
)
def test_page_numbers_and_running_heads_inside_a_sentence_are_left_out(first, second):
    assert read(f"{ONE}\n\n{first}\n\n{TWO}\n\n{second}\n\n{THREE}\n\n14") == WHOLE


def test_a_running_head_without_a_number_is_left_out_where_it_repeats():
    text = "\n\nTHE LAMP\n\n".join((ONE, TWO, "wind. There was no one in the", "room."))
    assert "THE LAMP" not in "".join(read(text))


@pytest.mark.parametrize(
    "text",
    [
        "He counted.\n\n1\n\nHe left.\n\n2\n\nShe stayed.",
        "It was in\n\n1984\n\nthat he left.",
        "He saw the sign\n\nKEEP OUT\n\nand went in.",
        "The score was\n\n7\n\nto\n\n3\n\nin the end.",
        "A heading\n\nHe left.\n\nA heading\n\nShe stayed.\n\nA heading\n\nThey met.",
    ],
)
def test_numbers_and_lines_that_belong_to_the_text_stay(text):
    assert " ".join(read(text)).split() == text.split()


PROSE = "It was late, and the lamp was out."


@pytest.mark.parametrize(
    "contents",
    [
        "CONTENTS\n\nCHAPTER I.    The Lamp     1\n\nCHAPTER II.   The Sea     14",
        "Contents\n\nCHAPTER I. The Lamp\nCHAPTER II. The Sea",
        "TABLE OF CONTENTS\n\nCHAPTER I. The Lamp ........ 1\nCHAPTER II. The Sea ....... 14",
        "Contents.\n\n  CHAPTER I. The Lamp\n\n  CHAPTER II. The Sea\n\n  A Note",
        "INHALT\n\nCHAPTER I. The Lamp   7\nCHAPTER II. The Sea   9",
    ],
)
def test_a_table_of_contents_is_left_out(contents):
    text = f"{contents}\n\n\nCHAPTER I.\nThe Lamp\n\n{PROSE}\n\nCHAPTER II.\nThe Sea\n\n{PROSE}"
    assert read(text) == ["CHAPTER I. The Lamp", PROSE, "CHAPTER II. The Sea", PROSE]


@pytest.mark.parametrize(
    "text",
    [
        "Contents of the box\n\nA rope.\n\nA lamp.",
        "He looked.\n\nContents\n\nwere missing, he said.",
        "Contents\n\nThere was only one long chapter, and it had no name at all.",
    ],
)
def test_a_line_about_contents_stays(text):
    assert " ".join(read(text)).split() == text.split()


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("One.\n\n[Illustration]\n\nTwo.", ["One.", "Two."]),
        ("One.\n\n[Illustration: The keeper\nat his lamp.]\n\nTwo.", ["One.", "Two."]),
        ("One [Pg 12]went on.", ["One went on."]),
        ("He was _never_ late.", ["He was never late."]),
        ("the snake_case_name stays", ["the snake_case_name stays"]),
        ("[Frontispiece]\n\nOne.\n\nTwo.", ["One.", "Two."]),
    ],
)
def test_marks_of_pictures_and_emphasis_are_left_out(text, blocks):
    assert read(text) == blocks


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("He read.[1] She too.\n\n[1] A note.", ["He read.[1] She too."]),
        (
            "He read.[1]\n\nShe left.\n\nNotes\n\n[1] A note.\n\n2. Another.\n\n",
            ["He read.[1]", "She left."],
        ),
        ("He slept.†\n\nShe left.\n\n† A note.", ["He slept.", "She left."]),
        ("He slept.*\n\n* A note.\n\nShe left.", ["He slept.", "She left."]),
        ("He slept.**\n\n** A note.\n\nShe left.", ["He slept.", "She left."]),
        ("He slept.[1]\n\nNOTES\n\n1. A note.\n\n2. More.", ["He slept.[1]"]),
        ("He slept.[*]\n\n[*] A note.\n\nShe left.", ["He slept.", "She left."]),
        ("He slept. (1)\n\n(1) A note.\n\nShe left.", ["He slept.", "She left."]),
        ("He *slept* well.\n\n* One oar.", ["He *slept* well.", "* One oar."]),
        ("* One oar.\n\nHe slept.*", ["* One oar.", "He slept.*"]),
        (
            "Take two: (1) an oar.\n\n(1) An oar is long.",
            ["Take two: (1) an oar.", "(1) An oar is long."],
        ),
        ("One.\n\n[Footnote 1: It was so.]\n\nTwo.", ["One.", "Two."]),
        ("One.[A] Two.\n\n[A] It was so.", ["One. Two."]),
        ("One.{A} Two.\n\n{A} It was so.", ["One. Two."]),
        ("One.[1] Two.(2)\n\nNotes\n\n[1] So.\n\n2. No.", ["One.[1] Two."]),
        ("He was late1 and sorry.2 So.", ["He was late and sorry. So."]),
        ("He was late1.\n\nShe was not1.", ["He was late.", "She was not."]),
        ("See the step1 and the step2.", ["See the step1 and the step2."]),
        ("It was the mp3 of May4.", ["It was the mp3 of May4."]),
        (
            "One.\n\n[2] A line with a number.\n\nTwo.",
            ["One.", "[2] A line with a number.", "Two."],
        ),
        ("One.\n\nNotes\n\nThey were short.", ["One.", "Notes", "They were short."]),
    ],
)
def test_notes_that_the_text_refers_to_are_left_out(text, blocks):
    assert read(text) == blocks


def test_number_zero_alone_on_a_line_stays():
    assert read("One.\n\n0\n\nTwo.") == ["One.", "0", "Two."]


@pytest.mark.parametrize(
    "line",
    [
        "Prev | Table of Contents | Next",
        "<< Previous Chapter | Next Chapter >>",
        "Previous · Next",
        "« Prev / Next »",
        "Previous chapter | Index | Next chapter",
    ],
)
def test_links_to_other_pages_of_a_story_are_left_out(line):
    assert read(f"He left.\n\n{line}\n") == ["He left."]
