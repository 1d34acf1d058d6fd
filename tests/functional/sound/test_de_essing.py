"""De-essing, measured on syllables with hissing among them: less of it, and no less voice."""

from pathlib import Path

import numpy as np
import pytest

from mixer.requests import parse_options
from mixer.sound.presets import RADIO
from mixer.stories.mix_options import mix_style
from tests.mixes import ChunkSpec, prepare_mix
from tests.sounds import MIX_HZ, VOICE_HZ, Sound, decode_audio, gain_factor, noise, speech

HISS_HZ, VOICE_BAND_HZ = (5_000, 9_000), (80, 4_000)
HISS_S, EVERY_S, SECONDS = 0.12, 0.6, 6.0


def make_hissing_voice(rms_db: float) -> Sound:
    """A voice whose hissing is nearly as loud as its vowels."""
    voice = speech(SECONDS, 1, rms_db=-26)
    hiss = np.fft.rfft(noise(SECONDS, 3, rms_db=-12))
    at_hz = np.fft.rfftfreq(voice.size, 1 / VOICE_HZ)
    hiss[(at_hz < HISS_HZ[0]) | (at_hz > HISS_HZ[1])] = 0
    samples = np.zeros(voice.size)
    length = round(HISS_S * VOICE_HZ)
    for at_s in np.arange(0.4, SECONDS - 0.2, EVERY_S):
        start = round(at_s * VOICE_HZ)
        samples[start : start + length] = np.hanning(length)
    return (voice + samples * np.fft.irfft(hiss, voice.size)) * gain_factor(rms_db + 26)


def band_db(sound: Sound, band_hz: tuple[int, int]) -> float:
    """Level of a sound between two frequencies."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    at_hz = np.fft.rfftfreq(sound.size, 1 / MIX_HZ)
    return 10 * np.log10(power[(at_hz >= band_hz[0]) & (at_hz < band_hz[1])].sum())


def change_db(folder: Path, sound: Sound, de_ess: float) -> tuple[float, float]:
    """By how much it changes the hissing, and the voice, in the finished file at one gain."""
    levels = []
    for number, strength in enumerate((0.0, de_ess)):
        place = folder / str(number)
        place.mkdir(parents=True)
        mix = prepare_mix(place, [ChunkSpec(sound)], bitrate_kbps=192, de_ess=strength)
        assert mix.timeline.treatment.de_ess == strength
        mix.render()
        samples = decode_audio(mix.path)[:, 0]
        levels.append([band_db(samples, HISS_HZ), band_db(samples, VOICE_BAND_HZ)])
    return levels[1][0] - levels[0][0], levels[1][1] - levels[0][1]


def test_hissing_is_held_down_and_the_voice_is_left_however_loud_they_are(tmp_path: Path):
    taken = [
        change_db(tmp_path / f"{each}", make_hissing_voice(each), 0.5)
        for each in (-32.0, -26.0, -20.0)
    ]
    hiss_db = [each for each, _ in taken]
    assert max(hiss_db) < -3.0
    assert max(hiss_db) - min(hiss_db) < 1.0
    assert max(abs(voice_db) for _, voice_db in taken) < 0.5


def test_voice_without_hissing_stays_as_it_is(tmp_path: Path):
    _, voice_db = change_db(tmp_path, speech(SECONDS, 2), 0.5)
    assert voice_db == pytest.approx(0.0, abs=0.1)


def test_more_holds_down_more(tmp_path: Path):
    taken = [
        change_db(tmp_path / f"{each}", make_hissing_voice(-26.0), each)[0] for each in (0.5, 1.0)
    ]
    assert taken[1] < taken[0] - 1.0 < -1.0


def test_options_of_a_request_reach_the_mix():
    asked = parse_options({"de_ess": 0.4, "duck_hold_s": 1.5})
    style = mix_style(asked)
    assert (style.de_ess, style.envelope.hold_s) == (0.4, 1.5)
    assert (style.envelope.attack_s, style.envelope.release_s) == (RADIO.attack_s, RADIO.release_s)
    assert mix_style(parse_options({})).envelope == RADIO
