"""What a worker process of the verifier runs: PocketSphinx follows a recording along its words.

Its grammar is the text itself: at each word it may also leave the word out or repeat the one
before, which costs as much as a sound that fits badly. The phonemes come from the embedded voice's
rules, so names are known as well as words; PocketSphinx's own dictionary adds variants. Its
standard input is a lifeline, as in the embedded engine's worker.

The price: American English only; a short word in place of another short one is not always noticed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixer.errors import MixerError
from mixer.sound import ffmpeg
from mixer.speech.verification.judgement import (
    ChunkCheck,
    Word,
    judge_words,
)
from mixer.speech.verification.sound_checks import find_sound_faults
from mixer.speech.worker_loop import serve_requests

if TYPE_CHECKING:
    from numpy import int16
    from numpy.typing import NDArray

RATE_HZ = 16_000
"""Of PocketSphinx's model of American English."""

PADDING_SAMPLES = RATE_HZ * 3 // 10
"""Of silence at the end, without which the last word may not come to its end."""

DECODE_TIMEOUT_S = 120.0
"""Many times what the longest chunk takes."""

FAULT_PROBABILITY = 1e-10
"""Of a word left out or repeated: so low that only clear sound speaks for it."""

SOUNDS = {
    "A": "EY", "I": "AY", "O": "OW", "Q": "OW", "W": "AW", "Y": "OY", "a": "AA", "ɑ": "AA",
    "ɒ": "AA", "æ": "AE", "ɐ": "AH", "ə": "AH", "ᵊ": "AH", "ʌ": "AH", "ɛ": "EH", "e": "EH",
    "ɜ": "ER", "i": "IY", "ɪ": "IH", "ᵻ": "IH", "ɔ": "AO", "u": "UW", "ʊ": "UH", "b": "B",
    "d": "D", "f": "F", "ɡ": "G", "h": "HH", "ʤ": "JH", "k": "K", "l": "L", "m": "M", "n": "N",
    "ŋ": "NG", "p": "P", "ɹ": "R", "s": "S", "ʃ": "SH", "t": "T", "T": "T", "ɾ": "T", "ʧ": "CH",
    "θ": "TH", "ð": "DH", "v": "V", "w": "W", "j": "Y", "z": "Z", "ʒ": "ZH",
}  # fmt: skip
"""ARPAbet by the voice's phonemes (capitals are diphthongs)."""

WEAK_FORMS = {
    "a": ("EY",), "and": ("AH N", "AE N", "N"), "at": ("AH T",), "do": ("D AH",), "for": ("F ER",),
    "her": ("ER",), "him": ("IH M",), "of": ("AH",), "to": ("T AH",), "you": ("Y AH",),
}  # fmt: skip
"""Reduced forms that the dictionary lacks."""


VARIANTS = ("", "(2)", "(3)")
"""Of a word in PocketSphinx's dictionary."""


@dataclass(frozen=True, slots=True)
class ListeningRequest:
    """A recording, as a whole audio file, and the SSML that it should say."""

    audio: bytes
    ssml: str


@dataclass(frozen=True, slots=True)
class ListeningFailure:
    """Why a recording could not be listened to."""

    message: str


ListeningReply = ChunkCheck | ListeningFailure


def main(descriptor: int) -> None:
    """Answer requests over a connection, given by its descriptor, until the verifier is gone."""
    serve_requests(descriptor, lambda processes: Listener(processes).handle_request)


