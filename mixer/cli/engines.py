"""Choosing who speaks: the one place of the command line that opens speech engines."""

from mixer.errors import BadOption
from mixer.script import LIMITS
from mixer.speech.engine import SpeechEngine
from mixer.speech.voice_selection import EMBEDDED

POLLY = "polly"


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
    if name == POLLY or name in LIMITS:
        from mixer.speech.polly.client import create_polly_client
        from mixer.speech.polly.engine import PollyEngine

        return PollyEngine(create_polly_client(), speech_marks=speech_marks)
    names = ", ".join(dict.fromkeys((EMBEDDED, POLLY, *LIMITS)))
    raise BadOption(f"engine: there is no engine {name!r}; there are {names}.", field="engine")
