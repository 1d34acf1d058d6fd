"""The engine of a speech server, against one that behaves and one that does not."""

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from mixer.errors import Misconfigured, MixerError, OutOfTime, SpeechFailed, SpeechUnavailable
from mixer.requests import Options
from mixer.script.readers import TextType, read_document
from mixer.sound import ProcessGroup
from mixer.speech.charges import Charges
from mixer.speech.embedded.worker import decode_audio
from mixer.speech.narrator import Narrator
from mixer.speech.remote import RemoteEngine, RemoteSettings, load_remote
from mixer.speech.voice_selection import select_voice
from mixer.store import FolderStore
from mixer.stories.steps import plan_script
from tests.emulators.speech_server import CHAR_S, ENCODED_KEY, KEY, SpeechServer, run_speech_server

HELLO = "<speak><s>Hello there, all of you.</s></speak>"


@pytest.fixture(scope="module")
def running() -> Iterator[SpeechServer]:
    with run_speech_server() as server:
        yield server


@pytest.fixture
def server(running: SpeechServer) -> SpeechServer:
    running.mode, running.faults, running.max_concurrency = "", 0, 0
    running.bodies.clear()
    return running


@contextmanager
def open_engine(server: SpeechServer, **changes: object) -> Iterator[RemoteEngine]:
    settings = RemoteSettings(
        server.url, key=KEY, format="wav", tries=2, usd_per_million_chars=15.0
    )
    with closing(RemoteEngine(replace(settings, **changes))) as engine:
        yield engine


def speak(engine, ssml=HELLO):
    return engine.synthesize(ssml, select_voice(engine.voices(), Options())[1])


def measure_s(speech):
    return len(decode_audio(speech.audio, 24_000, ProcessGroup())) / 48_000


def test_voices_are_those_that_the_server_lists_or_the_settings(server):
    with open_engine(server) as engine:
        assert [each.id for each in engine.voices()] == ["alloy", "nova"]
        assert {each.usd_per_million_chars for each in engine.voices()} == {15.0}
    with open_engine(server, voices=(("eva", "de-DE"),)) as engine:
        assert [(each.id, each.language) for each in engine.voices()] == [("eva", "de-DE")]
    server.mode = "html"
    with open_engine(server) as engine:
        assert [each.id for each in engine.voices()] == ["alloy"]


def test_sentences_go_together_and_breaks_are_exact(server):
    ssml = (
        '<speak><p><s>One &amp; two.</s><s>Three.</s></p><break time="1500ms"/>'
        '<p><s><prosody rate="150%">Four five.</prosody></s></p></speak>'
    )
    with open_engine(server) as engine:
        speech = speak(engine, ssml)
    texts = [(each["input"], each["speed"]) for each in server.bodies]
    assert texts == [("One & two. Three.", 1.0), ("Four five.", 1.5)]
    chars = sum(len(text) for text, _ in texts)
    assert measure_s(speech) == pytest.approx(chars * CHAR_S + 1.5, abs=0.01)
    assert (speech.billed_chars, speech.sentences, speech.words) == (chars, (), ())


@pytest.mark.parametrize("takes_them", [True, False])
def test_direction_is_an_instruction_where_the_server_takes_it(server, takes_them):
    ssml = '<speak><s>Then <direction as="whispering">come closer</direction> now.</s></speak>'
    with open_engine(server, takes_instructions=takes_them) as engine:
        speak(engine, ssml)
    instructions = [each.get("instructions") for each in server.bodies]
    assert instructions == ([None, "whispering", None] if takes_them else [None] * 3)


def test_rate_that_changes_in_the_middle_does_no_harm(server):
    server.mode = "rates"
    ssml = '<speak><s>One two.</s><break time="100ms"/><s>Three four.</s></speak>'
    with open_engine(server) as engine:
        assert measure_s(speak(engine, ssml)) == pytest.approx(19 * CHAR_S + 0.1, abs=0.02)


@pytest.mark.parametrize(
    ("mode", "error", "reason"),
    [
        ("html", SpeechFailed, "sent text/html … instead of audio: “<!DOCTYPE"),
        ("lies", SpeechFailed, "cannot be decoded as audio"),
        ("short", SpeechFailed, "far less sound than the text has words"),
        ("refusal", SpeechFailed, "status 400"),
        ("redirect", SpeechFailed, "redirects elsewhere, which is not followed"),
        ("slowly", SpeechUnavailable, "did not answer within 0.5 s"),
        ("endlessly", SpeechFailed, "sent more than 100 MB"),
        ("halves", SpeechUnavailable, "broke off"),
    ],
)
def test_hostile_server_is_one_sentence(server, mode, error, reason, caplog):
    server.mode, server.redirect_to = mode, server.url + "/audio/speech"
    timeout_s = 0.5 if mode == "slowly" else 60.0
    with (
        caplog.at_level(logging.DEBUG),
        open_engine(server, voices=(("a", ""),), timeout_s=timeout_s, tries=1) as engine,
        pytest.raises(error, match=reason) as caught,
    ):
        speak(engine)
    assert type(caught.value) is error
    shown = f"{caught.value}{caught.value.details}{caplog.text}"
    assert KEY[:9] not in shown
    assert ENCODED_KEY[:9] not in shown
    assert not server.bodies


