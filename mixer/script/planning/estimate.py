"""What a Script will take: characters, chunks, and about how long it will sound. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import regex

from mixer.script.script import Script

MONEY_DIGITS = 6
"""A character of the cheapest engine costs four millionths of a dollar."""

CHARS_PER_S = 15.0
"""In alphabetic scripts at full rate (measured: 16 with the embedded voice)."""

IDEOGRAPHS_PER_S = 4.5
"""In Chinese, Japanese and Korean: a character is a syllable or more."""

_IDEOGRAPH = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a Script will take; `duration_s` of the finished audio is right within about a fifth."""

    chapters: int
    chunks: int
    characters: int
    duration_s: float

    def describe(
        self, voice: str, engine: str, language: str, costs_usd: Mapping[str, float]
    ) -> dict[str, object]:
        """Describe it as the API and the command line report it.

        `costs_usd` is by engine; an engine without a price is free.
        """
        costs = {name: round(usd, MONEY_DIGITS) for name, usd in costs_usd.items()}
        return {
            **asdict(self),
            "duration_s": round(self.duration_s, 3),
            "voice": voice,
            "engine": engine,
            "language": language,
            "cost_usd": costs.get(engine, 0.0),
            "costs_usd": costs,
        }


def estimate_script(script: Script, rate_percent: int = 100) -> Estimate:
    """Predict what a Script will take at a rate of speech."""
    chunks = list(script.chunks)
    spoken = (utterance.spoken for chunk in chunks for utterance in chunk.utterances)
    speech_s = sum(_speech_s(text) for text in spoken) * 100 / rate_percent
    gaps_s = sum(chunk.gap_ms for chunk in chunks) / 1000
    return Estimate(len(script.chapters), len(chunks), script.billed_chars, speech_s + gaps_s)


def _speech_s(text: str) -> float:
    ideographs = 0 if text.isascii() else len(_IDEOGRAPH.findall(text))
    return ideographs / IDEOGRAPHS_PER_S + (len(text) - ideographs) / CHARS_PER_S
