"""How far apart the speakers of a cast of five are: Kokoro's against the embedded voice's pitches.

Three measures, each over the same sentences: pitch (median of the voiced frames, in semitones),
formants (medians of the first three by linear prediction, as the mean difference in per cent) and
timbre (Euclidean distance of mean cepstra, the first coefficient left out). The nearest two of a
cast count: they are whom a listener confuses. Needs Kokoro's voices (`mixer voices install`).
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mixer.settings import find_voice_folder
from mixer.sound import ProcessGroup
from mixer.speech import SpeechEngine, VoiceSettings
from mixer.speech.embedded import EmbeddedEngine, decode_audio
from mixer.speech.embedded.kokoro import KokoroEngine

EMBEDDED_CAST = ("Ada", "Ben", "Cora", "Dora", "Eve")
KOKORO_CAST = ("af_heart", "am_michael", "bf_emma", "bm_george", "af_nicole")
SSML = (
    "<speak><s>The lamp in the hall had burned all night.</s> "
    "<s>My uncle keeps his bees behind the church.</s></speak>"
)

RATE_HZ, FRAME, STEP = 10_000, 400, 200
"""Frames of 40 ms; at 10 kHz, five formants lie in the band."""

LPC_ORDER = 12
PITCH_HZ = (60.0, 400.0)
VOICED = 0.45
"""Least height of the autocorrelation's peak, of 1."""

BANDS, CEPSTRA = 24, 13
Samples = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Speaker:
    """The measures of one voice; pitch and formants in Hz."""

    pitch_hz: float
    formants_hz: Samples
    cepstrum: Samples


Measure = Callable[[Speaker, Speaker], float]


def run() -> list[dict[str, object]]:
    """Measure both casts."""
    with closing(EmbeddedEngine(parallelism=1)) as engine:
        embedded = [measure_speaker(engine, name, "embedded") for name in EMBEDDED_CAST]
    with closing(KokoroEngine(find_voice_folder(os.environ), parallelism=1)) as engine:
        kokoro = [measure_speaker(engine, name, "kokoro") for name in KOKORO_CAST]
    measures = {
        "pitch": (pitch_distance, "semitones"),
        "formants": (formant_distance, "%"),
        "timbre": (timbre_distance, ""),
    }
    return [
        _build_row(name, unit, *(find_nearest(cast, measure) for cast in (embedded, kokoro)))
        for name, (measure, unit) in measures.items()
    ]


def _build_row(
    name: str, unit: str, before: tuple[float, float], now: tuple[float, float]
) -> dict[str, object]:
    shown = [f"nearest {least:.1f}, mean {mean:.1f}" for least, mean in (now, before)]
    return {
        "what": f"{name} of five speakers, {unit or 'cepstra'}",
        "measured": f"{shown[0]}; embedded: {shown[1]}",
        "figure": "mean larger than the embedded voice's five",
        "ok": now[1] > before[1],
    }


def find_nearest(cast: Sequence[Speaker], measure: Measure) -> tuple[float, float]:
    """The smallest and the mean distance of two speakers."""
    distances = [measure(one, other) for one, other in combinations(cast, 2)]
    return min(distances), float(np.mean(distances))


def pitch_distance(one: Speaker, other: Speaker) -> float:
    """In semitones."""
    return float(12 * abs(np.log2(one.pitch_hz / other.pitch_hz)))


def formant_distance(one: Speaker, other: Speaker) -> float:
    """In per cent; raised pitch moves the formants of a shifted voice, which counts as well."""
    return float(100 * np.mean(abs(np.log(one.formants_hz / other.formants_hz))))


def timbre_distance(one: Speaker, other: Speaker) -> float:
    """Euclidean."""
    return float(np.linalg.norm(one.cepstrum - other.cepstrum))


def measure_speaker(engine: SpeechEngine, voice: str, name: str) -> Speaker:
    """Measure a voice by the sentences."""
    speech = engine.synthesize(SSML, VoiceSettings(voice, name))
    samples = np.frombuffer(decode_audio(speech.audio, RATE_HZ, ProcessGroup()), "<i2") / 32_768.0
    frames = [each for each in cut_frames(samples) if each.std() > samples.std() / 4]
    voiced = [(each, pitch) for each in frames if (pitch := find_pitch(each)) > 0]
    formants = [found for each, _ in voiced if len(found := find_formants(each)) > 2]  # noqa: PLR2004
    return Speaker(
        float(np.median([pitch for _, pitch in voiced])),
        np.median([each[:3] for each in formants], axis=0),
        np.mean([compute_cepstrum(each) for each in frames], axis=0),
    )


def cut_frames(samples: Samples) -> Iterator[Samples]:
    """Overlapping frames."""
    for start in range(0, len(samples) - FRAME, STEP):
        yield samples[start : start + FRAME]


def find_pitch(frame: Samples) -> float:
    """In Hz, by the autocorrelation; 0 for an unvoiced frame."""
    centred = frame - frame.mean()
    correlation = np.correlate(centred, centred, "full")[FRAME - 1 :]
    low, high = (int(RATE_HZ / hz) for hz in reversed(PITCH_HZ))
    lag = low + int(np.argmax(correlation[low : high + 1]))
    return RATE_HZ / lag if correlation[lag] > VOICED * correlation[0] else 0.0


def find_formants(frame: Samples) -> Samples:
    """Resonances in Hz, ascending, by linear prediction."""
    emphasised = np.append(frame[0], frame[1:] - 0.97 * frame[:-1]) * np.hamming(FRAME)
    correlation = np.correlate(emphasised, emphasised, "full")[FRAME - 1 : FRAME + LPC_ORDER]
    lags = abs(np.subtract.outer(np.arange(LPC_ORDER), np.arange(LPC_ORDER)))
    matrix = correlation[lags] + 1e-9 * np.eye(LPC_ORDER)
    roots = np.roots(np.append(1.0, -np.linalg.solve(matrix, correlation[1:])))
    upper = roots[roots.imag > 0]
    frequencies = np.angle(upper) * RATE_HZ / (2 * np.pi)
    widths = -np.log(abs(upper)) * RATE_HZ / np.pi
    return np.sort(frequencies[(frequencies > 150) & (widths < 500)])  # noqa: PLR2004


def compute_cepstrum(frame: Samples) -> Samples:
    """Mel cepstrum without its first coefficient, the level."""
    power = abs(np.fft.rfft(frame * np.hamming(FRAME))) ** 2
    mel = np.linspace(0, 2_595 * np.log10(1 + RATE_HZ / 1_400), BANDS + 2)
    edges = 700 * (10 ** (mel / 2_595) - 1)
    bins = np.arange(len(power)) * RATE_HZ / FRAME
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    bands = np.log(np.maximum(0, np.minimum(rising, falling)) @ power + 1e-10)
    angles = np.pi / BANDS * np.outer(np.arange(1, CEPSTRA), np.arange(BANDS) + 0.5)
    cepstrum: Samples = np.cos(angles) @ bands
    return cepstrum
