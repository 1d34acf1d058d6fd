"""Words with their times: data, WebVTT with stamps, karaoke."""

import json

import pytest

from mixer.publish.captions import (
    CaptionedSentence,
    WordOrigin,
    build_cues,
    format_karaoke,
    format_webvtt,
    format_words_json,
    format_words_vtt,
    time_words,
)

LONG = (
    "The kettle had been on the stove since before the storm, and nobody in the house remembered "
    "who had put it there & why <it> was {never} cold."
)
SENTENCES = (
    CaptionedSentence(
        "Hello there, world.", 1.0, 2.5, ((0, 1.0), (6, 1.5), (13, 2.0)), voice="Ann"
    ),
    CaptionedSentence(LONG, 3.0, 12.0, origin=WordOrigin.ENGINE),
    CaptionedSentence("彼は来た。", 13.0, 14.0),
)


def test_words_begin_when_they_are_known_to_and_leave_no_gap():
    words = time_words(SENTENCES[0])
    assert [(word.text, word.start_s, word.end_s) for word in words] == [
        ("Hello", 1.0, 1.5),
        ("there,", 1.5, 2.0),
        ("world.", 2.0, 2.5),
    ]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_words_are_the_sentence_in_order(sentence):
    words = time_words(sentence)
    assert "".join(word.text for word in words) == sentence.text.replace(" ", "")
    assert [sentence.text[word.char] for word in words] == [word.text[0] for word in words]
    starts = [word.start_s for word in words]
    assert starts == sorted(starts)
    assert starts[0] == sentence.start_s


def test_json_says_what_each_sentence_stands_on():
    data = json.loads(format_words_json(SENTENCES, total_s=15.0, language="en-US"))
    assert [each["origin"] for each in data["sentences"]] == ["pauses", "engine", "pauses"]
    assert data["sentences"][0]["speaker"] == "Ann"
    assert data["sentences"][0]["words"][1] == {"text": "there,", "start_s": 1.5, "end_s": 2.0}


def test_stamped_captions_are_the_plain_ones_with_stamps():
    stamped = format_words_vtt(SENTENCES, total_s=15.0, language="en-US")
    assert "<v Ann>Hello<00:00:01.500> there,<00:00:02.000> world." in stamped
    plain = format_webvtt(build_cues(SENTENCES, total_s=15.0), language="en-US")
    assert remove_stamps(stamped) == plain


def remove_stamps(vtt: str) -> str:
    parts = vtt.split("<0")
    return parts[0] + "".join(part.partition(">")[2] for part in parts[1:])


def test_stamps_rise_inside_their_cue():
    stamped = format_words_vtt(SENTENCES, total_s=15.0)
    for block in stamped.split("\n\n")[1:]:
        times, _, text = block.partition("\n")
        start, _, end = times.partition(" --> ")
        stamps = [part.partition(">")[0] for part in text.split("<")[1:] if part[0].isdigit()]
        assert [start, *stamps, end.strip()] == sorted({start, *stamps, end.strip()})


def test_karaoke_lengths_fill_each_event():
    events = [
        line for line in format_karaoke(SENTENCES, total_s=15.0).splitlines() if "\\k" in line
    ]
    assert events[0].startswith("Dialogue: 0,0:00:01.00,0:00:02.")
    assert "{\\k50}Hello{\\k50} there,{\\k" in events[0]
    for event in events:
        start, end = (count_hundredths(each) for each in event.split(",")[1:3])
        lengths = [int(part.partition("}")[0]) for part in event.split("{\\k")[1:]]
        assert sum(lengths) == end - start


def count_hundredths(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 360_000 + int(minutes) * 6_000 + round(float(seconds) * 100)


def test_karaoke_takes_no_braces_of_the_text_for_commands():
    assert "{never}" not in format_karaoke(SENTENCES, total_s=15.0)
