"""The SpeechEngine protocol: what Polly, the embedded voice and the tests' fakes have in common."""

from dataclasses import dataclass
from typing import Protocol

from mixer.script import EngineLimits
from mixer.speech.charges import cost_usd

CONTENT_TYPES = {"flac": "audio/flac", "mp3": "audio/mpeg"}
"""By the suffix of an engine's audio files."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that an engine lists.

    `language` is a BCP 47 tag, `engines` lists the best first, `gender` is empty where unknown.
    """

    id: str
    language: str
    engines: tuple[str, ...]
    gender: str = ""


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """Who says a chunk, and how: all that shapes its sound, except the SSML.

    Attributes:
        engine: `embedded`, or one of Polly's engine names.
        language: overrides the voice's own; empty for none.
        lexicons: names of Polly's lexicons, at most five.
        voice_version: changes whenever the same voice starts to sound different.
        cast: settings by speaker; not part of the sound of the narrator's chunks.
    """

    voice: str
    engine: str
    language: str = ""
    lexicons: tuple[str, ...] = ()
    voice_version: str = "1"
    cast: tuple[tuple[str, "VoiceSettings"], ...] = ()

    def speaker_settings(self, speaker: str) -> "VoiceSettings":
        """The settings of a speaker; the narrator's for one without a role."""
        return next((settings for name, settings in self.cast if name == speaker), self)

    @property
    def pricing_engine(self) -> str:
        """The most expensive engine of the cast, by which the whole is priced."""
        engines = [self.engine, *(each.engine for _, each in self.cast)]
        return max(engines, key=lambda engine: cost_usd(1, engine))


@dataclass(frozen=True, slots=True)
class SampleSpan:
    """In samples from the start of a chunk's audio."""

    start_samples: int
    end_samples: int


@dataclass(frozen=True, slots=True)
class WordTiming:
    """When one word sounds.

    `sentence` is the index of its `<s>` element, `char` its place in that element's text.
    """

    sentence: int
    char: int
    text: str
    span: SampleSpan


@dataclass(frozen=True, slots=True)
class WordStart:
    """When a word begins: all that is stored with a chunk.

    `sentence` is the index of its `<s>` element, `char` its place in that element's text.
    """

    sentence: int
    char: int
    start_samples: int


@dataclass(frozen=True, slots=True)
class Speech:
    """What an engine made of one chunk.

    `audio` is a whole file, `audio/flac` or `audio/mpeg`. `sentences` has one entry per `<s>`
    element, None for one that the voice could not read; it is empty for engines without times, as
    `words` may be.
    """

    audio: bytes
    content_type: str
    rate_hz: int
    billed_chars: int
    sentences: tuple[SampleSpan | None, ...] = ()
    words: tuple[WordTiming, ...] = ()


class SpeechEngine(Protocol):
    """Synthesizes chunks. Safe to call from many threads at once.

    An engine is opened and closed by the entry point that chose it; after `close` no thread or
    process of it is left. `synthesize` either returns a whole Speech or raises: SpeechFailed when
    this chunk cannot be spoken (and trying again would not help, or was tried), UnknownVoice when
    the engine lacks the voice, OutOfTime at its deadline.
    """

    name: str
    suffix: str
    """Of its audio files: `flac` or `mp3`."""

    @property
    def parallelism(self) -> int:
        """How many `synthesize` calls keep the engine busy; more would only queue."""
        ...

    def limits(self, engine: str) -> EngineLimits:
        """What one call may hold, for one of the engine's names."""
        ...

    def voices(self) -> tuple[Voice, ...]:
        """All voices, the default first."""
        ...

    def synthesize(self, ssml: str, voice_settings: VoiceSettings) -> Speech:
        """Synthesize one chunk."""
        ...

    def close(self) -> None:
        """Release everything; safe to call twice."""
        ...
