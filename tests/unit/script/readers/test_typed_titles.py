"""Titles that a typist marked are chapters, without their marks; what only looks alike is none."""

import pytest

from mixer.script.document import BlockKind
from mixer.script.readers.plain_text import read_plain_text
from mixer.script.readers.typed_titles import TITLE_SIGN, mark_typed_titles

WORDS = ("boat", "lamp", "rope", "wall", "bell")
PROSE = """\
The {0} lay at the quay, where it had lain since the winter, and
no one knew to whom the {0} belonged. Leave it, said the old man,
who had said so of every {0} in the harbor.

They sailed at noon, with a {0} for each and water for two.
"""

TITLES = {
    "underlined": ["The Quay\n--------", "The Sea\n-------"],
    "underlined twice": ["The Quay\n========", "The Sea\n======="],
    "of a wiki": ["== The Quay ==", "== The Sea =="],
    "with hashes": ["## The Quay", "## The Sea"],
    "between stars": ["*** Chapter 1 ***", "*** Chapter 2 ***"],
    "between hyphens": ["- Chapter 1 -", "- Chapter 2 -"],
    "in brackets": ["[Chapter 1]", "[Chapter 2]"],
    "spaced out": ["C H A P T E R  I", "C H A P T E R  I I"],
    "by days": ["Monday, 3 May", "Tuesday, 4 May", "Friday, 7 May"],
    "by days of a year": ["May 3, 1893", "May 4, 1893", "June 1, 1893"],
    "by days in German": ["3. Mai 1893", "4. Mai 1893", "1. Juni 1893"],
    "by years": ["1914", "1915", "1916"],
    "by figures and months": ["2004-05-03", "2004-05-04", "2004-06-01"],
    "in small letters": ["chapter one", "chapter two"],
    "with a colon": ["One: The Quay", "Two: The Sea", "Three: Home"],
    "with an ordinal": ["First Chapter", "Second Chapter"],
    "with an article": ["THE FIRST DAY", "THE SECOND DAY"],
    "with a sign": ["Chapter #1", "Chapter #2"],
    "with No.": ["CHAPTER No. 1", "CHAPTER No. 2"],
    "cut short": ["Ch 1", "Ch 2"],
    "in German": ["Erstes Kapitel", "Zweites Kapitel", "3. Kapitel"],
    "in French": ["Première partie", "Deuxième partie"],
    "in Spanish": ["Primera parte", "Segunda parte"],
    "in Dutch": ["Eerste hoofdstuk", "Tweede hoofdstuk"],
}

NAMES = {
    "underlined": ["The Quay", "The Sea"],
    "underlined twice": ["The Quay", "The Sea"],
    "of a wiki": ["The Quay", "The Sea"],
    "with hashes": ["The Quay", "The Sea"],
    "between stars": ["Chapter 1", "Chapter 2"],
    "between hyphens": ["Chapter 1", "Chapter 2"],
    "in brackets": ["Chapter 1", "Chapter 2"],
    "spaced out": ["CHAPTER I", "CHAPTER II"],
}
"""Of chapters, where they are not the lines as they stand."""

UNTITLED = {
    "two dates": ["May 3, 1893", "May 4, 1893"],
    "a long rule": ["A lamp\n----------------------------------------"],
    "a rule below a sentence": ["He left.\n--------", "He came.\n--------"],
    "one hash": ["# The Quay"],
    "a price": ["$1914", "$1915", "$1916"],
    "stars around a word": ["*** Stop ***"],
}


def list_chapters(titles: list[str]) -> list[str]:
    text = "THE LAMP\n\nby Nell Gander\n\n" + "\n".join(
        f"{title}\n\n{PROSE.format(word)}" for title, word in zip(titles, WORDS, strict=False)
    )
    blocks = read_plain_text(text).blocks
    return [each.text for each in blocks if each.kind is BlockKind.HEADING and each.level > 1]


@pytest.mark.parametrize("kind", TITLES)
def test_titles_that_a_typist_marked_are_chapters(kind):
    assert list_chapters(TITLES[kind]) == NAMES.get(kind, TITLES[kind])


@pytest.mark.parametrize("kind", UNTITLED)
def test_what_only_looks_like_a_marked_title_is_text(kind):
    assert list_chapters(UNTITLED[kind]) == []


def test_dates_in_a_book_with_chapters_are_text():
    titles = ["Chapter 1", "May 3, 1893", "May 4, 1893", "May 5, 1893", "Chapter 2"]
    assert list_chapters(titles) == ["Chapter 1", "Chapter 2"]


