"""SSML by the author: checked line by line, cut at sentences, its elements kept."""

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer.errors import BadInput, UnreadableText
from mixer.script.limits import POLLY_LIMITS, POLLY_TOTAL_CHARS
from mixer.script.planning.pauses import EXPRESSIVE, NATURAL
from mixer.script.planning.plan import PlanStyle
from mixer.script.planning.ssml import SsmlStyle
from mixer.script.readers.text_types import TextType, detect_text_type
from tests.scripts import plan_text, ssml_text
from tests.texts import STEADY


def plan_ssml(ssml: str, engine: str = "standard", pauses=NATURAL):
    return plan_text(ssml, TextType.SSML, PlanStyle(ssml=SsmlStyle(POLLY_LIMITS[engine], pauses)))


def list_ssml(ssml: str, engine: str = "standard", pauses=NATURAL) -> list[str]:
    return [chunk.ssml for chunk in plan_ssml(ssml, engine, pauses).chunks]


def test_elements_stay_around_their_words():
    inner = (
        '<s>The <sub alias="World Wide Web">WWW</sub> is <emphasis level="strong">very '
        '<lang xml:lang="fr-FR">vite</lang></emphasis>, at Doctor No\'s.</s>'
    )
    assert list_ssml(f"<speak><p>{inner}</p></speak>") == [f"<speak><p>{inner}</p></speak>"]


def test_text_that_the_author_has_judged_is_not_written_out():
    (chunk,) = list_ssml(
        '<speak>Dr. No has <say-as interpret-as="characters">$5 Dr.</say-as>.</speak>'
    )
    assert 'Doctor No has <say-as interpret-as="characters">$5 Dr.</say-as>' in chunk


def test_an_element_over_two_sentences_is_opened_again_in_the_second():
    (chunk,) = list_ssml('<speak><prosody rate="80%">One is here. Two is there.</prosody></speak>')
    assert chunk == (
        '<speak><p><s><prosody rate="80%">One is here.</prosody></s>'
        '<s><prosody rate="80%">Two is there.</prosody></s></p></speak>'
    )


def test_a_sentence_ends_in_no_element_that_must_stay_whole():
    (chunk,) = list_ssml('<speak>It is <sub alias="x">done. It is</sub> over.</speak>')
    assert '<s>It is <sub alias="x">done. It is</sub> over.</s>' in chunk


def test_short_breaks_stay_and_long_ones_between_sentences_become_exact_silence():
    script = plan_ssml(
        '<speak>One <break time="300ms"/>is. <break time="2s"/>Two.<break time="1.5s"/></speak>'
    )
    assert [(chunk.ssml, chunk.gap_ms) for chunk in script.chunks] == [
        ('<speak><p><s>One <break time="300ms" />is.</s></p></speak>', 2_000),
        ("<speak><p><s>Two.</s></p></speak>", 1_500),
    ]


def test_pauses_of_a_profile_go_beside_the_authors_elements():
    (chunk,) = list_ssml(
        '<speak>Yes, <emphasis level="strong">no, maybe; or</emphasis> not.</speak>',
        pauses=EXPRESSIVE,
    )
    assert chunk.count("<break") == 1
    assert "".join(fromstring(chunk).itertext()) == "Yes, no, maybe; or not."


def test_paragraphs_and_sentences_of_the_author_are_kept():
    passages = list_ssml("<speak><p><s>one two</s><s>three</s></p><p>Four. Five.</p>six</speak>")
    assert "".join(passages).replace("</speak><speak>", "") == (
        "<speak><p><s>one two</s><s>three</s></p><p><s>Four.</s><s>Five.</s></p>"
        "<p><s>six</s></p></speak>"
    )


@pytest.mark.parametrize(
    ("ssml", "reason"),
    [
        ("<speak>\nA <b>c</b></speak>", "line 2: <b> is not an element"),
        ("<speak>\n\n<p>open</speak>", "line 3: mismatched tag"),
        ("<speak>a & b</speak>", "line 1: not well-formed"),
        ("<voice>a</voice>", "its root is <voice>"),
        ('<!DOCTYPE speak [<!ENTITY a "b">]><speak>&a;</speak>', "document type"),
        ("<speak><sub>WWW</sub></speak>", "<sub> needs the attribute alias"),
        ('<speak><break time="soon"/></speak>', "a break takes a time such as 300ms"),
        ('<speak><break time="11s"/></speak>', "at most 10s"),
        ('<speak><p align="left">x</p></speak>', "<p> has no attribute align"),
        ("<speak><break>x<s>y</s></break></speak>", "<break> must be empty"),
    ],
)
def test_what_is_no_ssml_is_refused_with_its_line(ssml, reason):
    with pytest.raises(UnreadableText) as refused:
        plan_ssml(ssml)
    assert reason in str(refused.value)


def test_what_the_engine_does_not_honour_is_refused_with_its_line():
    with pytest.raises(BadInput, match="line 2: this engine does not support <emphasis>"):
        plan_ssml("<speak>A\n<emphasis>b</emphasis></speak>", "neural")


TAGS = st.sampled_from(
    [
        '<emphasis level="strong">{}</emphasis>',
        '<sub alias="x &amp; y">{}</sub>',
        '<prosody rate="70%">{}</prosody>',
        '<lang xml:lang="de">{}</lang>',
        '<break time="1s"/>{}',
        "<s>{}</s>",
        "<p>{}</p>",
    ]
)
INNER = st.recursive(
    st.sampled_from(["Dr. No. ", "One is here. ", "word ", "two, three; ", "漢字。", " "]),
    lambda inner: st.builds(
        lambda tag, parts: tag.format("".join(parts)), TAGS, st.lists(inner, max_size=8)
    ),
    max_leaves=60,
)


@settings(STEADY, max_examples=60)
@given(st.lists(INNER, min_size=1), st.sampled_from([NATURAL, EXPRESSIVE]))
def test_any_nesting_gives_well_formed_requests_with_every_word(parts, pauses):
    inner = "A word. " + "".join(parts)
    script = plan_ssml(f"<speak>{inner}</speak>", pauses=pauses)
    for chunk in script.chunks:
        fromstring(chunk.ssml)
        assert len(chunk.ssml) <= POLLY_TOTAL_CHARS
    said = "".join(ssml_text(chunk.ssml) for chunk in script.chunks)
    there = "".join(fromstring(f"<speak>{inner}</speak>").itertext())
    for word in ("here", "word", "three", "漢字"):
        assert said.count(word) == there.count(word)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<speak>Hi.</speak>\n", TextType.SSML),
        ('<?xml version="1.0"?>\n<speak version="1.0">Hi.</speak>', TextType.SSML),
        ("<!DOCTYPE html><p>Hi", TextType.HTML),
        ("  <html><p>Hi", TextType.HTML),
        ("<p>Hi</p>", TextType.TEXT),
        ("<speak for yourself", TextType.TEXT),
        ("UEsDBBQAAAAIAA==", TextType.EPUB),
    ],
)
def test_looks_tell_how_a_text_is_written(text, kind):
    assert detect_text_type(text) is kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [("{\\rtf1\\ansi Hello}", "Rich Text"), ("\\documentclass[a4]{book}\nHello", "LaTeX")],
)
def test_text_of_other_programs_is_refused(text, kind):
    with pytest.raises(UnreadableText, match=kind):
        detect_text_type(text)