class Listener:
    """PocketSphinx with its own model of American English, which is in its wheel."""

    def __init__(self, processes: ffmpeg.ProcessGroup) -> None:
        self._processes = processes
        self._names: dict[tuple[str, ...], str] = {}

    @cached_property
    def _decoder(self) -> Any:  # noqa: ANN401 (a package without types)
        from pocketsphinx import Decoder

        beams = {"beam": 1e-60, "pbeam": 1e-60, "wbeam": 1e-40}
        # `batch`: each recording is normalised by itself, so that equal ones give equal results.
        return Decoder(
            lm=None, samprate=RATE_HZ, cmn="batch", bestpath=False, loglevel="FATAL", **beams
        )

    def handle_request(self, request: ListeningRequest) -> ListeningReply:
        """Check one recording; any error is this recording's, not the process's."""
        try:
            return self._check(request)
        except MixerError as error:
            return ListeningFailure(str(error))
        except Exception as error:  # noqa: BLE001 (from packages, over any sound there is)
            return ListeningFailure(f"{type(error).__name__}: {error}")

    def _check(self, request: ListeningRequest) -> ChunkCheck:
        import numpy as np

        words = list(self._list_words(request.ssml))
        samples = np.frombuffer(self._read_samples(request.audio), dtype=np.int16)
        sounds = [Word(text, len(forms[0].split())) for text, forms in words]
        if words:
            names = [self._name_word(forms) for _, forms in words]
            check = judge_words(sounds, names, self._recognise(names, samples))
        else:
            check = ChunkCheck(0)
        total = sum(word.sounds for word in sounds)
        faults = find_sound_faults(np.divide(samples, 32_768, dtype=np.float32), RATE_HZ, total)
        return ChunkCheck(check.words, check.wrong_words, (*check.faults, *faults))

    def _list_words(self, ssml: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each word to be spoken, with the ways to say it as sounds in ARPAbet."""
        from mixer.speech.embedded.phonemes import pronounce_ssml

        for text, phonemes in pronounce_ssml(ssml):
            plain = re.sub(r"[^\w']", "", text.lower())
            known = (self._decoder.lookup_word(f"{plain}{each}") for each in VARIANTS)
            forms = (_spell_sounds(phonemes), *known, *WEAK_FORMS.get(plain, ()))
            distinct = tuple(dict.fromkeys(form for form in forms if form))
            if distinct:
                yield text, distinct

    def _read_samples(self, audio: bytes) -> bytes:
        output = ["-f", "s16le", "-ac", "1", "-ar", str(RATE_HZ), "pipe:1"]
        command = [*ffmpeg.confine_stdin(), *output]
        return ffmpeg.run(
            command, stdin=audio, timeout_s=DECODE_TIMEOUT_S, processes=self._processes
        ).stdout

    def _name_word(self, forms: tuple[str, ...]) -> str:
        """The name in the decoder's dictionary of a word that has several pronunciations."""
        if forms not in self._names:
            name = f"w{len(self._names)}"
            for number, sounds in enumerate(forms, start=1):
                self._decoder.add_word(name if number == 1 else f"{name}({number})", sounds, False)
            self._names[forms] = name
        return self._names[forms]

    def _recognise(self, names: Sequence[str], samples: "NDArray[int16]") -> list[str] | None:
        """Follow the words through the recording; None where it does not reach the last."""
        decoder = self._decoder
        grammar = decoder.create_fsg("chunk", 0, len(names), list(_iter_transitions(names)))
        decoder.add_fsg("chunk", grammar)
        decoder.activate_search("chunk")
        decoder.start_utt()
        try:
            decoder.process_raw(samples.tobytes() + bytes(2 * PADDING_SAMPLES), full_utt=True)
        finally:
            decoder.end_utt()
        if decoder.hyp() is None:
            return None
        found = (re.sub(r"\(\d+\)$", "", each.word) for each in decoder.seg())
        return [name for name in found if name[0] not in "<["]


def _spell_sounds(phonemes: str) -> str:
    """ARPAbet for the voice's phonemes; an R after a dull vowel becomes one sound with it."""
    sounds: list[str] = []
    for each in phonemes:
        sound = SOUNDS.get(each)
        if sound == "R" and sounds and sounds[-1] in {"AH", "ER"}:
            sounds[-1] = "ER"
        elif sound:
            sounds.append(sound)
    return " ".join(sounds)


def _iter_transitions(names: Sequence[str]) -> Iterator[tuple[int, int, float, str]]:
    """The grammar: from state to state by a word, with its probability."""
    for state, name in enumerate(names):
        yield state, state + 1, 1 - 3 * FAULT_PROBABILITY, name
        yield state + 1, state + 1, FAULT_PROBABILITY, name
        if state + 1 < len(names):
            yield state, state + 2, FAULT_PROBABILITY, names[state + 1]
