"""Faults that are found without knowing the words, in signals made here."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mixer.speech.verification.judgement import SpeechFault
from mixer.speech.verification.sound_checks import find_sound_faults

RATE_HZ = 16_000
Samples = NDArray[np.float32]


def buzz(pitch_hz: float, seconds: float) -> Samples:
    """A voiced sound: the harmonics of a pitch, in syllables of a quarter of a second."""
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    tone = sum(np.sin(2 * np.pi * pitch_hz * n * times) / n for n in range(1, 8))
    syllables = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * times)
    return np.float32(0.2 * tone * syllables)


def add_click(samples: Samples) -> Samples:
    clicked = samples.copy()
    clicked[len(samples) // 3 :] += np.float32(0.5)
    return clicked


def add_tick(samples: Samples) -> Samples:
    """One sample, in a pause, as a lost packet leaves it."""
    pause = np.zeros(RATE_HZ // 2, np.float32)
    pause[len(pause) // 2] = 0.3
    return np.concatenate([samples, pause, samples])


STEADY = buzz(120, 6.0)


@pytest.mark.parametrize(
    ("samples", "sounds", "kinds"),
    [
        (STEADY, 70, []),
        (STEADY * np.float32(0.01), 70, []),
        (STEADY, 10, []),
        (STEADY, 20, [SpeechFault.PACE]),
        (STEADY, 400, [SpeechFault.PACE]),
        (add_click(STEADY), 70, [SpeechFault.CLICK]),
        (add_tick(STEADY), 140, [SpeechFault.CLICK]),
        (np.concatenate([STEADY, buzz(220, 6.0)]), 140, [SpeechFault.VOICE]),
        (np.concatenate([STEADY, buzz(130, 6.0)]), 140, []),
        (np.zeros(0, np.float32), 0, []),
        (np.zeros(RATE_HZ, np.float32), 0, []),
    ],
)
def test_fault_is_found_by_measurement(
    samples: Samples, sounds: int, kinds: list[SpeechFault]
) -> None:
    assert [each.kind for each in find_sound_faults(samples, RATE_HZ, sounds)] == kinds
