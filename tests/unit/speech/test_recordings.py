"""A recorded chunk's address and what travels with it."""

import json
import math
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.sound.analysis.measurement import Measurement
from mixer.sound.loudness import BIN_LU
from mixer.speech.engine import SampleSpan, VoiceSettings
from mixer.speech.recordings import FIELD, MAX_METADATA_BYTES, Recording, chunk_key

SSML = "<speak><s>The door opened.</s></speak>"
SOUNDLESS = {"cast", "usd_per_million_chars", "suffix"}  # the suffix ends the key
DELIVERY = VoiceSettings("Joanna", "generative", "en-US", ("names",), "1")
KEY = chunk_key(SSML, DELIVERY, "mp3")
MEASURED = Measurement(
    samples=48_000,
    rate_hz=24_000,
    channels=1,
    true_peak_dbtp=-3.25,
    lead_samples=120,
    tail_samples=2_400,
    windows={-20.0: 3, -20.0 + 4 * BIN_LU: 7},
)
RECORDING = Recording(
    KEY, MEASURED, (SampleSpan(120, 20_000), None, SampleSpan(24_000, 45_600)), 16
)

CHANGES = {
    "voice": "Matthew",
    "engine": "neural",
    "language": "es-US",
    "lexicons": ("places",),
    "voice_version": "2",
}


def test_the_same_chunk_has_the_same_address():
    assert chunk_key(SSML, replace(DELIVERY), "mp3") == KEY


def test_who_else_speaks_in_the_story_changes_no_address():
    cast = (("Tom", replace(DELIVERY, voice="Matthew")),)
    assert chunk_key(SSML, replace(DELIVERY, cast=cast), "mp3") == KEY


def test_the_address_lies_where_the_contract_says():
    assert KEY.startswith("narration_chunks/")
    assert KEY.endswith(".mp3")


@pytest.mark.parametrize(
    "name", [each.name for each in fields(VoiceSettings) if each.name not in SOUNDLESS]
)
def test_whatever_shapes_the_sound_changes_the_address(name):
    assert chunk_key(SSML, replace(DELIVERY, **{name: CHANGES[name]}), "mp3") != KEY


def test_other_words_and_other_formats_have_other_addresses():
    assert chunk_key(SSML.replace("door", "gate"), DELIVERY, "mp3") != KEY
    assert chunk_key(SSML, DELIVERY, "flac") != KEY


def test_fields_do_not_run_into_each_other():
    assert chunk_key(SSML, VoiceSettings("ab", "c"), "mp3") != chunk_key(
        SSML, VoiceSettings("a", "bc"), "mp3"
    )


def test_lone_surrogates_have_an_address_too():
    assert chunk_key("<speak><s>\ud800</s></speak>", DELIVERY, "mp3") != KEY


def test_what_travels_with_the_object_comes_back_whole():
    assert Recording.from_metadata(KEY, RECORDING.to_metadata()) == RECORDING


@given(
    samples=st.integers(1, 2**31),
    peak=st.floats(-90, 3).map(lambda value: round(value, 2)),
    counts=st.dictionaries(st.integers(-700, 50), st.integers(1, 6_000), max_size=40),
    spans=st.lists(st.none() | st.tuples(st.integers(0, 2**31), st.integers(0, 2**31)), max_size=9),
)
def test_any_measurement_comes_back(samples, peak, counts, spans):
    measured = replace(
        MEASURED,
        samples=samples,
        true_peak_dbtp=peak,
        windows={step * BIN_LU: count for step, count in counts.items()},
    )
    sentences = tuple(span and SampleSpan(*span) for span in spans)
    back = Recording.from_metadata(KEY, Recording(KEY, measured, sentences, 3).to_metadata())
    assert back is not None
    assert back.sentences in {sentences, ()}
    assert back.measured.samples == samples
    assert back.measured.windows == pytest.approx(measured.windows)


def test_silence_travels_too():
    silent = replace(MEASURED, true_peak_dbtp=-math.inf, windows={}, lead_samples=48_000)
    back = Recording.from_metadata(KEY, Recording(KEY, silent).to_metadata())
    assert back == Recording(KEY, silent)


def test_sentence_times_are_left_out_where_s3_has_no_room_for_them():
    many = tuple(SampleSpan(at * 9_999, at * 9_999 + 9_000) for at in range(300))
    metadata = replace(RECORDING, sentences=many).to_metadata()
    assert len(metadata[FIELD].encode()) <= MAX_METADATA_BYTES
    back = Recording.from_metadata(KEY, metadata)
    assert back == replace(RECORDING, sentences=())


def test_metadata_are_ascii_as_s3_wants_them():
    assert RECORDING.to_metadata()[FIELD].isascii()


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"other": "1"},
        {FIELD: ""},
        {FIELD: "not json"},
        {FIELD: "[]"},
        {FIELD: "null"},
        {FIELD: "3"},
        {FIELD: json.dumps({"v": 1})},
        {FIELD: RECORDING.to_metadata()[FIELD].replace('"v":1', '"v":2')},
        {FIELD: RECORDING.to_metadata()[FIELD].replace('"edge":[120,2400]', '"edge":[1]')},
        {FIELD: RECORDING.to_metadata()[FIELD].replace('"hz":24000', '"hz":"fast"')},
        {FIELD: RECORDING.to_metadata()[FIELD].replace('"lufs":[', '"lufs":["x",')},
    ],
)
def test_metadata_that_cannot_be_trusted_say_nothing(metadata):
    assert Recording.from_metadata(KEY, metadata) is None
