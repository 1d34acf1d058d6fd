"""The conformance suite, run with each engine of ours. A new engine joins by an entry in CASES."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from mixer.speech.embedded.engine import EmbeddedEngine
from mixer.speech.embedded.kokoro import KokoroEngine
from mixer.speech.engine import SpeechEngine, VoiceSettings
from mixer.speech.polly.engine import PollyEngine
from mixer.speech.remote import RemoteEngine, RemoteSettings
from mixer.testing.engines import EngineCase
from mixer.testing.engines.test_conformance import *  # noqa: F403 - pytest collects them here
from tests.emulators.speech_server import KEY, run_speech_server
from tests.emulators.strict_polly import StrictPolly
from tests.engines import ToneEngine
from tests.kokoro import VOICE_FOLDER, needs_voices


@contextmanager
def polly(engine_name: str) -> Iterator[SpeechEngine]:
    with (
        StrictPolly() as server,
        closing(server.client()) as client,
        closing(PollyEngine(client, engine=engine_name, speech_marks=True)) as engine,
    ):
        yield engine


@contextmanager
def remote() -> Iterator[SpeechEngine]:
    with run_speech_server() as server:
        settings = RemoteSettings(server.url, key=KEY, format="wav", usd_per_million_chars=15.0)
        with closing(RemoteEngine(settings)) as engine:
            yield engine


CASES = {
    "tone": EngineCase(lambda: closing(ToneEngine()), VoiceSettings("Joanna", "generative")),
    "tone-mp3": EngineCase(
        lambda: closing(ToneEngine(suffix="mp3")), VoiceSettings("Joanna", "generative")
    ),
    "embedded": EngineCase(
        lambda: closing(EmbeddedEngine(parallelism=2)), VoiceSettings("Ada", "embedded")
    ),
    "embedded-mp3": EngineCase(
        lambda: closing(EmbeddedEngine(suffix="mp3", parallelism=1)),
        VoiceSettings("Ben", "embedded"),
    ),
    "polly": EngineCase(
        lambda: polly("generative"), VoiceSettings("Joanna", "generative"), gives_times=False
    ),
    "polly-standard": EngineCase(
        lambda: polly("standard"), VoiceSettings("Joanna", "standard"), calls=2
    ),
    "http": EngineCase(remote, VoiceSettings("alloy", "http"), gives_times=False),
    "kokoro": EngineCase(
        lambda: closing(KokoroEngine(VOICE_FOLDER, parallelism=2)),
        VoiceSettings("af_heart", "kokoro"),
    ),
}
NEEDS = {"kokoro": needs_voices}


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=NEEDS.get(name, ())) for name in CASES]
)
def case(request) -> EngineCase:
    return CASES[request.param]


@pytest.fixture(scope="module")
def engine(case) -> Iterator[SpeechEngine]:
    with case.open_engine() as opened:
        yield opened
