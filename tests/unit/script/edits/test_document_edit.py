"""A changed sentence in its document and in its author's text: only the words that differ."""

import difflib

import pytest

from mixer.errors import BadInput
from mixer.script.edits import (
    SentenceEdit,
    edit_document,
    edit_source,
    locate_sentences,
    recall_utterances,
)
from mixer.script.planning import PlanStyle, plan_document
from mixer.script.readers import TextType, read_document

STYLE = PlanStyle()
SOURCE = """---
title: The Gate
cast:
  Narrator: Ada
  Tom: Ben
---

# One

It was *very* dark. He had
walked for hours. It was very late. He sat down.

Tom: Who is there? Nobody answered [[lang fr: bon voyage]] to him.

* * *

It was *very* dark. The end [[say nginx: engine x]] came.
"""
DARK, WALKED, WHO, ANSWER, AGAIN, END = 1, 2, 5, 6, 7, 8
LONG = "word " * 900


def open_source(source=SOURCE, text_type=TextType.MARKDOWN):
    document = read_document(source, text_type)
    script = plan_document(document, STYLE)
    return document, script, locate_sentences(document, script, STYLE)


def change(number, **changes):
    document, script, places = open_source()
    place = places[number]
    edit = SentenceEdit(place.block, place.start, place.end, **changes)
    after = edit_document(document, edit, is_markdown=True)
    return document, script, after, edit_source(SOURCE, TextType.MARKDOWN, document, edit, after)


def list_differences(source):
    lines = difflib.ndiff(SOURCE.splitlines(), source.splitlines())
    return [line[2:] for line in lines if line.startswith("+ ")]


def speak(document):
    sentences = (
        each for chunk in plan_document(document, STYLE).chunks for each in chunk.utterances
    )
    return [(each.speaker, each.text, each.pause_ms) for each in sentences]


def test_places_are_where_the_words_are():
    document, script, places = open_source()
    sentences = [each for chunk in script.chunks for each in chunk.utterances]
    found = [document.blocks[at.block].text[at.start : at.end] for at in places]
    assert found == [each.text for each in sentences]
    assert len(found) == END + 1


@pytest.mark.parametrize(
    ("number", "changes", "lines"),
    [
        (DARK, {"text": "It was very cold."}, ["It was *very* cold. He had"]),
        (AGAIN, {"text": "It was too dark."}, [
            "It was *too* dark. The end [[say nginx: engine x]] came."
        ]),
        (WALKED, {"text": "He had run for two hours."}, [
            "run for two hours. It was very late. He sat down."
        ]),
        (WALKED, {"pause_ms": 2000}, [
            "walked for hours.[[pause 2000ms]] It was very late. He sat down."
        ]),
        (ANSWER, {"text": "No one answered bon voyage to him."}, [
            "Tom: Who is there? No one answered [[lang fr: bon voyage]] to him."
        ]),
        (0, {"text": "Chapter two"}, ["# Chapter two"]),
    ],
)  # fmt: skip
def test_edit_changes_the_authors_text_where_it_must(number, changes, lines):
    source = change(number, **changes)[-1]
    assert list_differences(source) == lines


@pytest.mark.parametrize(
    ("number", "changes", "expected"),
    [
        (WHO, {"speaker": ""}, [("", "Who is there?", None), ("Tom", "Nobody answered", None)]),
        (DARK, {"speaker": "Tom", "pause_ms": 900}, [
            ("Tom", "It was very dark.", 900), ("", "He had walked for hours.", None)
        ]),
        (AGAIN, {"text": "It was dark [[Tom: I say]] again."}, [
            ("", "It was dark", None), ("Tom", "I say", None), ("", "again.", None)
        ]),
        (END, {"text": "The whole end nginx came."}, [("", "The whole end nginx came.", None)]),
    ],
)  # fmt: skip
def test_edit_is_spoken(number, changes, expected):
    after = change(number, **changes)[2]
    changed_words = speak(after)[number : number + len(expected)]
    assert [
        (speaker, text[: len(words)], pause)
        for (speaker, text, pause), (_, words, _) in zip(changed_words, expected, strict=True)
    ] == expected


def test_kept_words_keep_their_pronunciation():
    after = change(END, text="The end nginx really came.")[2]
    assert [each.tag for each in after.blocks[-1].annotations] == ["sub"]


@pytest.mark.parametrize(
    "changes",
    [{"text": "It is late."}, {"pause_ms": 3000}, {"speaker": "Tom"}, {"take": 2}, {"text": LONG}],
)
@pytest.mark.parametrize("number", [0, WALKED, WHO, AGAIN, END])
def test_plan_with_what_is_known_is_the_plan_without(number, changes):
    document, script, after, _ = change(number, **changes)
    known = recall_utterances(document, script, STYLE)
    assert len(known.utterances) > 2
    assert plan_document(after, PlanStyle(known=known)) == plan_document(after, STYLE)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"text": ""}, "no words left"),
        ({"text": " … !"}, "no words left"),
        ({"text": "He [[pause 2s walked."}, "not closed"),
        ({"text": "He [[pause 2h]] walked."}, "takes a length"),
        ({"text": "He [[[[emphasis: had]] walked."}, "another tag"),
        ({"speaker": "Mary"}, "there are Narrator, Tom"),
    ],
)
def test_impossible_edit_says_why(changes, words):
    with pytest.raises(BadInput, match=words):
        change(WALKED, **changes)


def test_sentence_that_occurs_earlier_is_changed_in_its_own_place():
    source = "Yes. No.\n\nYes. No.\n\nYes. No.\n"
    document, _, places = open_source(source, TextType.TEXT)
    edit = SentenceEdit(places[3].block, places[3].start, places[3].end, "Never.")
    after = edit_document(document, edit, is_markdown=False)
    written = edit_source(source, TextType.TEXT, document, edit, after)
    assert written == "Yes. No.\n\nYes. Never.\n\nYes. No.\n"


def test_edit_of_a_page_stays_apart_from_its_source():
    source = "<html><p>One came. Two left.</p></html>"
    document, _, places = open_source(source, TextType.HTML)
    edit = SentenceEdit(places[1].block, places[1].start, places[1].end, "Three left.")
    after = edit_document(document, edit, is_markdown=False)
    assert edit_source(source, TextType.HTML, document, edit, after) is None
    assert after.blocks[0].text == "One came. Three left."
