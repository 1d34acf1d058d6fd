"""Titles in lines of their own, with an author below them; names of authors are no titles."""

import pytest

from mixer.script.readers import TextType, read_document

PROSE = "The boat lay at the quay, where it had lain since the winter.\n\nThey sailed at noon."


def list_titles(text: str) -> list[str]:
    return [block.text for block in read_document(text, TextType.TEXT).blocks if block.level == 2]


def write(*titles: str, byline: str = "by Terry Rivers") -> str:
    return "The Collection\n\n" + "".join(f"{each}\n\n{byline}\n\n{PROSE}\n\n" for each in titles)


@pytest.mark.parametrize(
    "byline",
    ["by Terry Rivers", "BY ANN GANDER", "von Änne Marsch", "par Agnès Marais", "por Inés Salinas",
     "door Klaartje Zout", "Written by Ann Gander", "by the Rev. Ludo Marrow"],
)  # fmt: skip
def test_stories_with_their_authors_are_chapters(byline):
    titles = ["THE FERRYMAN’S WIFE", "SNOW", "AN INVENTORY OF DOORS"]
    assert list_titles(write(*titles, byline=byline)) == titles


@pytest.mark.parametrize(
    "titles",
    [
        ["The Ferryman’s Wife", "A Clock Without Hands", "Snow"],
        ["The Mill", "Night at Sea", "An Old Rope"],
    ],
)
def test_names_with_their_authors_are_chapters(titles):
    assert list_titles(write(*titles)) == titles


@pytest.mark.parametrize("line", ["KEEP OUT", "BY ORDER", "CLOSED"])
def test_one_line_in_capitals_is_no_chapter(line):
    assert list_titles(f"The Lamp\n\n{PROSE}\n\n{line}\n\n{PROSE}") == []


@pytest.mark.parametrize(
    "line", ["By Ludo Marrow", "BY LUDO MARROW", "von Änne Marsch", "Edited by Ann", "par Agnès"]
)
def test_a_heading_that_names_the_author_opens_no_chapter(line):
    page = f"<h1>The Lamp</h1><h2>{line}</h2><h3>I</h3><p>He left.</p><h3>II</h3><p>No.</p>"
    blocks = read_document(page, TextType.HTML).blocks
    assert [block.text for block in blocks if block.level == 3] == ["I", "II"]
    assert next(block for block in blocks if block.text == line).level == 0


@pytest.mark.parametrize("byline", ["edited by Terry Rivers", "selected by Ann Gander"])
def test_a_title_below_the_name_of_an_editor_is_a_title(byline):
    titles = ["The Mill", "Night at Sea", "An Old Rope"]
    text = write(*titles).replace("The Collection\n\n", f"The Collection\n\n{byline}\n\n")
    assert list_titles(text) == titles
