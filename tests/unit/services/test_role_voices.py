"""Voices are apart from each other, and main characters choose first."""

import pytest

from mixer.errors import UnknownVoice
from mixer.script.speakers import Age, BookCast, Character, Gender
from mixer.services import CastBook, assign_voices
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


def assign(characters, narrator="", voices=VOICES) -> CastBook:
    cast = BookCast(tuple(characters), (), "novel")
    return assign_voices("", cast, voices, narrator, is_plain=True)


def test_each_gender_has_its_voices():
    cast = [character("Tom", Gender.MALE), character("Ann", Gender.FEMALE)]
    book = assign(cast)
    assert book.voices == {"Narrator": "Ada", "Tom": "Ben", "Ann": "Cora"}
    assert book.cast.notes == ()


def test_the_narrator_of_a_story_keeps_one_voice():
    cast = [character("Hobbs", Gender.MALE, is_narrator=True), character("Ann", Gender.FEMALE)]
    assert assign(cast).voices == {"Narrator": "Ben", "Hobbs": "Ben", "Ann": "Ada"}


def test_a_voice_is_used_again_only_when_all_are():
    cast = [character(name, Gender.UNKNOWN) for name in "ABCD"]
    book = assign(cast, "Cora")
    assert [book.voices[name] for name in "ABCD"] == ["Ada", "Ben", "Ada", "Ben"]
    assert book.cast.notes[0].startswith("4 characters share a voice with another")


def test_an_engine_without_voices_is_named():
    with pytest.raises(UnknownVoice, match="no voices"):
        assign([], voices=[])
