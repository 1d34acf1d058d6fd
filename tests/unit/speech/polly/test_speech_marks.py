"""Speech marks find their sentence, their characters and their samples."""

import json
from xml.sax.saxutils import escape

from hypothesis import given
from hypothesis import strategies as st

from mixer.speech.engine import SampleSpan
from mixer.speech.polly.speech_marks import SpeechMark, align_marks, parse_marks
from tests.emulators.polly_speech import speech_marks
from tests.emulators.polly_ssml import read_ssml

RATE_HZ = 24_000


def mark(kind: str, time_ms: int, ssml: str, text: str) -> SpeechMark:
    start = ssml.encode().index(text.encode())
    return SpeechMark(kind, time_ms, start, start + len(text.encode()))


def test_reads_lines_and_leaves_out_other_types():
    lines = [
        {"time": 0, "type": "sentence", "start": 7, "end": 9, "value": "Hi"},
        {"time": 1, "type": "viseme", "value": "p"},
        {"time": 2, "type": "word", "start": 7, "end": 9, "value": "Hi"},
    ]
    text = "\n".join(json.dumps(line) for line in lines) + "\n"
    assert parse_marks(text.encode()) == (
        SpeechMark("sentence", 0, 7, 9),
        SpeechMark("word", 2, 7, 9),
    )


def test_words_are_placed_behind_escapes_tags_and_wide_characters():
    ssml = '<speak><s>“Zoë” &amp; <sub alias="Mister">Mr</sub> 日本 end</s></speak>'
    marks = [mark("word", 100 * n, ssml, word) for n, word in enumerate(["Zoë", "Mr", "end"])]
    _, words = align_marks(ssml, marks, RATE_HZ, 24_000)
    text = "“Zoë” & Mr 日本 end"
    assert [(word.char, word.text) for word in words] == [
        (text.index(each), each) for each in ("Zoë", "Mr", "end")
    ]
    assert [word.span for word in words] == [
        SampleSpan(0, 2_400),
        SampleSpan(2_400, 4_800),
        SampleSpan(4_800, 24_000),
    ]


def test_a_sentence_without_marks_has_no_time_and_the_one_before_lasts_longer():
    ssml = "<speak><s>One.</s><s>👍</s><s>Two.</s></speak>"
    marks = [mark("sentence", 0, ssml, "One."), mark("sentence", 500, ssml, "Two.")]
    sentences, _ = align_marks(ssml, marks, RATE_HZ, 20_000)
    assert sentences == (SampleSpan(0, 12_000), None, SampleSpan(12_000, 20_000))


def test_text_outside_sentences_counts_as_one_and_blanks_do_not():
    ssml = "<speak>\n<p> <s>inside</s> after <sub alias='b'>it</sub></p>\n</speak>"
    marks = [mark("word", n, ssml, word) for n, word in enumerate(["inside", "after", "it"])]
    sentences, words = align_marks(ssml, marks, RATE_HZ, 9_000)
    assert [(word.sentence, word.char, word.text) for word in words] == [
        (0, 0, "inside"),
        (1, 1, "after"),
        (1, 7, "it"),
    ]
    assert len(sentences) == 2


def test_nothing_is_heard_after_the_end_of_the_audio():
    ssml = "<speak><s>late</s></speak>"
    sentences, words = align_marks(ssml, [mark("word", 9_999, ssml, "late")], RATE_HZ, 100)
    assert sentences == (SampleSpan(100, 100),)
    assert words[0].span == SampleSpan(100, 100)


sentence = st.lists(
    st.text("aäß日e'&<>\"\n.👍", min_size=1, max_size=8), min_size=1, max_size=6
).map(" ".join)


@given(st.lists(sentence, min_size=1, max_size=5).map(lambda texts: [*texts, "end"]))
def test_every_word_the_service_names_is_found_in_its_sentence(texts):
    inner = "".join(f"<s>{escape(text)}</s>" for text in texts)
    ssml = f"<speak><p>{inner}</p></speak>"
    reading = read_ssml(ssml, "neural", "Zhiyu", "cmn-CN")
    marks = parse_marks(speech_marks(reading, ("sentence", "word")))
    sentences, words = align_marks(ssml, marks, RATE_HZ, 10_000_000)
    assert len(sentences) == len(texts)
    assert [word.text for word in words] == [said.value for said in reading.words]
    for word in words:
        assert texts[word.sentence][word.char : word.char + len(word.text)] == word.text
