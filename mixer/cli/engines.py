"""Choosing who speaks: the one place of the command line that opens speech engines."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches

from mixer.errors import BadOption, UnknownVoice
from mixer.requests import Options
from mixer.script.limits import POLLY_LIMITS, EngineLimits
from mixer.speech.engine import Delivery, SpeechEngine, Voice

EMBEDDED = "embedded"
POLLY = "polly"
DEFAULT_POLLY_VOICE = "Joanna"

FEW_VOICES = 12
"""So many names fit into a sentence."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """An engine with the voice that was chosen.

    Attributes:
        engine: says the chunks.
        delivery: with which voice.
        voice: as the engine lists it.
    """

    engine: SpeechEngine
    delivery: Delivery
    voice: Voice

    @property
    def limits(self) -> EngineLimits:
        """What one call of the engine may hold."""
        return self.engine.limits(self.delivery.engine)

    def language(self, asked: Options) -> str:
        """The language of the text: the one asked for, or the voice's own."""
        return asked.language or self.voice.language


@contextmanager
def speaker(asked: Options) -> Iterator[Speaker]:
    """The engine and voice that a command asks for; the engine is closed at the end.

    Raises:
        BadOption: there is no such engine.
        UnknownVoice: the engine has no such voice.
        MixerError: the engine cannot be opened, or does not list its voices.
    """
    engine = open_engine(asked.engine or EMBEDDED)
    try:
        voice = _voice(engine, asked)
        _require_language(voice, asked.language)
        delivery = Delivery(voice.id, _engine_name(voice, asked), asked.language)
        yield Speaker(engine, delivery, voice)
    finally:
        engine.close()


def open_engine(name: str) -> SpeechEngine:
    """The engine behind a name of the contract.

    Raises:
        BadOption: there is none.
    """
    if name == EMBEDDED:
        from mixer.speech.embedded.engine import EmbeddedEngine

        return EmbeddedEngine()
    if name == POLLY or name in POLLY_LIMITS:
        from mixer.speech.polly.client import polly_client
        from mixer.speech.polly.engine import PollyEngine

        return PollyEngine(polly_client())
    names = ", ".join((EMBEDDED, POLLY, *POLLY_LIMITS))
    raise BadOption(f"engine: there is no engine {name!r}; there are {names}.", field="engine")


def _voice(engine: SpeechEngine, asked: Options) -> Voice:
    voices = {voice.id: voice for voice in engine.voices()}
    if not asked.voice:
        return voices.get(DEFAULT_POLLY_VOICE) or next(iter(voices.values()))
    if asked.voice not in voices:
        raise UnknownVoice(
            f"The engine {engine.name} has no voice {asked.voice!r}; "
            f"{_offer(asked.voice, voices)}.",
            voice=asked.voice,
        )
    return voices[asked.voice]


def _offer(asked: str, names: Collection[str]) -> str:
    """Which voices there are, or which of many come near."""
    if len(names) <= FEW_VOICES:
        return f"it has {', '.join(names)}"
    near = get_close_matches(asked.capitalize(), names)
    known = "`mixer voices --engine polly` lists those it has"
    return f"did you mean {' or '.join(near)}? {known}" if near else known


def _require_language(voice: Voice, language: str) -> None:
    """The embedded voices know one language; a service says itself what its voices know.

    Raises:
        BadOption: this voice would spell the text out in its own language.
    """
    if voice.engines == (EMBEDDED,) and language and _primary(language) != _primary(voice.language):
        raise BadOption(
            f"language: {voice.id} reads {voice.language} only, not {language}; "
            "with --engine polly there are voices for 30 languages and more.",
            field="language",
        )


def _primary(tag: str) -> str:
    return tag.replace("_", "-").partition("-")[0].lower()


def _engine_name(voice: Voice, asked: Options) -> str:
    """The engine asked for by its own name, or the best that the voice has."""
    return asked.engine if asked.engine in POLLY_LIMITS else voice.engines[0]
