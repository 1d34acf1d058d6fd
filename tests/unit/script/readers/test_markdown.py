"""Markdown: the words without their marks, and what the marks say of headings and scenes."""

import pytest
import regex
from hypothesis import given, settings

from mixer.script.document import BlockKind, normalise_newlines
from mixer.script.readers.markdown import MAX_NESTING, read_markdown, read_markdown_blocks
from tests.texts import STEADY, nasty_texts, stories

SIGNS = {BlockKind.HEADING: "#", BlockKind.PARAGRAPH: "p", BlockKind.SCENE_BREAK: "-"}

FRONT_MATTER = """\
---
title: "The Voyage: A Tale"
author: 'A. Writer'
tags:
  - sea
  - boats
# a comment
empty:
---

# One

Text.
"""


def read(text: str) -> list[str]:
    """Each block as a line: `#2 heading`, `p paragraph` or `-`."""
    blocks = read_markdown(text).blocks
    return [f"{SIGNS[each.kind]}{each.level or ''} {each.text}".strip() for each in blocks]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_front_matter_names_title_and_author_and_is_not_read_aloud(newline, mark):
    document = read_markdown(mark + FRONT_MATTER.replace("\n", newline))
    assert document.title == "The Voyage: A Tale"
    assert document.author == "A. Writer"
    assert [block.text for block in document.blocks] == ["One", "Text."]


@pytest.mark.parametrize(
    "text",
    [
        "---\nOnce upon a time there was\n---\nThe end.",
        "---\n\nHe left: no one saw it.\n\nShe came.\n\n---\n\nThe end.",
        "---\n---\nOnce, the end.",
    ],
)
def test_prose_between_rules_is_no_front_matter(text):
    blocks = read_markdown(text).blocks
    assert words("".join(each.text for each in blocks)) == words(text)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("# A\n\n## B\n\ntext", ["#1 A", "#2 B", "p text"]),
        ("A\n===\n\nB\n---\n\ntext", ["#1 A", "#2 B", "p text"]),
        ("# *A* [b](c) `d` #", ["#1 A b d"]),
        ("He *left* the **old** `house`.", ["p He left the old house."]),
        ("One\ntwo  \nthree\\\nfour", ["p One two", "p three", "p four"]),
        ("他来了，\n走了", ["p 他来了，走了"]),
        ("[a link](http://x.y 'title') and <http://x.y>", ["p a link and http://x.y"]),
        ("a [link][1]\n\n[1]: http://x.y", ["p a link"]),
        ("![a *cat*](cat.png)", ["p a cat"]),
        ("- one\n- two\n  - three\n", ["p one", "p two", "p three"]),
        ("1. one\n2. two", ["p one", "p two"]),
        ("> quoted\n> more\n\nnot", ["p quoted more", "p not"]),
        ("a\n\n---\n\nb\n\n* * *\n\nc", ["p a", "-", "p b", "-", "p c"]),
        ("| a | b |\n|---|---|\n| c | d |", ["p a", "p b", "p c", "p d"]),
        ("```py\nx = 1\ny = 2\n```", ["p x = 1 y = 2"]),
        ("    x = 1", ["p x = 1"]),
        ("a<br>b <b>c</b>d <!-- e -->f", ["p a", "p b cd f"]),
        ("<div>\na <i>b</i> &amp; c\n<!-- d\ne -->\n</div>", ["p a b & c"]),
        ("<style>\np { color: red }\n</style>\n\na", ["p a"]),
        ("<script>\nlet a = 1\n</script>\n\na", ["p a"]),
        ("&amp; &lt;b&gt; &copy;", ["p & <b> ©"]),
        (r"\*not\* \# this", ["p *not* # this"]),
        ("5 * 3 & 2 < 4 > 1", ["p 5 * 3 & 2 < 4 > 1"]),
        ("", []),
    ],
)
def test_marks_go_and_words_stay(text, blocks):
    assert read(text) == blocks


def test_words_in_many_quotations_are_kept():
    assert read("> " * (MAX_NESTING - 2) + "deep") == ["p deep"]


def test_words_in_many_brackets_are_kept_and_marks_in_a_few_go():
    assert words(*read("[" * 50 + "*deep*" + "]" * 50)) == "pdeep"
    assert read("***~~[*a* `b`](c)~~***") == ["p a b"]


def words(text: str) -> str:
    return "".join(regex.findall(r"[\p{L}\p{N}]", text))


@settings(STEADY, max_examples=60)
@given(stories())
def test_every_word_of_plain_prose_comes_out_once_and_in_order(story):
    blocks = read_markdown_blocks(normalise_newlines(story.text))
    assert words("".join(each.text for each in blocks)) == words(story.text)


@settings(STEADY, max_examples=200)
@given(nasty_texts())
def test_any_text_can_be_read(text):
    for block in read_markdown_blocks(normalise_newlines(text)):
        assert "\n" not in block.text


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        (
            "He left at once, and ran.\n---\nShe stayed.",
            ["p He left at once, and ran.", "-", "p She stayed."],
        ),
        ("Where Is Mira?\n---\n\nShe left.", ["#2 Where Is Mira?", "p She left."]),
        ("Chapter 3. The Hill.\n---\n\nShe left.", ["#2 Chapter 3. The Hill.", "p She left."]),
        ("He left.\n\n#\n\nShe stayed.", ["p He left.", "-", "p She stayed."]),
        ("He left.\n\n\\* \\* \\*\n\nShe stayed.", ["p He left.", "-", "p She stayed."]),
        ("##The Hill\n\nHe left.", ["#2 The Hill", "p He left."]),
        ("#The Hill\n\nHe left.", ["#1 The Hill", "p He left."]),
        ("**One**\n\nA.\n\nB.\n\n**Two**\n\nC.", ["#2 One", "p A.", "p B.", "#2 Two", "p C."]),
        ("Chapter 1\n\nA.\n\nChapter 2\n\nB.", ["#2 Chapter 1", "p A.", "#2 Chapter 2", "p B."]),
        ("**Note.** A.\n\n**Stop!**", ["p Note. A.", "p Stop!"]),
    ],
)
def test_what_typists_mean_by_rules_and_bold_type(text, blocks):
    assert read(text) == blocks


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"a\* b", "a* b"),
        ("a `b` c", "a b c"),
        ("a ~~b~~ c", "a b c"),
        ("a *b* c", "a b c"),
        ("a _b_ c", "a b c"),
        ("a [b](c) d", "a b d"),
        ("a ![b](c) d", "a b d"),
        ("a <b>c</b> d", "a c d"),
        ("a <http://b.org> c", "a http://b.org c"),
        ("a &amp; b", "a & b"),
        ("a\nb", "a b"),
        ("a: b; c, d. e? f! g (h) - i + j = k / l > m | n 'o' \"p\" # q @ r", None),
    ],
)
@pytest.mark.parametrize("frame", ["{}", "|h|h|\n|-|-|\n|{}|x|", "- {}", "> {}", "# {}"])
def test_marks_inside_every_kind_of_block_are_read(text, words, frame):
    if "\n" in text and frame != "{}":
        return
    shown = frame.format(text.replace("|", "\\|") if "|x|" in frame else text)
    assert (words or text) in [each.text for each in read_markdown(shown).blocks]
