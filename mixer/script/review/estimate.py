"""What a Script will take: characters, chunks, and about how long it will sound. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType

from mixer.lazy import compile_lazily
from mixer.script.review.checks import PronunciationHint, find_pronunciation_hints
from mixer.script.script import Chunk, CuePlace, Script, SoundCue, SoundKind

NO_SOUNDS: Mapping[str, float] = MappingProxyType({})

MAX_DOUBTFUL_WORDS = 40
MONEY_DIGITS = 6
"""A character of the cheapest engine costs four millionths of a dollar."""

CHARS_PER_S = 15.8
"""In alphabetic scripts at full rate (measured with the embedded voice: 15.3 in stories, 16.3 in
books of short words)."""

IDEOGRAPHS_PER_S = 4.5
"""In Chinese, Japanese and Korean: a character is a syllable or more."""

_IDEOGRAPH = compile_lazily(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]")


@dataclass(frozen=True, slots=True)
class ChapterEstimate:
    """What one chapter will take; `number` is its place among the planned chapters."""

    number: int
    title: str
    characters: int
    duration_s: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a Script will take; `duration_s` of the finished audio is right within about a fifth."""

    script: Script = field(repr=False)
    title: str
    author: str
    language: str
    chapters: int
    chunks: int
    characters: int
    duration_s: float
    contents: tuple[ChapterEstimate, ...]

    @property
    def doubtful_words(self) -> tuple[PronunciationHint, ...]:
        """The first words to listen to; searched for at each use."""
        return find_pronunciation_hints(self.script)[:MAX_DOUBTFUL_WORDS]

    def describe(
        self, voice: str, engine: str, costs_usd: Mapping[str, float]
    ) -> dict[str, object]:
        """Describe it as the API and the command line report it.

        `costs_usd` is by engine; an engine without a price is free.
        """
        costs = {name: round(usd, MONEY_DIGITS) for name, usd in costs_usd.items()}
        own = {each.name: getattr(self, each.name) for each in fields(self)[1:]}
        return {
            **own,
            "contents": tuple(map(asdict, self.contents)),
            "doubtful_words": tuple(map(asdict, self.doubtful_words)),
            "duration_s": round(self.duration_s, 3),
            "voice": voice,
            "engine": engine,
            "cost_usd": costs.get(engine, 0.0),
            "costs_usd": costs,
        }


def estimate_script(
    script: Script, rate_percent: int = 100, sounds_s: Mapping[str, float] = NO_SOUNDS
) -> Estimate:
    """Predict what a Script will take at a rate of speech; `sounds_s` are lengths by file."""
    contents = tuple(
        ChapterEstimate(
            number,
            chapter.title,
            sum(chunk.billed_chars for chunk in chapter.chunks),
            round(sum(_chunk_s(chunk, rate_percent, sounds_s) for chunk in chapter.chunks), 3),
        )
        for number, chapter in enumerate(script.chapters, start=1)
    )
    return Estimate(
        script,
        title=script.title,
        author=script.author,
        language=script.language,
        chapters=len(script.chapters),
        chunks=sum(len(chapter.chunks) for chapter in script.chapters),
        characters=script.billed_chars,
        duration_s=sum(_chunk_s(chunk, rate_percent, sounds_s) for chunk in script.chunks),
        contents=contents,
    )


def _chunk_s(chunk: Chunk, rate_percent: int, sounds_s: Mapping[str, float]) -> float:
    speech_s = sum(_speech_s(utterance.spoken) for utterance in chunk.utterances)
    pause_s = sum(sounds_s.get(cue.file, 0.0) for cue in _list_pausing_sounds(chunk))
    return speech_s * 100 / rate_percent + chunk.gap_ms / 1000 + pause_s


def _list_pausing_sounds(chunk: Chunk) -> Iterator[SoundCue]:
    """The sounds for which the voice waits."""
    for utterance in chunk.utterances:
        for cue in utterance.sounds:
            if cue.kind is not SoundKind.MUSIC and cue.place is not CuePlace.WITHIN:
                yield cue


def list_pausing_files(script: Script) -> set[str]:
    """The files of sounds for which the voice waits, so that they make the whole longer."""
    return {cue.file for chunk in script.chunks for cue in _list_pausing_sounds(chunk)}


def _speech_s(text: str) -> float:
    ideographs = 0 if text.isascii() else len(_IDEOGRAPH.findall(text))
    return ideographs / IDEOGRAPHS_PER_S + (len(text) - ideographs) / CHARS_PER_S
