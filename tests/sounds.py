"""Sounds made in tests, and an ear that is not the project's own.

Sounds are arrays of floats between -1 and 1, one row per sample where they have more than one
channel. `write` puts them into a file of any format, `decoded` reads any file back:

    path = write(tmp_path / "chunk.mp3", speech(4.0), 24_000)
    samples = decoded(path, rate_hz=44_100)

The ear decodes with FFmpeg, or pydub where a test asks for it, and judges with numpy alone.
"""

import functools
import io
import subprocess
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ParamSpec

import numpy as np
from numpy.typing import NDArray

from mixer.sound.ffmpeg import GLOBAL_OPTIONS, binary_path

Sound = NDArray[np.float64]
Arguments = ParamSpec("Arguments")

KEPT_SOUNDS = 24
"""Of each kind; a minute of music takes 42 MB."""

VOICE_HZ = 24_000
"""What most engines speak at."""

MIX_HZ = 44_100

SYLLABLE_S = (0.09, 0.22)
PAUSE_S = (0.12, 0.35)
PITCHES_HZ = (110.0, 123.0, 98.0, 131.0)
HARMONICS = 24

CHORDS_HZ = ((220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6))
CHORD_S = 2.0

MU_LAW = ("-c:a", "pcm_mulaw")
LPC_ORDER = 32


def gain_factor(level_db: float) -> float:
    """A level in dB as a factor."""
    return float(10 ** (level_db / 20))


def level_db(sound: Sound) -> float:
    """Root mean square in dBFS; -inf for silence."""
    power = float(np.mean(np.square(sound))) if sound.size else 0.0
    return 10 * np.log10(power) if power else -np.inf


def silence(seconds: float, rate_hz: int = VOICE_HZ) -> Sound:
    """Nothing."""
    return np.zeros(round(seconds * rate_hz))


def tone(seconds: float, hz: float = 440.0, rate_hz: int = VOICE_HZ, peak_db: float = -12) -> Sound:
    """A sine."""
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    return gain_factor(peak_db) * np.sin(2 * np.pi * hz * times)


def noise(seconds: float, seed: int = 1, rate_hz: int = VOICE_HZ, rms_db: float = -20) -> Sound:
    """White noise, its peaks kept under full scale."""
    drawn = np.random.default_rng(seed).standard_normal(round(seconds * rate_hz))
    return np.clip(gain_factor(rms_db) * drawn, -0.99, 0.99)


def bursts(
    onsets_s: Sequence[float], total_s: float, rate_hz: int = VOICE_HZ, peak_db: float = -9
) -> Sound:
    """Clicks of 30 ms that die away, each unlike the others, beginning exactly at their onsets."""
    sound = silence(total_s, rate_hz)
    for seed, onset_s in enumerate(onsets_s):
        burst = noise(0.03, seed, rate_hz, rms_db=-12) * np.geomspace(
            1, 0.03, round(0.03 * rate_hz)
        )
        start = round(onset_s * rate_hz)
        sound[start : start + burst.size] += burst[: sound.size - start]
    return sound * gain_factor(peak_db) / max(1e-9, float(np.abs(sound).max()))


def _compute_once(make: Callable[Arguments, Sound]) -> Callable[Arguments, Sound]:
    """Keep the latest sounds: many tests begin with the same. Each caller gets a copy."""
    kept = functools.lru_cache(KEPT_SOUNDS)(make)

    @functools.wraps(make)
    def copy_sound(*arguments: Arguments.args, **options: Arguments.kwargs) -> Sound:
        return kept(*arguments, **options).copy()  # type: ignore[arg-type]

    return copy_sound


