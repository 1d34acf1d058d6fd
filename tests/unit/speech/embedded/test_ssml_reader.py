"""SSML becomes sentences and silences; what is not SSML is refused."""

import pytest

from mixer.errors import SpeechFailed
from mixer.speech.embedded.mapped_text import MappedText
from mixer.speech.embedded.ssml_reader import (
    CLAUSE_PAUSE_MS,
    PARAGRAPH_PAUSE_MS,
    SENTENCE_PAUSE_MS,
    Pause,
    Phrase,
    SsmlSentence,
    read_ssml,
)


def read(inside: str) -> tuple[SsmlSentence | Pause, ...]:
    return read_ssml(f"<speak>{inside}</speak>")


def sentences(inside: str) -> list[SsmlSentence]:
    return [item for item in read(inside) if isinstance(item, SsmlSentence)]


def join_phrases(inside: str) -> str:
    parts = [part for sentence in sentences(inside) for part in sentence.parts]
    return "".join(part.text.text for part in parts if isinstance(part, Phrase))


def rates(inside: str) -> list[float]:
    parts = [part for sentence in sentences(inside) for part in sentence.parts]
    return [part.rate for part in parts if isinstance(part, Phrase)]


def pauses_ms(inside: str) -> list[int]:
    items = [
        part
        for item in read(inside)
        for part in (item.parts if isinstance(item, SsmlSentence) else [item])
    ]
    return [item.duration_ms for item in items if isinstance(item, Pause)]


def test_each_s_is_a_sentence():
    assert [each.text for each in sentences("<s>One.</s><s>Two.</s> <s></s>")] == [
        "One.",
        "Two.",
        "",
    ]


def test_text_outside_s_counts_as_a_sentence_of_its_own():
    inside = "Before. <p>In. <s>One.</s> Between <sub alias='x'>y</sub>.</p> After."
    texts = [each.text.strip() for each in sentences(inside)]
    assert texts == ["Before.", "In.", "One.", "Between y.", "After."]


def test_white_space_between_elements_is_no_sentence():
    assert len(sentences("\n <p>\n <s>One.</s>\n </p>\n ")) == 1


def test_pauses_stand_only_between_sentences():
    inside = "<p><s>One.</s><s>Two.</s></p><p><s>Three.</s></p>"
    assert pauses_ms(inside) == [SENTENCE_PAUSE_MS, PARAGRAPH_PAUSE_MS]


@pytest.mark.parametrize(
    ("attributes", "duration_ms"),
    [
        ('time="500ms"', 500),
        ('time="1.5s"', 1500),
        ('time="60s"', 10_000),
        ('time="0s"', 0),
        ('strength="none"', 0),
        ('strength="x-strong"', PARAGRAPH_PAUSE_MS),
        ("", CLAUSE_PAUSE_MS),
    ],
)
def test_break_lasts_as_asked(attributes, duration_ms):
    assert pauses_ms(f"<s>One <break {attributes}/> two.</s>") == [duration_ms]


@pytest.mark.parametrize("between", ["{}</s><s>", "</s>{}<s>", "</s></p>{}<p><s>"])
def test_a_break_between_sentences_is_all_of_their_pause(between):
    sentences = between.format('<break time="100ms"/>')
    inside = f"<p><s>One.{sentences}Two.</s><s>Three.</s></p>"
    assert pauses_ms(inside) == [100, SENTENCE_PAUSE_MS]


def test_breaks_at_the_edges_are_kept():
    assert pauses_ms('<break time="1s"/><s>One.</s><break time="2s"/>') == [1000, 2000]


