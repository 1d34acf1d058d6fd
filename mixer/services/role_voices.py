"""Proposing a voice for each role from those that an engine lists."""

from collections import Counter
from collections.abc import Mapping, Sequence

from mixer.errors import UnknownVoice
from mixer.script import NARRATOR
from mixer.script.speakers import Character, Gender
from mixer.speech import Voice

ENGLISH = "en"
MIN_VOICES_APART = 3
"""From so many voices on, no character shares the narrator's."""


def propose_voices(
    characters: Sequence[Character], voices: Sequence[Voice], narrator: str = ""
) -> Mapping[str, str]:
    """A voice for the narrator and each character, by name.

    Those who say most choose first: a voice of their gender that is used least. Where their gender
    is not known, any voice will do.

    Args:
        characters: most words first.
        voices: what the engine lists, its best first.
        narrator: the narrator's voice; by default one of the narrator's gender, or the first.

    Raises:
        UnknownVoice: the engine has no voices.
    """
    english = [each for each in voices if each.language.startswith(ENGLISH)] or list(voices)
    if not english:
        raise UnknownVoice("The engine lists no voices, so none can be proposed.")
    speaker = next((each for each in characters if each.is_narrator), None)
    own = narrator or _choose(english, speaker.gender if speaker else Gender.UNKNOWN, Counter())
    proposed, uses = {NARRATOR: own}, Counter[str]()
    others = [each for each in english if each.id != own]
    free = others if len(english) >= MIN_VOICES_APART else english
    for character in characters:
        if character.is_narrator:
            proposed[character.name] = own
            continue
        voice = _choose(free, character.gender, uses)
        uses[voice] += 1
        proposed[character.name] = voice
    return proposed


def _choose(voices: Sequence[Voice], gender: Gender, uses: Counter[str]) -> str:
    """The voice of a gender that is used least; the first listed of several."""
    fits = [each for each in voices if each.gender.lower() == gender.value]
    fits = fits or list(voices)
    return min(fits, key=lambda each: uses[each.id]).id
