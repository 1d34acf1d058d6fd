"""SSML: well-formed whatever the words, with pauses and rate as the style says, within limits."""

from itertools import pairwise

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer.errors import BadInput
from mixer.script.annotations import MAX_PAUSE_MS
from mixer.script.document import collapse_whitespace
from mixer.script.limits import POLLY_LIMITS, EngineLimits
from mixer.script.planning.pauses import EXPRESSIVE, NATURAL, NO_PAUSES, Pauses, resolve_pauses
from mixer.script.planning.plan import PlanStyle
from mixer.script.planning.ssml import (
    SsmlStyle,
    TextScale,
    build_ssml,
    count_billed_chars,
    utf16_chars,
)
from mixer.script.readers.text_types import TextType
from mixer.script.script import BreakKind, Utterance
from tests.scripts import plan_text, ssml_text
from tests.texts import STEADY, nasty_texts

GENERATIVE = POLLY_LIMITS["generative"]
PLAIN = SsmlStyle(GENERATIVE, NATURAL)
LONGEST_BREAKS = resolve_pauses(dict.fromkeys(("comma", *BreakKind), MAX_PAUSE_MS))

STYLES = st.builds(
    SsmlStyle,
    st.sampled_from(list(POLLY_LIMITS.values())),
    st.sampled_from(
        [NATURAL, EXPRESSIVE, NO_PAUSES, LONGEST_BREAKS, resolve_pauses({"question": 10_000})]
    ),
    st.sampled_from([100, 50, 200]),
)
UTTERANCES = st.builds(
    lambda text, ending: Utterance(text, text, ending),
    nasty_texts().map(collapse_whitespace).filter(bool),
    st.sampled_from(list(BreakKind)),
)


def build_utterances(*sentences: tuple[str, BreakKind]) -> list[Utterance]:
    return [Utterance(text, text, ending) for text, ending in sentences]


def ssml(*sentences: tuple[str, BreakKind], style: SsmlStyle = PLAIN) -> str:
    return build_ssml(build_utterances(*sentences), style)


def style(
    breaks: Pauses = NATURAL, rate: int = 100, limits: EngineLimits = GENERATIVE
) -> SsmlStyle:
    return SsmlStyle(limits, breaks, rate)


@settings(STEADY, max_examples=150)
@given(st.lists(UTTERANCES, min_size=1, max_size=8), STYLES)
def test_ssml_always_parses_and_says_the_spoken_text_letter_for_letter(sentences, chosen):
    document = build_ssml(sentences, chosen)
    root = fromstring(document)
    assert root.tag == "speak"
    assert ["".join(each.itertext()) for each in root.iter("s")] == [
        each.spoken for each in sentences
    ]
    assert "".join(root.itertext()) == "".join(each.spoken for each in sentences)
    assert ssml_text(document) == "\n".join(each.spoken for each in sentences)


@settings(STEADY, max_examples=150)
@given(st.lists(UTTERANCES, min_size=1, max_size=8), STYLES)
def test_only_tags_that_the_engine_honours_are_sent(sentences, chosen):
    assert {
        each.tag for each in fromstring(build_ssml(sentences, chosen)).iter()
    } <= chosen.limits.tags


@settings(STEADY, max_examples=150)
@given(st.lists(UTTERANCES, min_size=1, max_size=8), STYLES)
def test_weights_add_up_to_no_less_than_a_call_is_charged(sentences, chosen):
    weights = sum(TextScale(chosen).weigh_text(each.spoken) for each in sentences)
    around = utf16_chars("<speak></speak>")
    share = chosen.limits.billed_chars / chosen.limits.total_chars
    assert weights >= count_billed_chars(sentences)
    assert weights >= (utf16_chars(build_ssml(sentences, chosen)) - around) * share


def test_utterances_become_sentences_and_paragraphs():
    document = ssml(
        ("Title", BreakKind.HEADING), ("One.", BreakKind.SENTENCE), ("Two.", BreakKind.PARAGRAPH)
    )
    assert document == "<speak><p><s>Title</s></p><p><s>One.</s><s>Two.</s></p></speak>"


@pytest.mark.parametrize(
    "ending", [BreakKind.SCENE, BreakKind.HEADING, BreakKind.CHAPTER, BreakKind.PARAGRAPH]
)
def test_what_ends_a_paragraph_closes_it(ending):
    assert ssml(("One.", ending), ("Two.", BreakKind.SENTENCE)).count("<p>") == 2


def test_marks_of_xml_are_escaped():
    assert "<s>a &amp; b &lt; c &gt; d</s>" in ssml(("a & b < c > d", BreakKind.PARAGRAPH))


def test_a_profile_without_milliseconds_leaves_the_rhythm_to_the_engine():
    sentences = [
        ("One, two.", BreakKind.SENTENCE),
        ("Three?", BreakKind.QUESTION),
        ("Four.", BreakKind.SENTENCE),
    ]
    assert "break" not in ssml(*sentences, style=style(NATURAL))
    assert "break" not in ssml(*sentences, style=style(NO_PAUSES))


