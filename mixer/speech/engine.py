"""The SpeechEngine protocol: what Polly, the embedded voice and the tests' fakes have in common."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from mixer.script import Chunk, EngineLimits
from mixer.speech.charges import cost_usd

CONTENT_TYPES = {"flac": "audio/flac", "mp3": "audio/mpeg"}
"""By the suffix of an engine's audio files."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that an engine lists.

    Attributes:
        language: a BCP 47 tag.
        engines: the best first.
        gender: empty where unknown.
        quality: a grade from A to F by the maker of the voice; empty where there is none.
        realtime_factor: seconds of sound in a second of one core; None for a service.
        note: what else deserves to be known, a sentence; may be empty.
        is_blendable: whether it can be blended with others that are: `af_heart+bf_emma*0.3`.
        usd_per_million_chars: the price; None for that of the engine's list.
        suffix: of its audio files; empty for its engine's.
        version: as in VoiceSettings; empty for that of the engine's list.
    """

    id: str
    language: str
    engines: tuple[str, ...]
    gender: str = ""
    quality: str = ""
    realtime_factor: float | None = None
    note: str = ""
    is_blendable: bool = False
    usd_per_million_chars: float | None = None
    suffix: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """Who says a chunk, and how: all that shapes its sound, except the SSML.

    Attributes:
        engine: `embedded`, or one of Polly's engine names.
        language: overrides the voice's own; empty for none.
        lexicons: names of Polly's lexicons, at most five.
        voice_version: changes whenever the same voice starts to sound different.
        cast: settings by speaker; not part of the sound of the narrator's chunks.
        usd_per_million_chars: the price; None for that of the engine's list.
        suffix: of the audio files; empty for the engine's.
    """

    voice: str
    engine: str
    language: str = ""
    lexicons: tuple[str, ...] = ()
    voice_version: str = "1"
    cast: tuple[tuple[str, "VoiceSettings"], ...] = ()
    usd_per_million_chars: float | None = None
    suffix: str = ""

    def speaker_settings(self, speaker: str) -> "VoiceSettings":
        """The settings of a speaker; the narrator's for one without a role."""
        return next((settings for name, settings in self.cast if name == speaker), self)

    def list_limits(self, find_limits: Callable[[str], EngineLimits]) -> dict[str, EngineLimits]:
        """The limits of each speaker's engine; the narrator's under an empty name."""
        return {name: find_limits(each.engine) for name, each in (("", self), *self.cast)}

    def price_usd(self, characters: int) -> float:
        """The cost of billed characters in this voice."""
        if self.usd_per_million_chars is None:
            return cost_usd(characters, self.engine)
        return characters * self.usd_per_million_chars / 1_000_000

    def price_chunks_usd(self, chunks: Iterable[Chunk], billing_factor: int = 1) -> float:
        """The cost of chunks, each at the price of its speaker."""
        return sum(
            settings.price_usd(settings.count_billed_chars(each) * billing_factor)
            for each in chunks
            for settings in (self.speaker_settings(each.speaker),)
        )

    def count_billed_chars(self, chunk: Chunk) -> int:
        """The characters of a chunk that are charged for.

        An engine with a price of its own gets plain text: the spaces between sentences count.
        """
        has_own_price = self.usd_per_million_chars is not None
        return chunk.billed_chars + (len(chunk.utterances) - 1 if has_own_price else 0)


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
