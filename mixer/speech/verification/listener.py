"""What a worker process of the verifier runs: PocketSphinx follows a recording along its words.

Its grammar is the text itself: at each word it may also leave the word out, repeat the one before,
or swap it with the next, which costs as much as a sound that fits badly. The phonemes come from the
embedded voice's rules, so names are known as well as words; PocketSphinx's own dictionary adds
variants. A second search takes any sounds in any order: where it explains a word far better,
another was spoken. The standard input is a lifeline, as in the embedded engine's worker.

The price: American English only; a short word in place of a similar one is not always noticed.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixer.errors import MixerError
from mixer.sound import ffmpeg
from mixer.speech.verification.judgement import (
    ChunkCheck,
    FoundWord,
    Word,
    judge_words,
)
from mixer.speech.verification.sound_checks import find_sound_faults
from mixer.speech.workers import serve_requests

if TYPE_CHECKING:
    from numpy import float64, int16
    from numpy.typing import NDArray

RATE_HZ = 16_000
"""Of PocketSphinx's model of American English."""

PADDING_SAMPLES = RATE_HZ * 3 // 10
"""Of silence at the end, without which the last word may not come to its end."""

DECODE_TIMEOUT_S = 120.0
"""Many times what the longest chunk takes."""

MISSING_PROBABILITY, REPEATED_PROBABILITY = 1e-16, 1e-8
"""Of a word left out, or repeated: so low that only clear sound speaks for it."""

SWAPPED_PROBABILITY = 1e-12
"""Of two neighbours in the other order."""

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
    "a": ("EY",), "am": ("AH M",), "an": ("AH N",), "and": ("AH N", "AE N", "N"),
    "any": ("N IY",), "as": ("AH Z",), "at": ("AH T",), "been": ("B IH N",), "but": ("B AH T",),
    "can": ("K AH N", "K IH N"), "could": ("K AH D",), "do": ("D AH",), "for": ("F ER",),
    "from": ("F R AH M",), "had": ("HH AH D", "AH D"), "has": ("HH AH Z", "AH Z"),
    "have": ("HH AH V", "AH V"), "he": ("IY",), "her": ("ER",), "him": ("IH M",), "his": ("IH Z",),
    "in": ("AH N",), "is": ("AH Z",), "it": ("AH T",), "just": ("JH AH S T", "JH IH S T"),
    "must": ("M AH S T", "M AH S"), "of": ("AH",), "or": ("ER",), "s": ("S", "Z"),
    "shall": ("SH AH L",),
    "should": ("SH AH D",), "some": ("S AH M",), "than": ("DH AH N",), "that": ("DH AH T",),
    "them": ("DH AH M", "AH M"), "then": ("DH IH N",), "there": ("DH ER",), "to": ("T AH",),
    "was": ("W AH Z",), "were": ("W ER",), "will": ("W AH L", "L"), "would": ("W AH D", "AH D"),
    "you": ("Y AH",), "your": ("Y ER",),
}  # fmt: skip
"""Reduced forms that the dictionary lacks."""


SCORE_BASE = 1.0001
"""Of PocketSphinx's logarithms."""

MIN_FRAMES = 5
"""A shorter word's misfit counts as one of these frames; few of them prove nothing."""

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

    @cached_property
    def _sound_decoder(self) -> Any:  # noqa: ANN401 (a package without types)
        from pocketsphinx import Decoder

        beams = {"beam": 1e-20, "pbeam": 1e-10, "allphone_ci": True}
        decoder = Decoder(
            lm=None, samprate=RATE_HZ, cmn="batch", bestpath=False, loglevel="FATAL", **beams
        )
        decoder.add_allphone_file("sounds")
        decoder.activate_search("sounds")
        return decoder

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
        from mixer.speech.embedded import pronounce_ssml

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

    def _recognise(self, names: Sequence[str], samples: "NDArray[int16]") -> list[FoundWord] | None:
        """Follow the words through the recording; None where it does not reach the last."""
        decoder = self._decoder
        grammar = decoder.create_fsg("chunk", 0, len(names), list(_iter_transitions(names)))
        decoder.add_fsg("chunk", grammar)
        decoder.activate_search("chunk")
        padded = samples.tobytes() + bytes(2 * PADDING_SAMPLES)
        words = _find_segments(decoder, padded)
        sounds = _find_segments(self._sound_decoder, padded) if words else None
        if not words or not sounds:
            return None
        advantage = _score_frames(sounds) - _score_frames(words)
        return [_measure_word(each, advantage) for each in words if each.word[0] not in "<["]


def _find_segments(decoder: Any, audio: bytes) -> list[Any] | None:  # noqa: ANN401
    """What a decoder finds in raw samples; None for nothing."""
    decoder.start_utt()
    try:
        decoder.process_raw(audio, full_utt=True)
    finally:
        decoder.end_utt()
    return None if decoder.hyp() is None else list(decoder.seg())


def _score_frames(segments: Sequence[Any]) -> "NDArray[float64]":
    """The score of each frame: its share of its segment's."""
    import numpy as np

    lengths = [each.end_frame - each.start_frame + 1 for each in segments]
    scores = [math.log(each.ascore, SCORE_BASE) for each in segments]
    shares = [score / length for score, length in zip(scores, lengths, strict=True)]
    return np.repeat(shares, lengths)


def _measure_word(segment: Any, advantage: "NDArray[float64]") -> FoundWord:  # noqa: ANN401
    name = re.sub(r"\(\d+\)$", "", segment.word)
    frames = segment.end_frame - segment.start_frame + 1
    total = float(advantage[segment.start_frame : segment.end_frame + 1].sum())
    return FoundWord(name, frames, total / math.sqrt(max(frames, MIN_FRAMES)))


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
    likely = 1 - 2 * MISSING_PROBABILITY - REPEATED_PROBABILITY - SWAPPED_PROBABILITY
    between = len(names) + 1
    for state, name in enumerate(names):
        yield state, state + 1, likely, name
        yield state + 1, state + 1, REPEATED_PROBABILITY, name
        if state + 1 < len(names):
            following = names[state + 1]
            yield state, state + 2, MISSING_PROBABILITY, following
            if name != following:
                yield state, between + state, SWAPPED_PROBABILITY, following
                yield between + state, state + 2, 1.0, name
