"""The Kokoro voices that are offered, and blends of them. Pure, but for the table in its package.

Offered is a language in which words were measured to be intelligible (docs/voices.md). English is
read by hibari's rules, in its American or British reading; other languages by espeak-ng.
"""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mixer.errors import UnknownVoice
from mixer.speech.engine import Voice
from mixer.speech.voice_selection import parse_blend

ENGINE_NAME = "kokoro"

LANGUAGES = {
    "a": "en-US",
    "b": "en-GB",
    "e": "es-ES",
    "f": "fr-FR",
    "p": "pt-BR",
}
"""By the first letter of a voice's name."""

GENDERS = {"f": "Female", "m": "Male"}
"""By the second letter."""

REALTIME_FACTOR = 1.4
"""Seconds of sound in a second of one core (measured: 0.70 to 0.78 s of one core for a second)."""


@dataclass(frozen=True, slots=True)
class VoiceFile:
    """A voice of the catalogue; `grade` is the model author's, A to F, or empty."""

    name: str
    grade: str
    sha256: str

    @property
    def language(self) -> str:
        """A BCP 47 tag."""
        return LANGUAGES[self.name[0]]


@lru_cache(maxsize=1)
def load_catalogue() -> dict[str, VoiceFile]:
    """Load the voices by name, the best of each language first."""
    table = tomllib.loads(Path(__file__).with_name("voices.toml").read_text(encoding="utf-8"))
    return {name: VoiceFile(name, **fields) for name, fields in table.items()}


def describe_voices(languages: frozenset[str]) -> tuple[Voice, ...]:
    """The voices of some languages (`en`, `es`), as an engine lists them."""
    return tuple(
        Voice(
            each.name,
            each.language,
            (ENGINE_NAME,),
            GENDERS[each.name[1]],
            quality=each.grade,
            realtime_factor=REALTIME_FACTOR,
            is_blendable=True,
        )
        for each in load_catalogue().values()
        if each.language.partition("-")[0] in languages
    )


@dataclass(frozen=True, slots=True)
class KokoroVoice:
    """One voice, or a blend: voices with their shares, which add up to 1."""

    shares: tuple[tuple[VoiceFile, float], ...]

    @property
    def language(self) -> str:
        """That of the first voice."""
        return self.shares[0][0].language


def find_voice(text: str) -> KokoroVoice:
    """Find `af_heart` or `af_heart+bf_emma*0.3`; raises UnknownVoice, naming what is wrong."""
    catalogue, blend = load_catalogue(), parse_blend(text)
    for name, _ in blend.shares:
        if name not in catalogue:
            raise UnknownVoice(
                f"Kokoro has no voice “{name}”; `mixer voices --engine kokoro` lists them.",
                voice=text,
            )
    return KokoroVoice(tuple((catalogue[name], share) for name, share in blend.shares))
