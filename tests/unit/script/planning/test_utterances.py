"""Utterances: whole sentences where they fit, good cuts where they do not."""

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer.script.document import heading, paragraph
from mixer.script.normalise.passes import normalise
from mixer.script.planning.utterances import is_speakable, split_utterances
from mixer.script.script import BreakKind, Utterance
from tests.texts import STEADY, nasty_texts

LIMIT = 60
FAMILY = "👩‍👩‍👧‍👦"


def cut(text: str, language: str = "en-US", limit: int = LIMIT) -> list[Utterance]:
    return list(split_utterances(paragraph(text), BreakKind.PARAGRAPH, language, len, limit))


def list_spoken(text: str, language: str = "en-US", limit: int = LIMIT) -> list[str]:
    return [utterance.spoken for utterance in cut(text, language, limit)]


@pytest.mark.parametrize(
    ("text", "endings"),
    [
        ("He left. She came.", ["sentence", "paragraph"]),
        ("Did he? Yes.", ["question", "paragraph"]),
        ("“Did he?” “Yes!” He did.", ["question", "exclamation", "paragraph"]),
        ("真的吗？真的！好。", ["question", "exclamation", "paragraph"]),
        ("هل ذهب؟ نعم.", ["question", "paragraph"]),
        ("वह गया। वह आया।", ["sentence", "paragraph"]),
    ],
)
def test_an_utterance_knows_how_it_ends(text, endings):
    assert [utterance.ending for utterance in cut(text)] == endings


def test_a_heading_is_one_utterance_whatever_its_marks():
    utterances = list(
        split_utterances(heading("Who? Me. You!", 1), BreakKind.HEADING, "en-US", len, LIMIT)
    )
    assert [utterance.spoken for utterance in utterances] == ["Who? Me. You!"]


def test_an_utterance_keeps_the_words_of_the_author_beside_the_spoken_ones():
    (utterance,) = cut("Dr. Finch paid $3.50 & left.")
    assert utterance.text == "Dr. Finch paid $3.50 & left."
    assert utterance.spoken.startswith("Doctor Finch paid ")


def test_a_sentence_over_the_limit_is_cut_after_a_clause_and_says_so():
    utterances = cut(f"{'word ' * 8}end, {'more ' * 6}end.")
    assert [utterance.spoken[-4:] for utterance in utterances] == ["end,", "end."]
    assert [utterance.ending for utterance in utterances] == [BreakKind.CLAUSE, BreakKind.PARAGRAPH]


def test_a_clause_that_ends_too_early_is_passed_over_for_a_word():
    first, *_ = list_spoken(f"No, {'word ' * 20}end.")
    assert len(first) > LIMIT * 0.8
    assert first.endswith("word")


@pytest.mark.parametrize(
    "number",
    ["1,234,567.89", "1.234.567,89", "1 234 567", "12:30:55", "12/05/1999"],
)
@pytest.mark.parametrize("glue", [" ", "語"])
def test_no_cut_falls_inside_a_number(number, glue):
    utterances = list_spoken(glue.join([number] * 30), "xx")
    assert len(utterances) > 1
    assert all(number in piece for piece in utterances)
    assert "".join(utterances).count(number) == 30


@pytest.mark.parametrize(
    "grapheme", [FAMILY, "🇫🇷", "👍🏽", "e\u0301\u0323", "क्षि", "\u1112\u1161\u11ab", "か\u3099"]
)
@pytest.mark.parametrize("offset", range(4))
def test_no_cut_falls_inside_a_grapheme(grapheme, offset):
    utterances = list_spoken("x" * (offset + 1) + grapheme * 40, "xx")
    assert len(utterances) > 1
    assert all(piece.replace(grapheme, "").strip("x") == "" for piece in utterances)


def test_a_number_longer_than_the_limit_is_cut_all_the_same():
    assert list_spoken("7" * 150, "xx") == ["7" * 60, "7" * 60, "7" * 30]


@pytest.mark.parametrize("text", ["~", "~ ~", "* * *", "—", "…", "!?", "👍", "\u200b", ""])
def test_marks_alone_are_not_said(text):
    assert not is_speakable(text, "en-US")
    assert cut(text) == []


@pytest.mark.parametrize("text", ["a", "5", "$", "&", "50 %", "½", "水", "क"])
def test_letters_figures_and_signs_that_have_a_name_are_said(text):
    assert is_speakable(text, "en-US")
    assert cut(text)


def bare(text: str) -> str:
    return "".join(text.split())


@settings(STEADY, max_examples=150)
@given(nasty_texts(), st.sampled_from(["en-US", "de-DE", "cmn-CN", "hi-IN"]), st.integers(20, 400))
def test_nothing_of_the_normalised_text_is_lost_doubled_or_reordered(text, language, limit):
    block = paragraph(text)
    utterances = list(split_utterances(block, BreakKind.PARAGRAPH, language, len, limit))
    if is_speakable(block.text, language):
        written = normalise(block.text, language)
        assert bare("".join(each.spoken for each in utterances)) == bare(written.spoken)
        assert bare("".join(each.text for each in utterances)) == bare(written.source)
    else:
        assert utterances == []


@settings(STEADY, max_examples=150)
@given(nasty_texts(), st.integers(120, 400))
def test_no_utterance_is_over_the_limit_or_empty(text, limit):
    for each in split_utterances(paragraph(text), BreakKind.PARAGRAPH, "en-US", len, limit):
        assert 0 < len(each.spoken) <= limit


PARTS = st.sampled_from([FAMILY, "ab", "1.5", "語", "e\u0301", "9", ",", " "])


@settings(STEADY, max_examples=150)
@given(st.lists(PARTS, max_size=150))
def test_pieces_hold_whole_graphemes(drawn):
    text = paragraph("".join(drawn)).text
    if is_speakable(text, "xx"):
        whole = regex.findall(r"\X", normalise(text, "xx").spoken)
        pieces = regex.findall(r"\X", "\n".join(list_spoken(text, "xx")))
        assert [each for each in pieces if each.strip()] == [each for each in whole if each.strip()]
