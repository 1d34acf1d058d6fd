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
        ("One.\n\nReferences\n\n^ Gander, p. 7.\n\n^ Marrow.", ["One."]),
        ("One.\n\n^ Gander, p. 7.", ["One.", "^ Gander, p. 7."]),
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


def write_poem(*numbers: int, step: int = 5) -> str:
    lines = [
        f"The old grey lamp burned {word}" for word in ("low", "dim", "red", "late", "cold")
    ] * 4
    for number in numbers:
        lines[number - 1] = f"{lines[number - 1]:<50}{number * step // 5}"
    return "The Lamp\n\n" + "\n".join(lines)


@pytest.mark.parametrize("numbers", [(5, 10, 15), (5, 10, 15, 20), (10, 15, 20), (5, 15, 20)])
def test_numbers_of_lines_of_verse_are_left_out(numbers):
    assert not any(map(str.isdecimal, " ".join(read(write_poem(*numbers)))))


@pytest.mark.parametrize(
    "text",
    [
        write_poem(5),
        write_poem(5, 10, 15, step=7),
        "January      5\nApril      10\nAugust      15",
        "Salt      10\n\nRope      5\n\nOars      20",
        "He has      5\nShe has      10\nThey have\nno more than      15",
    ],
)
def test_numbers_that_count_no_lines_stay(text):
    assert " ".join(read(text)).split() == text.split()


@pytest.mark.parametrize(
    "line",
    [
        "1     INT. THE ROPEWALK - NIGHT          1",
        "1     EXT. THE OLD TANNERY - DAY",
        "12A   INT. THE MILL - DAY          12A",
        "1  I/E. A BOAT - DAWN  1",
        "   1   EXT. THE QUAY - LATER     1",
    ],
)
def test_the_numbers_of_scenes_are_left_out_and_their_places_stay(line):
    place = " ".join(line.split()[1:]).removesuffix(f" {line.split()[0]}")
    text = f"THE LAMP\n\nINT. A ROOM - DAY\n\nHe waits.\n\n{line}\n\nShe comes in."
    assert place in read(text)


@pytest.mark.parametrize(
    "heads",
    [
        ["2  THE LAMP", "4  THE LAMP", "6  THE LAMP", "8  THE LAMP"],
        ["THE LAMP  3", "THE LAMP  5", "THE LAMP  9"],
        ["8 THE LAMP", "l0 THE LAMP", "12 THE LAMP"],
        ["THE LAMP  19", "THE LAMP  2l", "THE LAMP  23"],
        ["Ann Author  7", "Ann Author  9", "Ann Author   13"],
    ],
)
def test_heads_with_numbers_of_sheets_are_left_out_between_paragraphs(heads):
    pages = [f"{head}\n\n\nThe boat lay at the quay.\n\nNobody came." for head in heads]
    assert read("\n\n\n\n".join(["He left.", *pages])) == [
        "He left.", *["The boat lay at the quay.", "Nobody came."] * len(heads)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "titles",
    [
        ["Psalm 3", "Psalm 5", "Psalm 9"],
        ["SONNET 18", "SONNET 30", "SONNET 60"],
        ["3 March", "5 March", "9 March"],
        ["3 March 1884", "5 March 1884", "9 March 1884"],
        ["2 cups of flour", "4 cups of flour", "6 cups of flour"],
        ["Holy Sonnet 1", "Holy Sonnet 7", "Holy Sonnet 14"],
    ],
)
def test_numbered_titles_and_amounts_stay(titles):
    parts = [f"{title}\n\n\nThe boat lay at the quay.\n\nNobody came." for title in titles]
    lines = read("\n\n\n\n".join(["He left.", *parts]))
    assert [line for line in lines if line in titles] == titles


@pytest.mark.parametrize(
    "foot",
    [
        "Rivers                  Informational                 [Page {}]",
        "Page {}",
        "[{}]",
        "{}.",
        "- {} -",
    ],
)
def test_both_edges_of_pages_that_form_feeds_divide_are_left_out(foot):
    head = "RFN 42                   The Lamp                   March 2021"
    body = "The boat lay at the quay,\nwhere it had lain.\n\nThey sailed."
    pages = [f"{head}\n\n\n{body}\n\n\n{foot.format(n)}\n" for n in range(2, 8)]
    words = " ".join(read("\f".join([f"{body}\n\n{foot.format(1)}\n", *pages])))
    assert words == " ".join([" ".join(body.split())] * 7)