@_compute_once
def speech(
    seconds: float,
    seed: int = 1,
    rate_hz: int = VOICE_HZ,
    rms_db: float = -26,
    *,
    edges_s: tuple[float, float] = (0.0, 0.0),
) -> Sound:
    """Voiced syllables with short pauses between them, at a level while it speaks.

    Args:
        seconds: in all, silent edges included.
        seed: of the rhythm.
        rate_hz: of the samples.
        rms_db: of all that is not the silent edges.
        edges_s: silence before the first and behind the last syllable.
    """
    draw = np.random.default_rng(seed)
    voice = silence(seconds - sum(edges_s), rate_hz)
    at = 0
    while at < voice.size:
        length = min(round(draw.uniform(*SYLLABLE_S) * rate_hz), voice.size - at)
        voice[at : at + length] = _syllable(length, float(draw.choice(PITCHES_HZ)), rate_hz)
        at += length
        if voice.size - at > rate_hz and draw.random() < 0.3:
            at += round(draw.uniform(*PAUSE_S) * rate_hz)
    voice *= gain_factor(rms_db - level_db(voice))
    before, after = (silence(edge_s, rate_hz) for edge_s in edges_s)
    whole: Sound = np.clip(np.concatenate([before, voice, after]), -1, 1)
    return whole


def _syllable(length: int, pitch_hz: float, rate_hz: int) -> Sound:
    """A vowel: harmonics that fall off, swelling and dying away."""
    times = np.arange(length) / rate_hz
    usable = [n for n in range(1, HARMONICS) if n * pitch_hz < rate_hz / 2.2]
    vowel = sum(np.sin(2 * np.pi * n * pitch_hz * times) / n for n in usable)
    return np.asarray(vowel * np.hanning(length + 2)[1:-1] ** 0.5)


@_compute_once
def music(
    seconds: float,
    rate_hz: int = MIX_HZ,
    rms_db: float = -18,
    *,
    edges_s: tuple[float, float] = (0.0, 0.0),
    channels: int = 2,
) -> Sound:
    """Chords that never pause, slightly apart in two channels.

    Args:
        seconds: in all, silent edges included.
        rate_hz: of the samples.
        rms_db: of all that is not the silent edges.
        edges_s: silence before and behind.
        channels: 1 or 2.
    """
    times = np.arange(round((seconds - sum(edges_s)) * rate_hz)) / rate_hz
    sides = [_chords(times, detune) for detune in (1.0, 1.003)[:channels]]
    played = np.stack(sides, axis=1)
    played *= gain_factor(rms_db - level_db(played))
    before, after = (np.zeros((round(edge * rate_hz), channels)) for edge in edges_s)
    return np.concatenate([before, played, after])


def _chords(times_s: Sound, detune: float) -> Sound:
    """Each chord swells into the next, so that the level stays even."""
    sound = np.zeros_like(times_s)
    for number, chord in enumerate(CHORDS_HZ):
        phase = times_s / CHORD_S - number
        weight = np.maximum(0, np.cos(np.pi / 2 * ((phase + 1.5) % len(CHORDS_HZ) - 1.5)))
        weight[np.abs((phase + 1.5) % len(CHORDS_HZ) - 1.5) >= 1] = 0
        for hz in chord:
            sound += weight * np.sin(2 * np.pi * hz * detune * times_s + number)
    return sound


def surround(sound: Sound) -> Sound:
    """A mono sound in the centre of 5.1 channels."""
    channels = np.zeros((sound.size, 6))
    channels[:, 2] = sound
    return channels


def duplicate_channels(sound: Sound) -> Sound:
    """A mono sound in two channels."""
    return np.stack([sound, sound], axis=1)


def write_sound(path: Path, sound: Sound, rate_hz: int, options: Sequence[str] = ()) -> Path:
    """Put a sound into a file whose name has the format.

    Args:
        path: the file.
        sound: mono, or one row per sample.
        rate_hz: of the samples.
        options: of FFmpeg, for the file: a codec, a bit rate.
    """
    content = _wave(sound, rate_hz)
    if path.suffix == ".wav" and not options:
        path.write_bytes(content)
    else:
        run_ffmpeg(["-f", "wav", "-i", "-", *options, str(path)], content)
    return path


