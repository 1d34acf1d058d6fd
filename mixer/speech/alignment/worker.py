"""What a worker process of the aligner runs: PocketSphinx, one recording at a time.

Its standard input is a lifeline, as in the embedded engine's worker.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mixer.errors import MixerError
from mixer.sound import ffmpeg
from mixer.speech.alignment.pronunciation import SpokenToken, list_pronunciations, split_tokens
from mixer.speech.workers import serve_requests

RATE_HZ = 16_000
"""Of PocketSphinx's model of American English."""

PADDING_SAMPLES = RATE_HZ * 3 // 10
"""Of silence at the end, without which the last word may not come to its end."""

FRAME_S = 0.01
HALF_WINDOW_S = 0.0128
"""A frame begins half a window before the sound that it describes (25.6 ms, its default)."""

DECODE_TIMEOUT_S = 120.0
"""Many times what the longest chunk takes."""


@dataclass(frozen=True, slots=True)
class AlignmentRequest:
    """A recording, as a whole audio file, and its sentences as spoken."""

    audio: bytes
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WordSpan:
    """A word's sentence and first character there; in seconds of the recording."""

    sentence: int
    char: int
    start_s: float
    end_s: float


AlignmentReply = tuple[WordSpan, ...]
"""Every word, in order; empty where the recording does not fit the sentences."""


def main(descriptor: int) -> None:
    """Answer requests over a connection, given by its descriptor, until the aligner is gone."""
    serve_requests(descriptor, lambda processes: Recognizer(processes).align)


class Recognizer:
    """PocketSphinx with its own model of American English, which is in its wheel."""

    def __init__(self, processes: ffmpeg.ProcessGroup) -> None:
        from pocketsphinx import Decoder

        self._processes = processes
        # `batch`: each recording is normalised by itself, so that equal ones give equal times.
        self._decoder: Any = Decoder(lm=None, samprate=RATE_HZ, cmn="batch", loglevel="FATAL")

    def align(self, request: AlignmentRequest) -> AlignmentReply:
        """Find the words of a recording; nothing where it does not fit, or cannot be decoded."""
        tokens = split_tokens(request.sentences)
        try:
            names = [self._add_word(token.text) for token in tokens]
            if not tokens or not all(names):
                return ()
            return self._pair_segments(tokens, self._decode(names, request.audio))
        except (MixerError, RuntimeError, ValueError):
            return ()

    def _add_word(self, text: str) -> str:
        """The dictionary's name of a word, with all its pronunciations; empty if it has none."""
        look_up = self._decoder.lookup_word
        name = text.lower().replace("’", "'")
        if look_up(name) is not None:
            return name
        for number, sounds in enumerate(list_pronunciations(text, look_up), start=1):
            self._decoder.add_word(name if number == 1 else f"{name}({number})", sounds, True)
        return name if look_up(name) is not None else ""

    def _decode(self, names: Sequence[str], audio: bytes) -> list[tuple[float, float]]:
        """Spans in seconds of the words that were found."""
        decoder = self._decoder
        decoder.set_align_text(" ".join(names))
        decoder.start_utt()
        try:
            decoder.process_raw(self._read_samples(audio), full_utt=True)
        finally:
            decoder.end_utt()
        segments = decoder.seg() if decoder.hyp() is not None else ()
        return [
            (each.start_frame * FRAME_S + HALF_WINDOW_S, each.end_frame * FRAME_S + HALF_WINDOW_S)
            for each in segments or ()
            if each.word[0] not in "<[("
        ]

    def _read_samples(self, audio: bytes) -> bytes:
        output = ["-f", "s16le", "-ac", "1", "-ar", str(RATE_HZ), "pipe:1"]
        command = [*ffmpeg.confine_stdin(), *output]
        samples = ffmpeg.run(
            command, stdin=audio, timeout_s=DECODE_TIMEOUT_S, processes=self._processes
        ).stdout
        return samples + bytes(2 * PADDING_SAMPLES)

    @staticmethod
    def _pair_segments(
        tokens: Sequence[SpokenToken], spans: Sequence[tuple[float, float]]
    ) -> AlignmentReply:
        if len(tokens) != len(spans):
            return ()
        return tuple(
            WordSpan(token.sentence, token.char, start_s, end_s)
            for token, (start_s, end_s) in zip(tokens, spans, strict=True)
        )
