"""A book with its cast: a voice for each role, corrections, JSON, the book with marks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mixer.errors import BadOption, UnknownVoice
from mixer.script import NARRATOR
from mixer.script.speakers import (
    BookCast,
    Character,
    Gender,
    correct_speakers,
    describe_cast,
    write_marks,
)
from mixer.speech import Voice


@dataclass(frozen=True, slots=True)
class CastBook:
    """A book with its cast.

    Attributes:
        text: the book; what the spans of the quotations count in. A book that is not text (EPUB,
            DOCX, ODT, PDF, HTML) is written as Markdown first.
        voices: by the name of a character, and the narrator's.
        is_plain: it is plain text, not Markdown.
    """

    text: str
    cast: BookCast
    voices: Mapping[str, str]
    is_plain: bool

    def correct(self, speakers: Mapping[int, str], voices: Mapping[str, str]) -> "CastBook":
        """The book with other speakers, by the number of a quotation, and other voices.

        Raises:
            BadOption: a quotation or a character does not exist.
        """
        numbers = {each.number for each in self.cast.quotations}
        for field, wrong in (
            ("speakers", [f"quotation {each}" for each in speakers if each not in numbers]),
            ("speakers", [each for each in speakers.values() if each not in self.voices]),
            ("voices", [each for each in voices if each not in self.voices]),
        ):
            if wrong:
                raise BadOption(f"{field}: the book has no {wrong[0]}.", field=field)
        cast = correct_speakers(self.cast, speakers)
        return replace(self, cast=cast, voices={**self.voices, **voices})

    def write_marks(self) -> str:
        """The book with its head and its marks, ready to be narrated."""
        return write_marks(self.text, self.cast, self.voices, is_plain=self.is_plain)

    def describe(self) -> dict[str, Any]:
        """Everything but the text, as JSON has it."""
        return {**describe_cast(self.cast, self.text), "voices": dict(self.voices)}


ENGLISH = "en"
MIN_VOICES_APART = 3
"""From so many voices on, no character shares the narrator's."""


def _propose_voices(
    characters: Sequence[Character], voices: Sequence[Voice], narrator: str
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


def assign_voices(
    text: str, cast: BookCast, voices: Sequence[Voice], narrator: str, *, is_plain: bool
) -> CastBook:
    """A book with the voices that are proposed, and a note if characters share some.

    Raises:
        UnknownVoice: the engine has no voices.
    """
    proposed = _propose_voices(cast.characters, voices, narrator)
    uses = Counter(proposed[each.name] for each in cast.characters)
    shared = sum(count for count in uses.values() if count > 1)
    if shared:
        note = (
            f"{shared} characters share a voice with another, because the engine has too few that "
            "fit: change some, or use another engine (docs/voices.md)."
        )
        cast = replace(cast, notes=(*cast.notes, note))
    return CastBook(text, cast, proposed, is_plain)


def _choose(voices: Sequence[Voice], gender: Gender, uses: Counter[str]) -> str:
    """The voice of a gender that is used least; the first listed of several."""
    fits = [each for each in voices if each.gender.lower() == gender.value]
    fits = fits or list(voices)
    return min(fits, key=lambda each: uses[each.id]).id
