"""The speech engines of this machine: those that are installed or configured, as one."""

import os
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from mixer.errors import Misconfigured, MixerError

if TYPE_CHECKING:
    from mixer.speech import SpeechEngine, Voice

PLUGIN_GROUP = "mixer.engines"
"""Entry points of packages that bring an engine: its name, and what opens it."""

POLLY = "polly"
"""Stands for the best engine of Polly that a voice has."""


def open_local_engine(names: Iterable[str] = (), *, speech_marks: bool = False) -> "SpeechEngine":
    """Open the engines of this machine as one; the caller closes it.

    Those that are named come first. Amazon Polly is among them only if one of the names is its.
    Speech marks are the times of sentences, which Polly bills.

    Raises:
        MixerError: an engine that is named is not installed or configured here, or none is.
    """
    from mixer.speech import EngineGroup

    openers = _list_openers(speech_marks=speech_marks)
    named = list(dict.fromkeys(_name_engine(each) for each in names))
    engines: dict[str, SpeechEngine] = {}
    try:
        for name in named:
            engines |= _open_named(name, openers)
        for name in openers:
            if name not in engines and name != POLLY and _is_here(name):
                with suppress(MixerError):
                    engines |= _open_named(name, openers)
    except BaseException:
        for engine in engines.values():
            engine.close()
        raise
    return EngineGroup(engines)


def list_local_voices(name: str) -> "tuple[Voice, ...]":
    """List the voices of one engine, the default first; of all but Polly for an empty name."""
    from mixer.speech.polly import ENGINES_BEST_FIRST

    wanted = {*ENGINES_BEST_FIRST} if is_polly(name) else {name}
    with closing(open_local_engine([name])) as opened:
        return tuple(each for each in opened.voices() if not name or wanted & {*each.engines})


def is_polly(name: str) -> bool:
    """Whether an engine's name is Amazon Polly's, which needs an account."""
    return _name_engine(name) == POLLY


def _name_engine(name: str) -> str:
    """The name under which an engine is opened."""
    from mixer.speech import EMBEDDED
    from mixer.speech.polly import ENGINES_BEST_FIRST

    return POLLY if name in ENGINES_BEST_FIRST else name or EMBEDDED


def _open_named(
    name: str, openers: "dict[str, Callable[[], SpeechEngine]]"
) -> "dict[str, SpeechEngine]":
    from mixer.speech.polly import ENGINES_BEST_FIRST

    engine = openers[name]()
    return dict.fromkeys(ENGINES_BEST_FIRST if name == POLLY else [name], engine)


def _list_openers(*, speech_marks: bool) -> "dict[str, Callable[[], SpeechEngine]]":
    """What opens each engine there is, the default first."""
    from mixer.speech import EMBEDDED

    return {
        EMBEDDED: _open_embedded,
        "kokoro": _open_kokoro,
        "http": _open_remote,
        **{each.name: _bind_plugin(each) for each in entry_points(group=PLUGIN_GROUP)},
        POLLY: lambda: _open_polly(speech_marks=speech_marks),
    }


def _is_here(name: str) -> bool:
    """Whether an engine that is not named is wanted: a server only where one is set."""
    return name != "http" or bool(os.environ.get("ENGINE_URL"))


def list_engines() -> list[str]:
    """The names of all engines that may be here; Polly's own are not among them."""
    return [*_list_openers(speech_marks=False)]


def _bind_plugin(plugin: EntryPoint) -> "Callable[[], SpeechEngine]":
    """What opens the engine of an installed package: it gets the environment's variables."""

    def open_plugin() -> "SpeechEngine":
        try:
            engine: SpeechEngine = plugin.load()(os.environ)
        except MixerError:
            raise
        except Exception as error:
            raise Misconfigured(
                f"The engine “{plugin.name}” of {plugin.value} cannot be opened: {error}."
            ) from error
        return engine

    return open_plugin


def _open_embedded() -> "SpeechEngine":
    from mixer.speech.embedded import EmbeddedEngine

    return EmbeddedEngine()


def _open_kokoro() -> "SpeechEngine":
    from mixer.speech.embedded.kokoro import KokoroEngine, find_voice_folder

    return KokoroEngine(find_voice_folder(os.environ))


def _open_remote() -> "SpeechEngine":
    from mixer.speech.remote import RemoteEngine, load_remote

    settings = load_remote(os.environ)
    if settings is None:
        raise Misconfigured(
            "The engine “http” has no server: name one with --engine-url or ENGINE_URL.",
            variable="ENGINE_URL",
        )
    return RemoteEngine(settings)


def _open_polly(*, speech_marks: bool) -> "SpeechEngine":
    from mixer.speech.polly import PollyEngine, create_polly_client

    return PollyEngine(create_polly_client(), speech_marks=speech_marks)
