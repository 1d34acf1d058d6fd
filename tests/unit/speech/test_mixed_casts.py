"""Voices of several engines in one cast: selected, blended, grouped and priced."""

from contextlib import closing

import pytest

from mixer.compose.engines import EngineGroup
from mixer.errors import OutOfTime, UnknownVoice, UnreadableText
from mixer.requests import Options
from mixer.script import LIMITS, Role
from mixer.script.limits import HTTP_LIMITS
from mixer.script.readers import TextType, read_document
from mixer.script.review import check_directions
from mixer.speech.charges import Charges
from mixer.speech.embedded.engine import VOICES
from mixer.speech.embedded.kokoro.catalogue import describe_voices
from mixer.speech.engine import Voice, VoiceSettings
from mixer.speech.voice_selection import blend_voices, parse_blend, select_voice
from mixer.stories.steps import plan_script
from tests.engines import ToneEngine

KOKORO = describe_voices(frozenset({"en", "es"}))
REMOTE = Voice("alloy", "", ("http",), usd_per_million_chars=15.0, suffix="flac", version="x1")
POLLY = Voice("Joanna", "en-US", ("generative", "neural"), suffix="mp3")
ALL = (*VOICES, *KOKORO, REMOTE, POLLY)


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("af_heart", {"af_heart": 1.0}),
        ("af_heart+bf_emma", {"af_heart": 0.5, "bf_emma": 0.5}),
        ("af_heart*3 + bf_emma", {"af_heart": 0.75, "bf_emma": 0.25}),
    ],
)
def test_blend_has_shares_that_add_up_to_one(text, shares):
    assert dict(parse_blend(text).shares) == pytest.approx(shares)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("af_heart*0", "weight"),
        ("af_heart*nan", "weight"),
        ("af_heart*1e9+bf_emma", "weight"),
        ("af_heart*x", "weight"),
        ("+".join(["af_heart"] * 6), "at most 5"),
        ("af_heart+Ada", "“Ada”"),
        ("af_heart+nobody_else", "“nobody_else”"),
        ("af_heart+", "“”"),
    ],
)
def test_impossible_blend_is_refused_in_a_sentence(text, reason):
    with pytest.raises(UnknownVoice, match=reason) as caught:
        select_voice(ALL, Options(voice=text))
    assert str(caught.value).endswith(".")


def test_blend_has_the_language_of_its_first_voice():
    blended = blend_voices("bf_emma+am_adam*0.2", {each.id: each for each in KOKORO})
    assert (blended.language, blended.gender, blended.engines) == ("en-GB", "", ("kokoro",))
    assert blend_voices("bf_emma", {}) is None


@pytest.mark.parametrize(
    ("options", "voice", "engine"),
    [
        ({}, "Ada", "embedded"),
        ({"engine": "kokoro"}, "af_heart", "kokoro"),
        ({"engine": "http"}, "alloy", "http"),
        ({"engine": "neural"}, "Joanna", "neural"),
        ({"voice": "Joanna"}, "Joanna", "generative"),
        ({"voice": "ef_dora", "language": "es-MX"}, "ef_dora", "kokoro"),
        ({"voice": "alloy", "language": "de-DE"}, "alloy", "http"),
    ],
)
def test_voice_is_selected_among_engines(options, voice, engine):
    settings = select_voice(ALL, Options(**options))[1]
    assert (settings.voice, settings.engine) == (voice, engine)


def test_roles_take_voices_of_any_engine_each_with_its_price_and_file_type():
    names = {"A": "am_adam", "B": "alloy", "C": "Joanna", "D": "Ben"}
    cast = [Role(name, voice, line=1) for name, voice in names.items()]
    settings = select_voice(ALL, Options(engine="embedded"), cast)[1]
    speakers = dict(settings.cast)
    engines = {name: each.engine for name, each in speakers.items()}
    assert engines == {"A": "kokoro", "B": "http", "C": "generative", "D": "embedded"}
    assert [each.suffix for each in speakers.values()] == ["", "flac", "mp3", ""]
    prices = {name: each.price_usd(1_000_000) for name, each in speakers.items()}
    assert prices == {"A": 0, "B": 15, "C": 30, "D": 0}
    assert speakers["B"].voice_version == "x1"


@pytest.mark.parametrize("options", [{"voice": "Joanna", "engine": "standard"}, {"voice": "ada"}])
def test_voice_that_does_not_fit_is_refused(options):
    with pytest.raises(UnknownVoice):
        select_voice(ALL, Options(**options))


def test_group_sends_each_chunk_to_the_engine_of_its_voice():
    first, second = ToneEngine(parallelism=2), ToneEngine(suffix="mp3", parallelism=7)
    with closing(EngineGroup({"one": first, "two": second})) as group:
        assert (group.parallelism, group.suffix) == (7, "flac")
        assert [each.suffix for each in group.voices()] == ["", "", "mp3", "mp3"]
        ssml = "<speak><s>Hello.</s></speak>"
        types = [
            group.synthesize(ssml, VoiceSettings("Joanna", name)).content_type
            for name in ("one", "two", "one")
        ]
        assert types == ["audio/flac", "audio/mpeg", "audio/flac"]
        assert (first.calls, second.calls) == (2, 1)
        with pytest.raises(UnknownVoice, match="one, two"):
            group.limits("three")
    assert first.closed
    assert second.closed


def test_charges_count_each_call_at_its_own_price():
    charges = Charges(billing_factor=2)
    dear, cheap = (VoiceSettings("x", "", usd_per_million_chars=usd) for usd in (100.0, 1.0))
    with charges.charge_call(1_000, dear.price_usd) as charge:
        assert charges.max_usd() == pytest.approx(0.2)
        charge(2_000)
    with charges.charge_call(1_000, cheap.price_usd) as charge:
        charge(1_000)
    assert (charges.paid_chars, charges.paid_usd) == (3_000, pytest.approx(0.201))
    charges.close()
    with pytest.raises(OutOfTime), charges.charge_call(1, cheap.price_usd):
        pass


@pytest.mark.parametrize(
    ("limits", "is_sent"), [(HTTP_LIMITS, True), (LIMITS["embedded"], False)], ids=["http", "own"]
)
def test_direction_is_sent_where_it_is_taken_and_else_a_warning(limits, is_sent):
    text = "She said: [[as whispering, in fear: come closer]] and left."
    script = plan_script(read_document(text, TextType.TEXT), limits, "en-US", Options())
    (chunk,) = script.chunks
    assert chunk.passage == "She said: come closer and left."
    sent = '<direction as="whispering, in fear">come closer</direction>' in chunk.ssml
    warnings = check_directions(script, {"": limits})
    assert (sent, bool(warnings)) == (is_sent, not is_sent)
    assert all("“whispering, in fear” is ignored" in each for each in warnings)


def test_direction_without_words_how_is_refused():
    with pytest.raises(UnreadableText, match=r"line 1.*names no way to say it"):
        read_document("[[as : come]] now", TextType.TEXT)
