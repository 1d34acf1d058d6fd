"""An engine under test, and how the suite finds it."""

import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from mixer.errors import Misconfigured
from mixer.speech import SpeechEngine, VoiceSettings


@dataclass(frozen=True)
class EngineCase:
    """An engine under test.

    Attributes:
        open_engine: opens one, and closes it.
        settings: of a voice that it has.
        gives_times: of sentences and words.
        calls: that a chunk is charged for.
        is_deterministic: whether equal chunks give equal bytes.
    """

    open_engine: Callable[[], AbstractContextManager[SpeechEngine]]
    settings: VoiceSettings
    gives_times: bool = True
    calls: int = 1
    is_deterministic: bool = True


def load_case(name: str) -> EngineCase:
    """Load `package.module:CASE`; raises Misconfigured."""
    module, _, attribute = name.partition(":")
    try:
        case = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise Misconfigured(
            f"MIXER_TEST_ENGINE is “{name}”, which cannot be imported: {error}. Write "
            "package.module:CASE, where CASE is an EngineCase.",
            variable="MIXER_TEST_ENGINE",
        ) from error
    if not isinstance(case, EngineCase):
        raise Misconfigured(f"MIXER_TEST_ENGINE: {name} is not an EngineCase.")
    return case