def _wave(sound: Sound, rate_hz: int) -> bytes:
    """A WAV file of 16 bits."""
    packed = io.BytesIO()
    with wave.open(packed, "wb") as file:
        file.setnchannels(1 if sound.ndim == 1 else sound.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.rint(np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())
    return packed.getvalue()


def write_silent_film(path: Path) -> Path:
    """A second of moving picture and nothing to hear."""
    run_ffmpeg(["-f", "lavfi", "-i", "testsrc=duration=1:size=64x64:rate=5", str(path)])
    return path


def decode_audio(path: Path, rate_hz: int | None = None, channels: int | None = None) -> Sound:
    """What a player would play of a file: one row per sample.

    Args:
        path: the file.
        rate_hz: to resample to; the file's own where None.
        channels: in which it is; found out where None.
    """
    channels = channels or _count_channels(path)
    rate = [] if rate_hz is None else ["-ar", str(rate_hz)]
    raw = run_ffmpeg(["-i", str(path), "-map", "0:a:0", *rate, "-f", "f32le", "-"])
    return np.frombuffer(raw, "<f4").astype(np.float64).reshape(-1, channels)


def _count_channels(path: Path) -> int:
    """From the header of a WAV that FFmpeg makes of the beginning."""
    head = run_ffmpeg(["-i", str(path), "-map", "0:a:0", "-frames:a", "1", "-f", "wav", "-"])
    return int.from_bytes(head[22:24], "little")


def run_ffmpeg(arguments: Sequence[str], stdin: bytes = b"") -> bytes:
    """Standard output of an FFmpeg of our own."""
    command = [binary_path(), *(each for each in GLOBAL_OPTIONS if each != "-nostdin"), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout


def measure_loudness(path: Path) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP, as FFmpeg's summary has them."""
    arguments = ["-i", str(path), "-map", "0:a:0", "-af", "ebur128=peak=true:framelog=quiet"]
    command = [binary_path(), "-hide_banner", "-nostats", *arguments, "-f", "null", "-"]
    printed = subprocess.run(command, capture_output=True, check=True).stderr.decode()
    summary = printed[printed.rindex("Integrated loudness") :].split()
    return float(summary[summary.index("I:") + 1]), float(summary[summary.index("Peak:") + 1])


def find_onset(recording: Sound, expected: Sound, near: int, reach: int) -> int:
    """Where in a mono sound an expected one begins, found by correlation.

    Args:
        recording: where to look.
        expected: what to look for, at the same rate.
        near: about where it should begin.
        reach: how far from there to look, both ways.
    """
    first = max(0, near - reach)
    window = recording[first : near + reach + expected.size]
    return first + int(np.argmax(np.correlate(window, expected, "valid")))


def click_db(sound: Sound, at: int, rate_hz: int = MIX_HZ) -> float:
    """How far a click at a sample stands out of its surroundings.

    The residual of a linear predictor fitted to half a second around: what goes on as before is
    predicted, a break is not. The figure is the residual's peak within 5 ms of the sample against
    its 99.9th percentile elsewhere.
    """
    reach, close = rate_hz // 4, rate_hz // 200
    first = max(0, at - reach)
    around = sound[first : at + reach]
    residual = np.abs(_residual(around))
    centre = at - first - LPC_ORDER
    inside = residual[max(0, centre - close) : centre + close]
    outside = np.concatenate([residual[: max(0, centre - close)], residual[centre + close :]])
    return float(20 * np.log10((inside.max() + 1e-9) / (np.percentile(outside, 99.9) + 1e-9)))


def _residual(sound: Sound) -> Sound:
    rows = np.lib.stride_tricks.sliding_window_view(sound, LPC_ORDER + 1)
    weights, *_ = np.linalg.lstsq(rows[:, :-1], rows[:, -1], rcond=1e-6)
    return np.asarray(rows[:, -1] - rows[:, :-1] @ weights)
