"""Choosing who speaks: the one place of the command line that opens speech engines."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mixer.errors import BadOption
from mixer.requests import Options
from mixer.script.casting import Role
from mixer.script.limits import POLLY_LIMITS, EngineLimits
from mixer.speech.choosing import EMBEDDED, chosen, with_cast
from mixer.speech.engine import Delivery, SpeechEngine, Voice

POLLY = "polly"


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
def speaker(asked: Options, cast: Sequence[Role] = ()) -> Iterator[Speaker]:
    """The engine and voices that a command asks for; the engine is closed at the end.

    Args:
        asked: who speaks.
        cast: who speaks besides, as the story names them.

    Raises:
        BadOption: there is no such engine, or it has no such thing as was asked for.
        UnknownVoice: the engine has no such voice.
        MixerError: the engine cannot be opened, or does not list its voices.
    """
    engine = open_engine(asked.engine or EMBEDDED, speech_marks=asked.speech_marks)
    try:
        voices = engine.voices()
        voice, delivery = chosen(voices, asked)
        yield Speaker(engine, with_cast(delivery, voices, asked, cast), voice)
    finally:
        engine.close()


def open_engine(name: str, *, speech_marks: bool = False) -> SpeechEngine:
    """The engine behind a name of the contract.

    Args:
        name: embedded, polly, or one of Polly's engines.
        speech_marks: whether to buy the times of sentences from Polly.

    Raises:
        BadOption: there is none.
    """
    if name == EMBEDDED:
        from mixer.speech.embedded.engine import EmbeddedEngine

        return EmbeddedEngine()
    if name == POLLY or name in POLLY_LIMITS:
        from mixer.speech.polly.client import polly_client
        from mixer.speech.polly.engine import PollyEngine

        return PollyEngine(polly_client(), speech_marks=speech_marks)
    names = ", ".join((EMBEDDED, POLLY, *POLLY_LIMITS))
    raise BadOption(f"engine: there is no engine {name!r}; there are {names}.", field="engine")
