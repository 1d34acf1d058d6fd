"""Blends of voices: `af_heart+bf_emma*0.3`, each with a weight, 1 where none is written. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mixer.errors import UnknownVoice
from mixer.speech.engine import Voice

MAX_BLENDED_VOICES = 5
MAX_WEIGHT = 100.0


@dataclass(frozen=True, slots=True)
class Blend:
    """Names of voices with their shares, which add up to 1; a single voice has the share 1."""

    shares: tuple[tuple[str, float], ...]


def parse_blend(text: str) -> Blend:
    """Parse a voice or a blend; raises UnknownVoice, naming what is wrong."""
    parts = [part.partition("*") for part in text.split("+")]
    if len(parts) > MAX_BLENDED_VOICES:
        raise UnknownVoice(
            f"voice: “{text}” blends {len(parts)} voices; blend at most {MAX_BLENDED_VOICES}.",
            field="voice",
        )
    weights = [(name.strip(), _parse_weight(weight, text)) for name, _, weight in parts]
    total = sum(weight for _, weight in weights)
    return Blend(tuple((name, weight / total) for name, weight in weights))


def blend_voices(text: str, by_id: Mapping[str, Voice]) -> Voice | None:
    """The voice that a blend describes, in the language of its first; None for another name.

    Raises:
        UnknownVoice: a voice of the blend is missing or cannot be blended, or a weight is wrong.
    """
    if not {"+", "*"} & set(text):
        return None
    names = [name for name, _ in parse_blend(text).shares]
    for name in names:
        if name not in by_id or not by_id[name].is_blendable:
            raise UnknownVoice(
                f"voice: “{name}” in “{text}” is not a voice that can be blended.",
                field="voice",
            )
    voices = [by_id[name] for name in names]
    genders = {each.gender for each in voices}
    return replace(
        voices[0],
        id=text,
        gender=voices[0].gender if len(genders) == 1 else "",
        quality="",
        note="A blend.",
    )


def _parse_weight(weight: str, text: str) -> float:
    try:
        value = float(weight.strip() or "1")
    except ValueError:
        value = 0.0
    if not 0 < value <= MAX_WEIGHT:
        raise UnknownVoice(
            f"voice: “{text}” has the weight “{weight.strip()}”; a weight is a number above 0, as "
            "in af_heart+bf_emma*0.3.",
            field="voice",
        )
    return value