def test_templates_and_buttons_of_a_wiki_are_left_out():
    text = f"== The Quay ==[edit]\n\n{{{{cite book}}}}{PROSE.format(WORDS[0])}"
    spoken = "\n".join(each.text for each in read_plain_text(text).blocks)
    assert "edit" not in spoken
    assert "cite" not in spoken


@pytest.mark.parametrize(
    ("left", "right"),
    [("*** ", " ***"), ("~ ", " ~"), ("=== ", " ==="), ("•• ", " ••"), ("*~ ", " ~*")],
)
def test_names_between_the_same_signs_are_titles(left, right):
    names = ["The Quay", "Rope", "A Night at Sea"]
    chapters = zip(names, WORDS, strict=False)
    text = "".join(f"{left}{name}{right}\n\n{PROSE.format(word)}\n" for name, word in chapters)
    blocks = read_plain_text(f"The Lamp\n\n{text}").blocks
    assert [b.text for b in blocks if b.kind is BlockKind.HEADING][1:] == names


@pytest.mark.parametrize(
    "line", ["*** Rope ***", "*Rope*", "~ whispers ~", "* He left. *", "[Rope]"]
)
def test_a_line_between_signs_that_is_alone_or_a_sentence_is_none(line):
    blocks = read_plain_text(f"The Lamp\n\nHe left.\n\n{line}\n\n{PROSE.format('boat')}").blocks
    assert [b.text for b in blocks if b.kind is BlockKind.HEADING] == ["The Lamp"]


WIKI = "'''The Lamp''' is a book.\n\n== The Quay ==\nHe left.\n"


@pytest.mark.parametrize(
    "extra",
    [
        "{{Infobox book\n| name = The Lamp\n| author = Ann\n}}\n",
        "{{Box\n | year = 1871}}\n",
        "[[Category:Books]]\n",
        "[[Kategorie:Bücher]]\n",
        "{{Reflist}}\n",
        "<references />\n",
        '<span id="the-quay"></span>\n',
    ],
)
def test_boxes_and_categories_of_a_wiki_are_not_read(extra):
    blocks = read_plain_text(extra + WIKI).blocks
    assert [b.text for b in blocks if b.text] == ["The Lamp is a book.", "The Quay", "He left."]


@pytest.mark.parametrize(
    ("ending", "is_title"),
    [("  I", True), ("  II", True), ("  IO", True), ("", True), ("  3", False), ("  l2", False)],
)
def test_a_title_apart_may_end_in_a_numeral_and_not_in_a_page(ending, is_title):
    prose = (
        "It was late, and the lamp was out, as it had been for years.\n\nThey left.\n\nAll slept."
    )
    titles = [f"The {word.title()}{ending}" for word in WORDS[:3]]
    parts = [prose, *(f"{each}\n\n{prose}" for each in titles)]
    text = mark_typed_titles("\n\n\n\n".join(parts))
    assert (text.count(TITLE_SIGN) == len(titles)) is is_title


def list_titles(text: str) -> list[str]:
    return [block.text for block in read_plain_text(text).blocks if block.level == 2]


@pytest.mark.parametrize("name", ["Ann Gander", "E. J. Marrow", "Osric O’Tide"])
def test_titles_above_the_names_of_their_authors_open_chapters(name):
    titles = ["ROPE", "SALT", "AT SEA"]
    stories = "".join(f"\n\n\n\n\n{title}\n{name}\n\n{PROSE}\n{PROSE}" for title in titles)
    assert list_titles(f"THE READER\n{stories}") == titles


def test_months_head_the_parts_of_a_journal():
    months = ["JANUARY", "MARCH 1884"]
    parts = "".join(f"\n\n{month}\n\n4th. {PROSE}\n9th. {PROSE}" for month in months)
    assert list_titles(f"A JOURNAL\n{parts}") == months
    assert list_titles(f"A Tale\n\n{PROSE}\n\nMay\n\n{PROSE}\n") == []


def test_the_marks_of_a_wiki_with_notes_between_brackets_are_left_out():
    text = (
        "====== Salt ======\n\n===== Rope =====\n\nHe //never// left. ((A note.)) The boat lay.\n"
    )
    lines = [block.text for block in read_plain_text(text).blocks]
    assert "He never left. The boat lay" in " ".join(lines)
