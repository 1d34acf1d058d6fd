"""The names of voices that clients of other protocols send, mapped to voices that are here.

A name that is a voice here is that voice, in any case. Well-known names of other services, which
many programs cannot change, get a voice of the same gender; each of them always the same one.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from mixer.speech import Voice

FEMALE, MALE = "Female", "Male"

KNOWN_NAMES = MappingProxyType(
    {
        **dict.fromkeys(("alloy", "coral", "nova", "sage", "shimmer", "marin"), FEMALE),
        **dict.fromkeys(("ash", "ballad", "echo", "fable", "onyx", "verse", "cedar"), MALE),
    }
)
"""OpenAI's voices (API reference, createSpeech)."""

KNOWN_IDS = MappingProxyType(
    {
        "21m00Tcm4TlvDq8ikWAM": FEMALE,
        "9BWtsMINqrJLrRacOk9x": FEMALE,
        "EXAVITQu4vr4xnSDxMaL": FEMALE,
        "XB0fDUnXU5powFXDhCwa": FEMALE,
        "pFZP5JQG7iQjIQuC4Bku": FEMALE,
        "cgSgspJ2msm6clMCkdW9": FEMALE,
        "JBFqnCBsd6RMkjVDRZzb": MALE,
        "TX3LPaxmHKxFdv7VOQHJ": MALE,
        "onwK4e9ZLuTAKqWW03F9": MALE,
        "pNInz6obpgDQGcFmaJgB": MALE,
        "CwhRBWXzGAHq8TQ4Fs17": MALE,
    }
)
"""Voices that ElevenLabs' own examples and integrations name by default."""


def select_client_voice(name: str, voices: Sequence[Voice], aliases: Mapping[str, str]) -> str:
    """Select the voice that a client means; a name that is neither known nor here is returned.

    `aliases` are the deployment's own, and come first.
    """
    name = aliases.get(name, name)
    by_name = {voice.id.casefold(): voice.id for voice in voices}
    if name.casefold() in by_name:
        return by_name[name.casefold()]
    gender = KNOWN_NAMES.get(name.casefold()) or KNOWN_IDS.get(name)
    if not gender or not voices:
        return name
    namesakes = [each.id for each in voices if each.id.casefold().endswith(f"_{name.casefold()}")]
    return namesakes[0] if namesakes else _select_by_gender(name, gender, voices)


def _select_by_gender(name: str, gender: str, voices: Sequence[Voice]) -> str:
    """Select one of the voices of the default's language, in turn."""
    names = [*KNOWN_NAMES, *KNOWN_IDS]
    known = [each for each in names if (KNOWN_NAMES.get(each) or KNOWN_IDS.get(each)) == gender]
    language = voices[0].language
    fitting = [each.id for each in voices if (each.gender, each.language) == (gender, language)]
    position = known.index(name if name in known else name.casefold())
    return fitting[position % len(fitting)] if fitting else voices[0].id