def test_sub_is_said_as_its_alias_and_points_to_what_is_written():
    (sentence,) = sentences('<s>The <sub alias="World Wide Web">WWW</sub> works.</s>')
    (phrase,) = sentence.parts
    assert sentence.text == "The WWW works."
    assert isinstance(phrase, Phrase)
    assert phrase.text.text == "The World Wide Web works."
    assert phrase.text.origin(4, 9) == (4, 7)
    assert phrase.text.origin(19, 24) == (8, 13)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("characters", "B2-a", "B, two, dash, A"),
        ("spell-out", "NASA", "N, A, S, A"),
        ("digits", "90 21", "nine zero, two one"),
        ("telephone", "555-12", "five five five, one two"),
        ("cardinal", "1984", "one thousand, nine hundred and eighty-four"),
        ("cardinal", "1,984", "one thousand, nine hundred and eighty-four"),
        ("cardinal", "many", "many"),
        ("ordinal", "3", "third"),
        ("ordinal", "21st", "twenty-first"),
        ("fraction", "3/20", "3/20"),
        ("nonsense", "kept", "kept"),
    ],
)
def test_say_as(kind, text, expected):
    assert join_phrases(f'<say-as interpret-as="{kind}">{text}</say-as>') == expected


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("mdy", "3/4/2024", "March fourth, 2024"),
        ("dmy", "3.4.2024", "April third, 2024"),
        ("ymd", "2024-03-04", "March fourth, 2024"),
        ("yyyymmdd", "20240304", "March fourth, 2024"),
        ("md", "12-31", "December thirty-first"),
        ("my", "12/1999", "December 1999"),
        ("y", "1999", "1999"),
        ("mdy", "13/1/2024", "13/1/2024"),
        ("mdy", "soon", "soon"),
        ("xyz", "1/2/3", "1/2/3"),
    ],
)
def test_date(form, text, expected):
    assert join_phrases(f'<say-as interpret-as="date" format="{form}">{text}</say-as>') == expected


def test_enormous_number_is_said_digit_by_digit():
    assert join_phrases(f'<say-as interpret-as="cardinal">{"7" * 5000}</say-as>').startswith(
        "seven seven"
    )


@pytest.mark.parametrize(
    ("rate", "factor"),
    [("slow", 0.75), ("150%", 1.5), ("+20%", 1.2), ("-20%", 0.8), ("900%", 2.0), ("1%", 0.2)],
)
def test_prosody_rate(rate, factor):
    assert rates(f'<prosody rate="{rate}">One</prosody>') == [pytest.approx(factor)]


def test_prosody_without_rate_changes_nothing():
    assert rates('<prosody volume="loud">One</prosody>') == [1.0]


def test_nested_rates_multiply():
    inside = 'a <prosody rate="50%">b <prosody rate="150%">c</prosody></prosody>'
    assert rates(inside) == [1.0, 0.5, 0.75]


@pytest.mark.parametrize(
    "element",
    [
        '<phoneme alphabet="ipa" ph="p">pecan</phoneme>',
        '<amazon:effect xmlns:amazon="urn:a" name="drc">pecan</amazon:effect>',
        "<w>pecan</w>",
        '<lang xml:lang="fr-FR">pecan</lang>',
    ],
)
def test_text_of_other_elements_is_kept(element):
    assert join_phrases(f"<s>A {element} pie.</s>") == "A pecan pie."


def test_namespace_of_ssml_is_accepted():
    ssml = '<speak xmlns="http://www.w3.org/2001/10/synthesis"><s>One.</s></speak>'
    assert len(read_ssml(ssml)) == 1


def test_escaped_characters_are_text():
    assert join_phrases("<s>a &lt; b &amp; c</s>") == "a < b & c"


@pytest.mark.parametrize(
    "ssml",
    [
        "",
        "no tags",
        "<speak><s>open</speak>",
        "<speak>a & b</speak>",
        "<p>no speak</p>",
        '<speak><break time="soon"/></speak>',
        '<speak><break strength="huge"/></speak>',
        '<speak><prosody rate="quick">a</prosody></speak>',
        "<!DOCTYPE speak><speak>a</speak>",
        '<!DOCTYPE speak [<!ENTITY x "y">]><speak>&x;</speak>',
        '<!DOCTYPE speak [<!ENTITY x SYSTEM "file:///etc/hostname">]><speak>&x;</speak>',
        "<speak>" + "<p>" * 5000 + "a" + "</p>" * 5000 + "</speak>",
    ],
)
def test_what_is_not_plain_ssml_is_refused(ssml):
    with pytest.raises(SpeechFailed):
        read_ssml(ssml)


def test_refusal_names_the_passage():
    with pytest.raises(SpeechFailed) as caught:
        read_ssml("<speak><s>The broken passage.</speak>")
    assert caught.value.passages == ("The broken passage.",)


def test_replaced_text_keeps_its_origin():
    import re

    words = MappedText.literal("a 12 b", 10).replace_matches(re.compile(r"\d+"), lambda _: "twelve")
    assert words.text == "a twelve b"
    assert words.origin(2, 8) == (12, 14)
    assert words.origin(9, 10) == (15, 16)