def test_the_expressive_profile_rests_after_sentences_by_their_kind():
    sentences = [
        ("One?", BreakKind.QUESTION),
        ("Two!", BreakKind.EXCLAMATION),
        ("Three.", BreakKind.SENTENCE),
    ]
    assert ssml(*sentences, ("Four.", BreakKind.PARAGRAPH), style=style(EXPRESSIVE)) == (
        '<speak><p><s>One?</s><break time="650ms" /><s>Two!</s><break time="600ms" />'
        '<s>Three.</s><break time="500ms" /><s>Four.</s></p></speak>'
    )


def test_own_milliseconds_become_breaks_after_commas_and_clauses():
    chosen = style(resolve_pauses({"comma": 90, "clause": 210}))
    assert ssml(("One, two; three.", BreakKind.PARAGRAPH), style=chosen) == (
        '<speak><p><s>One,<break time="90ms" /> two;<break time="210ms" /> three.</s></p></speak>'
    )


@pytest.mark.parametrize("text", ["1,000.", "3:45.", "un-done.", "a,b.", "One."])
def test_no_break_falls_where_no_pause_is_heard(text):
    chosen = style(resolve_pauses({"comma": 90, "clause": 210}))
    assert "break" not in ssml((text, BreakKind.PARAGRAPH), style=chosen)


@pytest.mark.parametrize("text", ["他来了，走了。", "جاء، ذهب.", "来た、見た。", "वह आया, गया।"])
def test_commas_of_other_scripts_are_commas(text):
    document = ssml((text, BreakKind.PARAGRAPH), style=style(resolve_pauses({"comma": 90})))
    assert document.count('<break time="90ms" />') == 1


def test_the_silence_after_a_chunk_is_left_to_the_mix():
    document = ssml(("One.", BreakKind.SENTENCE), style=style(EXPRESSIVE))
    assert document == "<speak><p><s>One.</s></p></speak>"


def test_a_rate_becomes_prosody_around_whole_sentences():
    document = ssml(
        ("One.", BreakKind.SENTENCE), ("Two.", BreakKind.PARAGRAPH), style=style(rate=80)
    )
    assert document.count('<s><prosody rate="80%">') == document.count("</prosody></s>") == 2


def test_an_engine_without_prosody_gets_none():
    plain = EngineLimits(3000, 6000, frozenset({"speak", "p", "s"}))
    assert "prosody" not in ssml(("One.", BreakKind.PARAGRAPH), style=style(rate=80, limits=plain))


@pytest.mark.parametrize(
    ("text", "chars"), [("abc", 3), ("äöü", 3), ("漢字", 2), ("👍", 2), ("👍🏽", 4), ("e\u0301", 2)]
)
def test_characters_are_counted_as_java_counts_them(text, chars):
    assert utf16_chars(text) == chars
    assert count_billed_chars(build_utterances((text, BreakKind.PARAGRAPH))) == chars


def test_a_text_full_of_escapes_weighs_what_they_take():
    weights = [TextScale(PLAIN).weigh_text("&" * count) for count in (10, 20, 40)]
    assert [after - before for before, after in pairwise(weights)] == [25, 50]


REFUSED = [
    ('<prosody pitch="+10%" rate="slow">Hello.</prosody>', "pitch"),
    ('<prosody amazon:max-duration="2s">Hello.</prosody>', "amazon:max-duration"),
    ('<amazon:effect name="whispered">Hush.</amazon:effect>', "whispered"),
    ('<amazon:effect phonation="soft">Hush.</amazon:effect>', "phonation"),
    ('<amazon:effect vocal-tract-length="+15%">Hush.</amazon:effect>', "vocal-tract-length"),
]


@pytest.mark.parametrize(("inner", "name"), REFUSED)
@pytest.mark.parametrize("engine", ["neural", "long-form"])
def test_attributes_that_an_engine_does_not_honour_are_refused_in_the_plan(inner, name, engine):
    chosen = PlanStyle(ssml=SsmlStyle(POLLY_LIMITS[engine], NATURAL))
    with pytest.raises(BadInput, match=f"line 1: this engine does not support .*{name}"):
        plan_text(f"<speak>{inner}</speak>", TextType.SSML, chosen)


@pytest.mark.parametrize(("inner", "name"), REFUSED)
def test_the_standard_engine_honours_them(inner, name):
    chosen = PlanStyle(ssml=SsmlStyle(POLLY_LIMITS["standard"], NATURAL))
    script = plan_text(f"<speak>{inner}</speak>", TextType.SSML, chosen)
    assert name in "".join(chunk.ssml for chunk in script.chunks)


def test_pitch_is_refused_by_the_generative_engine_and_rate_is_not():
    chosen = PlanStyle(ssml=SsmlStyle(POLLY_LIMITS["generative"], NATURAL))
    with pytest.raises(BadInput, match=r"does not support .*pitch"):
        plan_text('<speak><prosody pitch="low">Hi.</prosody></speak>', TextType.SSML, chosen)
    assert plan_text('<speak><prosody rate="slow">Hi.</prosody></speak>', TextType.SSML, chosen)
