"""Several engines as one: each chunk goes to the engine that its speaker's settings name."""

from collections.abc import Mapping
from dataclasses import replace

from mixer.errors import UnknownVoice
from mixer.script import EngineLimits
from mixer.speech.engine import Speech, SpeechEngine, Voice, VoiceSettings


class EngineGroup:
    """A SpeechEngine of several, by the names of engines that voices list; the default first.

    Each bounds its own calls, so that the widest sets the parallelism. Closing it closes all.
    """

    name = "group"

    def __init__(self, engines: Mapping[str, SpeechEngine]) -> None:
        self._by_name = dict(engines)
        self._engines = list(dict.fromkeys(self._by_name.values()))
        self.suffix = self._engines[0].suffix

    @property
    def parallelism(self) -> int:
        """The calls that the widest of them takes."""
        return max(each.parallelism for each in self._engines)

    def limits(self, engine: str) -> EngineLimits:
        """What one call of an engine may hold; UnknownVoice for a name that none of them has."""
        return self._find(engine).limits(engine)

    def voices(self) -> tuple[Voice, ...]:
        """The voices of all, those of the first engine first."""
        return tuple(
            replace(voice, suffix="" if each.suffix == self.suffix else each.suffix)
            for each in self._engines
            for voice in each.voices()
        )

    def synthesize(self, ssml: str, voice_settings: VoiceSettings) -> Speech:
        """Synthesize one chunk with the engine of its voice; raises as that engine does."""
        return self._find(voice_settings.engine).synthesize(ssml, voice_settings)

    def close(self) -> None:
        """Close every engine; safe to call twice."""
        for each in self._engines:
            each.close()

    def _find(self, engine: str) -> SpeechEngine:
        if engine not in self._by_name:
            raise UnknownVoice(
                f"The engine “{engine}” is not available here; choose one of "
                f"{', '.join(self._by_name)}.",
                engine=engine,
            )
        return self._by_name[engine]