def test_server_that_is_down_is_named_without_its_key():
    settings = RemoteSettings("http://127.0.0.1:1/v1", key=KEY, voices=(("a", ""),), tries=1)
    with (
        closing(RemoteEngine(settings)) as engine,
        pytest.raises(SpeechUnavailable, match=r"127\.0\.0\.1:1 is not running"),
    ):
        speak(engine)
    assert KEY not in repr(settings)


def test_wrong_key_is_refused_without_showing_it(server):
    with (
        open_engine(server, key="sk-wrong", voices=(("a", ""),)) as engine,
        pytest.raises(SpeechFailed, match="refuses the key") as caught,
    ):
        speak(engine)
    assert "sk-wrong" not in str(caught.value)


def test_passing_faults_are_tried_again_and_billed_once(server):
    server.faults = 1
    with open_engine(server) as engine:
        assert speak(engine).billed_chars == len("Hello there, all of you.") == server.billed_chars
    server.faults = 9
    with open_engine(server) as engine, pytest.raises(SpeechUnavailable, match="status 503"):
        speak(engine)


@pytest.mark.parametrize("retry_after", ["²", "-1", "1e9", "soon", "0"])
def test_odd_times_to_wait_are_no_error(server, retry_after):
    server.faults, server.retry_after = 1, retry_after
    with open_engine(server) as engine:
        assert speak(engine).billed_chars == server.billed_chars


def test_closing_ends_a_call_under_way(server):
    server.mode = "slowly"
    with open_engine(server, voices=(("a", ""),)) as engine:
        threading.Timer(0.3, engine.close).start()
        with pytest.raises(OutOfTime):
            speak(engine)


def test_what_was_spoken_is_kept_and_the_price_is_the_predicted_one(server, tmp_path):
    text = "\n\n".join(f"This is sentence one of {n}. And this is the second." for n in range(9))
    with open_engine(server, parallelism=3, max_chars=60) as engine:
        settings = select_voice(engine.voices(), Options())[1]
        document = read_document(text, TextType.TEXT)
        script = plan_script(document, engine.limits("http"), "en-US", Options())
        chunks = list(script.chunks)
        assert len(chunks) > 3
        narrator = Narrator(engine, FolderStore(tmp_path), settings, ProcessGroup())
        server.let_calls_meet(3)
        server.faults = 2 * 2  # three chunks at a time: one of them fails twice
        with pytest.raises(MixerError, match="status 503"):
            narrator.narrate(chunks)
        server.faults = 0
        first_chars, charges = server.billed_chars, Charges()
        narrator.narrate(chunks, charges=charges)
        predicted_usd = settings.price_chunks_usd(chunks)
        assert charges.paid_chars == server.billed_chars - first_chars
        assert server.billed_chars * 15e-6 == pytest.approx(predicted_usd, rel=0.01)
        assert server.max_concurrency == 3
        calls = len(server.bodies)
        narrator.narrate(chunks)
        assert len(server.bodies) == calls


@pytest.mark.parametrize(
    ("environ", "variable"),
    [
        ({"ENGINE_URL": "ftp://x/v1"}, "ENGINE_URL"),
        ({"ENGINE_URL": "http://user:secret@x/v1"}, "ENGINE_URL"),
        ({"ENGINE_URL": "http://x/v1", "ENGINE_FORMAT": "midi"}, "ENGINE_FORMAT"),
        ({"ENGINE_URL": "http://x/v1", "ENGINE_TRIES": "0"}, "ENGINE_TRIES"),
        ({"ENGINE_URL": "http://x/v1", "ENGINE_TIMEOUT_S": "soon"}, "ENGINE_TIMEOUT_S"),
    ],
)
def test_settings_that_cannot_be_are_named(environ, variable):
    with pytest.raises(Misconfigured, match=variable) as caught:
        load_remote(environ)
    assert "secret" not in str(caught.value)


def test_settings_are_read_from_the_environment():
    assert load_remote({}) is None
    settings = load_remote(
        {
            "ENGINE_URL": "http://127.0.0.1:8880/v1/",
            "ENGINE_VOICES": "alloy, eva:de-DE",
            "ENGINE_USD_PER_MILLION_CHARS": "15",
            "ENGINE_INSTRUCTIONS": "yes",
        }
    )
    assert settings.voices == (("alloy", ""), ("eva", "de-DE"))
    assert (settings.usd_per_million_chars, settings.takes_instructions) == (15.0, True)
    assert replace(settings, model="tts-1-hd").version != settings.version
