"""The embedded voice itself: text to samples, with the time of every word.

Runs inside worker processes only. hibari-tts supplies the model (weights in its wheel) and the
synthesis from spectra; this module feeds it pieces of bounded length and reads the length of every
phoneme from inside the model, which its own API hides.

The one voice becomes five: a voice of factor k is synthesized at speed / k and stretched by 1 / k,
which shifts pitch and formants together without a vocoder's artefacts.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from hibari import dsp
from hibari.voices import voice_path
from numpy.typing import NDArray

from mixer.sound import SILENCE_DBFS
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

GAIN_DB = 6.0
"""It speaks at about -26 LUFS."""

LIMIT_KNEE = 0.7
"""Of full scale: below it nothing changes; only a few peaks exceed it."""

LIMIT_CEILING = 0.89
"""Of full scale, -1 dB: no peak exceeds it."""

LEAD_SAMPLES = RATE_HZ * 10 // 1000
TAIL_SAMPLES = RATE_HZ * 15 // 1000
"""What is kept of the quiet around speech, fading: short, so that a silence is as long at any
sensible threshold. Of 40 sentences, the last 10 dB of decay took 15 ms more, at most 34.
"""

FADE_SAMPLES = RATE_HZ * 5 // 1000
"""The shortest fade, where speech fills the samples to their edge."""

SPEECH_LEVEL = 10 ** (SILENCE_DBFS / 20)

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PhraseAudio:
    """A phrase as mono samples at RATE_HZ, none when it cannot be read; and its words.

    `lead` and `tail` are the quiet samples before and after the speech.
    """

    samples: Samples
    lead: int = 0
    tail: int = 0
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
        pieces = split_phonemes(phonemes.text, rate / pitch)
        return join_pieces(
            text, phonemes, pieces, lambda each: self._synthesize_piece(each, pitch, rate)
        )

    def _synthesize_piece(
        self, phonemes: str, pitch: float, rate: float
    ) -> tuple[Samples, NDArray[np.int64]]:
        """Levelled samples of a piece, the start of each phoneme, and the end of the last."""
        ids = [0, *(self._phonemizer.ids[each] for each in phonemes), 0]
        inputs = {"ids": np.array([ids], np.int64), "speed": np.array([rate / pitch], np.float32)}
        *spectra, durations = self._session.run(None, inputs)
        samples = dsp.synth(*(each[0] for each in spectra), np.random.default_rng(SEED))
        samples = _resample(samples, round(len(samples) / pitch))
        bounds = np.cumsum(durations.reshape(-1)) * DURATION_SAMPLES / pitch - LATENCY_SAMPLES
        return level_samples(samples, GAIN_DB), bounds.astype(np.int64)


def level_samples(samples: Samples, gain_db: float) -> Samples:
    """Apply a gain, and bend peaks below LIMIT_CEILING: the same for a sentence in any chunk."""
    lifted = samples * np.float32(10 ** (gain_db / 20))
    excess = np.abs(lifted) - LIMIT_KNEE
    room = LIMIT_CEILING - LIMIT_KNEE
    bent = np.sign(lifted) * (LIMIT_KNEE + room * np.tanh(np.maximum(excess, 0) / room))
    return np.where(excess > 0, bent, lifted).astype(np.float32)


def join_pieces(
    text: MappedText,
    phonemes: Phonemes,
    pieces: Iterable[PhonemeSpan],
    synthesize: Callable[[str], tuple[Samples, NDArray[np.int64]]],
) -> PhraseAudio:
    """Synthesize the pieces of a phrase, each cut to its speech, with their pauses between."""
    sounds: list[Samples] = [np.zeros(0, np.float32)]
    timings: list[TokenTiming] = []
    lead, tail, pause = 0, 0, 0
    for piece in pieces:
        samples, bounds = synthesize(phonemes.text[piece.start : piece.end])
        edges = find_speech(samples)
        if edges is None:
            continue
        lead = edges.lead if len(sounds) == 1 else lead
        sounds.append(np.zeros(max(0, pause - tail - edges.lead), np.float32))
        spoken = np.clip(bounds - edges.start, edges.lead, edges.end - edges.start - edges.tail)
        timings += time_tokens(phonemes, piece, spoken + sum(map(len, sounds)))
        sounds.append(fade_edges(samples, edges))
        tail, pause = edges.tail, RATE_HZ * piece.pause_ms // 1000
    return PhraseAudio(np.concatenate(sounds), lead, tail, tuple(align_words(text, timings)))


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


@dataclass(frozen=True, slots=True)
class SpeechEdges:
    """Which samples to keep; `lead` and `tail` of them are the quiet around the speech."""

    start: int
    end: int
    lead: int
    tail: int


def find_speech(samples: Samples) -> SpeechEdges | None:
    """Where speech begins and ends, with a little of the quiet around it; None for silence."""
    loud = np.flatnonzero(np.abs(samples) > SPEECH_LEVEL)
    if not len(loud):
        return None
    first, after = int(loud[0]), int(loud[-1]) + 1
    lead, tail = min(first, LEAD_SAMPLES), min(len(samples) - after, TAIL_SAMPLES)
    return SpeechEdges(first - lead, after + tail, lead, tail)


def fade_edges(samples: Samples, edges: SpeechEdges) -> Samples:
    """Cut to the edges, fading in and out over the quiet."""
    samples = samples[edges.start : edges.end].copy()
    fade_in, fade_out = (
        min(max(quiet, FADE_SAMPLES), len(samples) // 2) for quiet in (edges.lead, edges.tail)
    )
    samples[:fade_in] *= np.linspace(0, 1, fade_in, dtype=np.float32)
    samples[len(samples) - fade_out :] *= np.linspace(1, 0, fade_out, dtype=np.float32)
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
