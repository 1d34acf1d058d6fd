"""Finds what can be measured in a recording without knowing its words."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mixer.speech.verification.judgement import Fault, SpeechFault

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    Samples = NDArray[float32]

MIN_SOUNDS_PER_S, MAX_SOUNDS_PER_S = 3.5, 40.0
"""Speech has 10 to 15; an endless take has fewer, one that was cut has more."""

MIN_SOUNDS_FOR_PACE = 20

MIN_CLICK = 0.15
"""Of full scale: the step between two neighbouring samples."""

CLICK_RATIO = 8.0
"""How far a click is above the other steps within `CLICK_WINDOW_S`; in good speech up to 6.4."""

CLICK_S, CLICK_WINDOW_S = 0.001, 0.01
"""On either side: how long a click may be, and what it is compared with."""

MAX_VOICE_DISTANCE_DB = 12.5
"""Between both halves: of their mean spectra, and of their pitches at `OCTAVE_DB` an octave."""

OCTAVE_DB = 15.0
MIN_VOICED_FRAMES = 25
"""In each half, of 40 ms."""

SPECTRUM_BANDS, MIN_BAND = 24, 4
"""Bands of equal ratio, from 100 Hz on."""

MIN_FRAME_POWER, MIN_BAND_POWER = 1 / 300, 1e-5
"""Of the loudest: frames with less do not count, nor do differences of bands below it."""

FRAME_S = 0.04
MIN_PITCH_HZ, MAX_PITCH_HZ = 65, 400
MIN_VOICING = 0.6
"""The autocorrelation from which a frame counts as voiced."""


def find_sound_faults(samples: "Samples", rate_hz: int, sounds: int) -> Iterator[Fault]:
    """Find faults of a recording.

    Args:
        samples: within ±1.
        sounds: how many it should contain.
    """
    speech_s = _measure_speech(samples, rate_hz)
    pace = sounds / max(speech_s, FRAME_S)
    if sounds >= MIN_SOUNDS_FOR_PACE and not MIN_SOUNDS_PER_S <= pace <= MAX_SOUNDS_PER_S:
        yield Fault(SpeechFault.PACE)
    if _has_click(samples, rate_hz):
        yield Fault(SpeechFault.CLICK)
    if _has_two_voices(samples, rate_hz):
        yield Fault(SpeechFault.VOICE)


def _measure_speech(samples: "Samples", rate_hz: int) -> float:
    """Seconds that are not more than 40 dB below the loudest frame."""
    import numpy as np

    frames = _split_frames(samples, rate_hz)
    levels = np.sqrt((frames**2).mean(axis=1)) if len(frames) else np.zeros(0, np.float32)
    return float((levels > levels.max(initial=0) / 100).sum()) * FRAME_S


def _split_frames(samples: "Samples", rate_hz: int) -> "Samples":
    length = round(FRAME_S * rate_hz)
    return samples[: len(samples) // length * length].reshape(-1, length)


def _has_click(samples: "Samples", rate_hz: int) -> bool:
    """Whether a single step stands out of its surroundings, as at a bad join."""
    import numpy as np

    steps = np.abs(np.diff(samples))
    own, window = round(CLICK_S * rate_hz), round(CLICK_WINDOW_S * rate_hz)
    for at in map(int, np.flatnonzero(steps > MIN_CLICK)):
        before = steps[max(0, at - window) : max(0, at - own)]
        nearby = max(before.max(initial=0), steps[at + own + 1 : at + window].max(initial=0))
        if steps[at] > CLICK_RATIO * nearby:
            return True
    return False


def _has_two_voices(samples: "Samples", rate_hz: int) -> bool:
    """Whether pitch and spectrum of the first half and of the second are far apart."""
    import numpy as np

    half = len(samples) // 2
    parts = (samples[:half], samples[half:])
    pitches = [_find_pitches(part, rate_hz) for part in parts]
    if min(map(len, pitches)) < MIN_VOICED_FRAMES:
        return False
    low, high = sorted(float(np.median(each)) for each in pitches)
    first, second = (_measure_spectrum(part, rate_hz) for part in parts)
    timbre_db = float(np.sqrt(np.mean((first - second) ** 2)))
    return OCTAVE_DB * math.log2(high / low) + timbre_db > MAX_VOICE_DISTANCE_DB


def _measure_spectrum(samples: "Samples", rate_hz: int) -> "Samples":
    """The mean level of each band in dB, whatever the loudness."""
    import numpy as np

    frames = _split_frames(samples, rate_hz)
    power = np.abs(np.fft.rfft(frames * np.hanning(frames.shape[1]))) ** 2
    energy = power.sum(axis=1)
    power = power[energy > energy.max(initial=0) * MIN_FRAME_POWER]
    edges = np.unique(np.geomspace(MIN_BAND, power.shape[1] - 1, SPECTRUM_BANDS).astype(int))
    bands = np.add.reduceat(power, edges[:-1], axis=1).mean(axis=0) / np.diff(edges)
    levels = 10 * np.log10(np.maximum(bands, max(bands.max(initial=0), 1e-12) * MIN_BAND_POWER))
    return np.asarray(levels - levels.mean(), dtype=np.float32)


def _find_pitches(samples: "Samples", rate_hz: int) -> "Samples":
    """The pitch of each voiced frame, in Hz, by autocorrelation."""
    import numpy as np

    frames = _split_frames(samples, rate_hz)
    centred = frames - frames.mean(axis=1, keepdims=True)
    size = 2 * frames.shape[1]
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    correlation = np.fft.irfft(power)[:, : frames.shape[1]]
    energy = np.maximum(correlation[:, :1], 1e-9)
    shortest, longest = rate_hz // MAX_PITCH_HZ, rate_hz // MIN_PITCH_HZ
    lags = (correlation / energy)[:, shortest:longest]
    voiced = (lags.max(axis=1) > MIN_VOICING) & (energy[:, 0] > energy.max(initial=0) / 1_000)
    return np.asarray(rate_hz / (lags.argmax(axis=1)[voiced] + shortest), dtype=np.float32)
