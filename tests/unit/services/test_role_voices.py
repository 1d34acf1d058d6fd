"""Voices are apart from each other, and main characters choose first."""

import pytest

from mixer.errors import UnknownVoice
from mixer.script.speakers import Age, Character, Gender
from mixer.services import propose_voices
from mixer.speech import Voice

VOICES = [
    Voice(name, language, ("x",), gender)
    for name, language, gender in (
        ("Ada", "en-US", "Female"),
        ("Ben", "en-US", "Male"),
        ("Cora", "en-GB", "Female"),
        ("Hans", "de-DE", "Male"),
    )
]


def character(name, gender, **more):
    return Character(name, (name,), gender, Age.ADULT, 1, 1, **more)


def test_each_gender_has_its_voices():
    cast = [character("Tom", Gender.MALE), character("Ann", Gender.FEMALE)]
    assert propose_voices(cast, VOICES) == {"Narrator": "Ada", "Tom": "Ben", "Ann": "Cora"}


def test_the_narrator_of_a_story_keeps_one_voice():
    cast = [character("Hobbs", Gender.MALE, is_narrator=True), character("Ann", Gender.FEMALE)]
    assert propose_voices(cast, VOICES) == {"Narrator": "Ben", "Hobbs": "Ben", "Ann": "Ada"}


def test_a_voice_is_used_again_only_when_all_are():
    cast = [character(name, Gender.UNKNOWN) for name in "ABCD"]
    proposed = propose_voices(cast, VOICES, "Cora")
    assert [proposed[name] for name in "ABCD"] == ["Ada", "Ben", "Ada", "Ben"]


def test_an_engine_without_voices_is_named():
    with pytest.raises(UnknownVoice, match="no voices"):
        propose_voices([], [])
