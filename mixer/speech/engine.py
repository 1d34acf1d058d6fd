"""The SpeechEngine protocol: what Polly, the embedded voice and the tests' fakes have in common."""

from dataclasses import dataclass
from typing import Protocol

from mixer.script.limits import EngineLimits
from mixer.speech.prices import cost_usd


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that an engine lists.

    Attributes:
        id: what requests name, such as `Joanna`.
        language: BCP 47 tag of the voice's own language.
        engines: the engine names it speaks with, best first.
        gender: as the service states it; empty when it does not.
    """

    id: str
    language: str
    engines: tuple[str, ...]
    gender: str = ""


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """Who says a chunk, and how: everything besides the SSML that shapes its sound.

    Attributes:
        voice: a voice's id.
        engine: `embedded`, or one of Polly's engine names.
        language: overrides the voice's own language; empty for none.
        lexicons: names of pronunciation lexicons, at most five.
        voice_version: a word that changes whenever the same voice starts to sound different.
        cast: who says what others in the story say, by their names; shapes no sound of its own.
    """

    voice: str
    engine: str
    language: str = ""
    lexicons: tuple[str, ...] = ()
    voice_version: str = "1"
    cast: tuple[tuple[str, "VoiceSettings"], ...] = ()

    def speaker_settings(self, speaker: str) -> "VoiceSettings":
        """Who says what a speaker says; the narrator for anybody who is not cast."""
        return next((each for name, each in self.cast if name == speaker), self)

    @property
    def pricing_engine(self) -> str:
        """The engine by whose price the whole is counted: the dearest of the cast."""
        engines = [self.engine, *(each.engine for _, each in self.cast)]
        return max(engines, key=lambda engine: cost_usd(1, engine))


@dataclass(frozen=True, slots=True)
class SampleSpan:
    """When something is heard, in samples from the start of a chunk's audio."""

    start_samples: int
    end_samples: int


@dataclass(frozen=True, slots=True)
class WordTiming:
    """When one word is heard.

    Attributes:
        sentence: index of its `<s>` element in the chunk.
        char: where it starts in the text of that element.
        text: the word itself.
        span: when it is heard.
    """

    sentence: int
    char: int
    text: str
    span: SampleSpan


@dataclass(frozen=True, slots=True)
class WordStart:
    """When a word begins: all of it that is kept with a chunk.

    Attributes:
        sentence: index of its `<s>` element in the chunk.
        char: where it starts in the text of that element.
        start_samples: from the start of the chunk's audio.
    """

    sentence: int
    char: int
    start_samples: int


@dataclass(frozen=True, slots=True)
class Speech:
    """What an engine made of one chunk.

    Attributes:
        audio: a whole audio file.
        content_type: `audio/flac` or `audio/mpeg`.
        rate_hz: of the audio.
        billed_chars: what the engine charged for, as it reports it.
        sentences: one per `<s>` element in reading order, None for one that the voice could not
            read; empty when the engine gives no times at all.
        words: in reading order; empty when the engine gives no word times.
    """

    audio: bytes
    content_type: str
    rate_hz: int
    billed_chars: int
    sentences: tuple[SampleSpan | None, ...] = ()
    words: tuple[WordTiming, ...] = ()


class SpeechEngine(Protocol):
    """Says chunks. Safe to call from many threads at once.

    An engine is opened by the entry point that chose it and closed by it; after `close` no thread
    or process of it is left. `speak` either returns a whole Speech or raises:
    SpeechFailed when this chunk cannot be said (and trying again would not help, or was tried),
    UnknownVoice when the delivery names no voice of the engine, OutOfTime when its deadline came.
    """

    name: str
    suffix: str
    """Of the audio files it makes: `flac` or `mp3`."""

    @property
    def parallelism(self) -> int:
        """How many `speak` calls keep the engine busy; more would only queue."""
        ...

    def limits(self, engine: str) -> EngineLimits:
        """What one call may hold, for one of the engine's names."""
        ...

    def voices(self) -> tuple[Voice, ...]:
        """Every voice it can speak with, the default first."""
        ...

    def synthesize(self, ssml: str, voice_settings: VoiceSettings) -> Speech:
        """Say one chunk."""
        ...

    def close(self) -> None:
        """Let go of everything; safe to call twice."""
        ...
