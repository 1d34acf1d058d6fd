"""The marked book is the book, but for its head and its marks."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer.errors import BadInput
from mixer.script.readers import TextType, read_document
from mixer.script.speakers import read_cast, write_marks

HEAD = re.compile(r"\A---\r?\n(?:text-type: text\r?\n)?cast:\r?\n(?:  .*\r?\n)+---\r?\n")
WORDS = (
    *("“Come in,” said Tom.", "'No,' said Ann.", '"Never', '"Yes," he said. "So."'),
    *("[[pause 2s]]", "]]", "[", "Tom: hello", "\r\n", "\n\n", "\n", "—", "“[1]”", "She left."),
    *("“a [[b]] c,” said Tom.", "TOM. Come.", "---", "Tom said: “Go!”"),
)


def mark(text, **more):
    cast = read_cast(text)
    voices = dict.fromkeys(["Narrator", *(each.name for each in cast.characters)], "Ada")
    return write_marks(text, cast, voices, **more), cast


def remove_marks(marked, cast):
    """Take head and marks away, as an author would by hand."""
    text = HEAD.sub("", marked, count=1)
    names = [name for each in cast.characters for name in (each.name, f"{each.name} (voice)")]
    pattern = "|".join(map(re.escape, sorted(names, key=len, reverse=True))) or "(?!)"
    return re.sub(rf"\[\[(?:{pattern}): (.*?)\]\]", r"\1", text, flags=re.DOTALL)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=25), st.booleans())
def test_nothing_else_changes(words, is_plain):
    text = " ".join(words).replace(" \n", "\n").replace("\n ", "\n")
    try:
        marked, cast = mark(text, is_plain=is_plain)
    except BadInput:
        return
    assert remove_marks(marked, cast) == text or text.startswith("---")


@pytest.mark.parametrize("text_type", [TextType.TEXT, TextType.MARKDOWN])
def test_the_reader_gives_each_quotation_its_voice(text_type):
    text = "“Come in,” said Tom. “It is late.”\n\n“No,”\nsaid Ann.\n\nThe rain fell.\n"
    marked, _ = mark(text, is_plain=text_type is TextType.TEXT)
    document = read_document(marked, text_type)
    assert [(each.speaker, each.text) for each in document.blocks] == [
        *(("Tom", "“Come in,”"), ("", "said Tom."), ("Tom", "“It is late.”")),
        *(("Ann", "“No,”"), ("", "said Ann."), ("", "The rain fell.")),
    ]
    assert not document.warnings


def test_a_head_is_kept():
    marked, _ = mark("---\ntitle: The Gate\n---\n“Come,” said Tom.\n")
    assert marked.startswith("---\ntitle: The Gate\ncast:\n  Narrator: Ada\n  Tom: Ada\n---\n")


def test_a_cast_is_not_written_twice():
    with pytest.raises(BadInput, match="has a cast"):
        mark("---\ncast:\n  Tom: Ada\n---\n“Come,” said Tom.\n")


def test_a_name_that_begins_a_line_is_no_label():
    text = "“Come,” said Tom.\n\nTom: a man of forty.\n"
    document = read_document(mark(text)[0], TextType.MARKDOWN)
    assert document.blocks[-1].text == "Tom: a man of forty."


def test_a_gutenberg_text_keeps_its_cast():
    text = (
        "Title: X\n\n*** START OF THE PROJECT GUTENBERG EBOOK X ***\n\n“Come,” said Tom.\n\n"
        "*** END OF THE PROJECT GUTENBERG EBOOK X ***\n\nLicence.\n"
    )
    document = read_document(mark(text, is_plain=True)[0], TextType.TEXT)
    assert [each.speaker for each in document.blocks] == ["Tom", ""]


def test_at_most_forty_roles():
    names = [
        f"{first}{second}"
        for first in "BCDFGHKL"
        for second in ("an", "en", "in", "on", "un", "ay")
    ]
    text = "".join(f"“It is {name} who speaks,” said {name}.\n\n" for name in names)
    document = read_document(mark(text)[0], TextType.MARKDOWN)
    assert len(document.cast) == 40
