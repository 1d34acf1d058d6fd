"""Text to Kokoro's phonemes: English by hibari's rules, other languages by espeak-ng.

espeak-ng is a separate program (GPL), run once for a phrase with the words between two marks on a
line each; the marks, which it drops, are put back. Its `[[…]]` would be phonemes, so brackets go.
"""

import re
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from mixer.errors import MixerError
from mixer.speech.embedded.mapped_text import MappedText
from mixer.speech.embedded.phonemes import Phonemes, Phonemizer

ESPEAK = "espeak-ng"

ESPEAK_VOICES = {"es-ES": "es", "fr-FR": "fr-fr", "pt-BR": "pt-br"}
"""By language: the names of espeak-ng's rules."""

ESPEAK_TIMEOUT_S = 60.0
"""Many times what a phrase takes."""

TIE = "^"
"""Between the letters that espeak-ng counts as one sound."""

LIGATURES = {
    "a^ɪ": "I",
    "a^ʊ": "W",
    "e^ɪ": "A",
    "o^ʊ": "O",
    "ɔ^ɪ": "Y",
    "ə^ʊ": "Q",
    "d^z": "ʣ",
    "d^ʒ": "ʤ",
    "t^s": "ʦ",
    "t^ʃ": "ʧ",
}
"""Two letters of IPA that are one sign of the model's alphabet."""

MARKS = {"¿": "", "¡": "", "«": "“", "»": "”", "–": "—", "\u2026": "…"}
"""What the model's alphabet lacks, by what it has."""

_LANGUAGE_SWITCH = re.compile(r"\(\^?[a-z](?:\^?[a-z-])*\)")
_CLAUSE = re.compile(r"[^.,;:!?…—“”()\"]+|[.,;:!?…—“”()\"]")
_BRACKETS = re.compile(r"[\[\]{}<>\\|_^~`*#=]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028\u2029\ufeff]+")


@lru_cache(maxsize=1)
def find_espeak() -> str | None:
    """The path of espeak-ng; None where it is not installed."""
    return shutil.which(ESPEAK)


class KokoroPhonemizer:
    """Reads one language. Not for more than one thread."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._english = Phonemizer(british=language == "en-GB")
        self.ids = self._english.ids

    @property
    def _is_english(self) -> bool:
        return self._language.startswith("en")

    def prepare_text(self, text: MappedText) -> MappedText:
        """Remove or replace what cannot be read."""
        if self._is_english:
            return self._english.prepare_text(text)
        text = text.replace_matches(_CONTROLS, lambda _: " ")
        text = text.replace_matches(_BRACKETS, lambda _: " ")
        marks = re.compile(f"[{''.join(MARKS)}]")
        return text.replace_matches(marks, lambda match: MARKS[match[0]])

    def phonemize(self, text: str) -> Phonemes:
        """Look up the phonemes of a prepared text; MixerError where espeak-ng fails."""
        if self._is_english:
            return self._english.phonemize(text)
        clauses = _CLAUSE.findall(unicodedata.normalize("NFC", text))
        spoken = [each for each in clauses if re.search(r"\w", each)]
        return self._join_clauses(clauses, iter(self._run_espeak(spoken)))

    def _run_espeak(self, clauses: list[str]) -> list[str]:
        """One line of IPA for each clause."""
        if not clauses:
            return []
        lines = self._call_espeak("\n\n".join(" ".join(each.split()) for each in clauses))
        if len(lines) == len(clauses):
            return lines
        return [" ".join(self._call_espeak(" ".join(each.split()))) for each in clauses]

    def _call_espeak(self, text: str) -> list[str]:
        program = find_espeak()
        if program is None:
            raise MixerError(
                f"Kokoro reads {self._language} through espeak-ng, which is not installed: "
                "install it with `apt-get install espeak-ng` or `brew install espeak-ng`."
            )
        arguments = ["-q", "--ipa", f"--tie={TIE}", "-v", ESPEAK_VOICES[self._language], "--stdin"]
        try:
            done = subprocess.run(
                [program, *arguments],
                input=text.encode(),
                capture_output=True,
                timeout=ESPEAK_TIMEOUT_S,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise MixerError(f"espeak-ng cannot read {self._language}: {error}.") from error
        lines = done.stdout.decode(errors="replace").splitlines()
        return [line.strip() for line in lines if line.strip()]

    def _join_clauses(self, clauses: list[str], spoken: Iterator[str]) -> Phonemes:
        phonemes, words = "", list[tuple[str, int, int]]()
        for clause in clauses:
            if not re.search(r"\w", clause):
                phonemes = phonemes.rstrip() + clause.strip() + " "
                continue
            written, sounds = clause.split(), self._convert_ipa(next(spoken)).split()
            for index, sound in enumerate(sounds):
                word = written[index] if len(written) == len(sounds) else ""
                words.append((word, len(phonemes), len(phonemes) + len(sound)))
                phonemes += sound + " "
        return Phonemes(phonemes.rstrip(), tuple(words))

    def _convert_ipa(self, ipa: str) -> str:
        """The model's signs for espeak-ng's."""
        ipa = _LANGUAGE_SWITCH.sub("", ipa)
        for pair, sign in LIGATURES.items():
            ipa = ipa.replace(pair, sign)
        ipa = ipa.replace(TIE, "").replace("-", "")
        return "".join(each for each in ipa if each in self.ids)
