"""The speech engines of this machine: those that are installed or configured, as one."""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from mixer.errors import Misconfigured, MixerError, UnknownVoice

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from mixer.script import EngineLimits
    from mixer.speech import Speech, SpeechEngine, Voice, VoiceSettings

PLUGIN_GROUP = "mixer.engines"
"""Entry points of packages that bring an engine: its name, and what opens it."""

POLLY = "polly"
"""Stands for the best engine of Polly that a voice has."""


def open_local_engine(
    names: Iterable[str] = (), *, speech_marks: bool = False, only_named: bool = False
) -> "SpeechEngine":
    """Open the engines of this machine as one; the caller closes it.

    Those that are named come first. Amazon Polly is among them only if one of the names is its.
    Speech marks are the times of sentences, which Polly bills. With `only_named` the others stay
    closed, for a story that names none of their voices: finding them takes longer than its plan.

    Raises:
        MixerError: an engine that is named is not installed or configured here, or none is.
    """
    named = list(dict.fromkeys(_name_engine(each) for each in names))
    openers = _list_own_openers(speech_marks=speech_marks)
    if not (only_named and openers.keys() >= {*named}):
        openers = _list_openers(speech_marks=speech_marks)
    engines: dict[str, SpeechEngine] = {}
    try:
        for name in named:
            engines |= _open_named(name, openers)
        for name in () if only_named else openers:
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
    from importlib.metadata import entry_points

    own = _list_own_openers(speech_marks=speech_marks)
    plugins = {each.name: _bind_plugin(each) for each in entry_points(group=PLUGIN_GROUP)}
    return own | plugins | {POLLY: own[POLLY]}


def _list_own_openers(*, speech_marks: bool) -> "dict[str, Callable[[], SpeechEngine]]":
    from mixer.speech import EMBEDDED

    return {
        EMBEDDED: _open_embedded,
        "kokoro": _open_kokoro,
        "http": _open_remote,
        POLLY: lambda: _open_polly(speech_marks=speech_marks),
    }


def _is_here(name: str) -> bool:
    """Whether an engine that is not named is wanted: a server only where one is set."""
    return name != "http" or bool(os.environ.get("ENGINE_URL"))


def list_engines() -> list[str]:
    """The names of all engines that may be here; Polly's own are not among them."""
    return [*_list_openers(speech_marks=False)]


def _bind_plugin(plugin: "EntryPoint") -> "Callable[[], SpeechEngine]":
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
    from mixer.settings import find_voice_folder
    from mixer.speech.embedded.kokoro import KokoroEngine

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


class EngineGroup:
    """A SpeechEngine of several, by the names of engines that voices list; the default first.

    Each bounds its own calls, so that the widest sets the parallelism. Closing it closes all.
    """

    name = "group"

    def __init__(self, engines: "Mapping[str, SpeechEngine]") -> None:
        self._by_name = dict(engines)
        self._engines = list(dict.fromkeys(self._by_name.values()))
        self.suffix = self._engines[0].suffix

    @property
    def parallelism(self) -> int:
        """The calls that the widest of them takes."""
        return max(each.parallelism for each in self._engines)

    def limits(self, engine: str) -> "EngineLimits":
        """What one call of an engine may hold; UnknownVoice for a name that none of them has."""
        return self._find(engine).limits(engine)

    def voices(self) -> "tuple[Voice, ...]":
        """The voices of all, those of the first engine first."""
        return tuple(
            replace(voice, suffix="" if each.suffix == self.suffix else each.suffix)
            for each in self._engines
            for voice in each.voices()
        )

    def synthesize(self, ssml: str, voice_settings: "VoiceSettings") -> "Speech":
        """Synthesize one chunk with the engine of its voice; raises as that engine does."""
        return self._find(voice_settings.engine).synthesize(ssml, voice_settings)

    def close(self) -> None:
        """Close every engine; safe to call twice."""
        for each in self._engines:
            each.close()

    def _find(self, engine: str) -> "SpeechEngine":
        if engine not in self._by_name:
            raise UnknownVoice(
                f"The engine “{engine}” is not available here; choose one of "
                f"{', '.join(self._by_name)}.",
                engine=engine,
            )
        return self._by_name[engine]
