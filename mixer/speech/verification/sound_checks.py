"""Finds what can be measured in a recording without knowing its words."""

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

MIN_CLICK = 0.2
"""Of full scale: the step between two neighbouring samples."""

CLICK_RATIO = 12.0
"""How far a click is above the other steps within `CLICK_WINDOW_S`."""

CLICK_WINDOW_S = 0.01

MAX_PITCH_RATIO = 1.6
"""Between the medians of both halves: eight semitones, more than a sentence's melody moves it."""

MIN_VOICED_FRAMES = 40
"""In each half, of 40 ms."""

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
    window = round(CLICK_WINDOW_S * rate_hz)
    for at in map(int, np.flatnonzero(steps > MIN_CLICK)):
        nearby = np.sort(steps[max(0, at - window) : at + window])[-3:-1]
        if steps[at] > CLICK_RATIO * nearby.mean():
            return True
    return False


def _has_two_voices(samples: "Samples", rate_hz: int) -> bool:
    """Whether the pitch of the first half and of the second are far apart."""
    import numpy as np

    half = len(samples) // 2
    pitches = [_find_pitches(part, rate_hz) for part in (samples[:half], samples[half:])]
    if min(map(len, pitches)) < MIN_VOICED_FRAMES:
        return False
    low, high = sorted(float(np.median(each)) for each in pitches)
    return high > low * MAX_PITCH_RATIO


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
