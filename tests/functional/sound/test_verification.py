"""The finished file judged: agrees with FFmpeg's own summary and with the samples."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from mixer.errors import OutOfTime, RenderFailed
from mixer.formats import FormatName
from mixer.sound.analysis.verification import verify
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.render.segment_cache import SegmentCache
from mixer.sound.render.store_join import StreamJoin
from mixer.store.folder import FolderStore
from tests.mixes import ChunkSpec, prepare_mix
from tests.sounds import (
    MIX_HZ,
    Sound,
    decode_audio,
    measure_loudness,
    music,
    noise,
    silence,
    speech,
    tone,
    write_sound,
)

COLUMNS = 200


@pytest.mark.parametrize(
    "sound",
    [
        partial(music, 6.0),
        partial(speech, 6.0, rate_hz=MIX_HZ),
        partial(noise, 6.0, rate_hz=MIX_HZ),
    ],
)
def test_loudness_and_peak_are_what_a_listener_gets(tmp_path: Path, sound: Callable[[], Sound]):
    path = write_sound(tmp_path / "mix.mp3", sound(), MIX_HZ, ("-b:a", "128k"))
    found = verify(path, 6.0, COLUMNS)
    integrated_lufs, true_peak_dbtp = measure_loudness(path)
    assert found.integrated_lufs == pytest.approx(integrated_lufs, abs=0.15)
    assert found.true_peak_dbtp == pytest.approx(true_peak_dbtp, abs=0.1)
    assert len(found.momentary_lufs) == pytest.approx(60, abs=1)


def test_outline_shows_the_extremes_of_each_column(tmp_path: Path):
    sound = np.concatenate([tone(1.0, 441, MIX_HZ, -6), silence(1.0, MIX_HZ) + 0.25])
    path = write_sound(tmp_path / "mix.wav", sound, MIX_HZ)
    found = verify(path, 2.0, COLUMNS)
    samples = decode_audio(path)[:, 0]
    width = samples.size // COLUMNS
    expected = [
        (samples[at : at + width].min(), samples[at : at + width].max())
        for at in range(0, samples.size, width)
    ]
    assert np.abs(np.array(found.peaks) - np.array(expected)).max() < 1e-3


@pytest.mark.parametrize("channels", [1, 2])
def test_levels_are_those_of_the_samples(tmp_path: Path, channels: int):
    """In every block, from a loud one to the noise that an audiobook may have, and in silence."""
    loud, quiet = noise(1.0, rate_hz=MIX_HZ), noise(1.0, 1, rate_hz=MIX_HZ, rms_db=-70)
    sound = np.concatenate([loud, quiet, silence(1.0, MIX_HZ)])
    sound = np.stack([sound, 0.1 * sound], axis=1)[:, :channels]
    path = write_sound(tmp_path / "mix.wav", sound, MIX_HZ)
    found = verify(path, 3.0, COLUMNS)
    samples = decode_audio(path)
    size = round(found.block_s * MIX_HZ)
    starts = range(0, 2 * MIX_HZ - size, size)
    expected = [10 * np.log10(np.mean(samples[at : at + size] ** 2)) for at in starts]
    assert found.levels_dbfs[: len(expected)] == pytest.approx(expected, abs=0.05)
    assert set(found.levels_dbfs[-(MIX_HZ // size - 1) :]) == {-np.inf}


def test_silence_has_a_check_too(tmp_path: Path):
    found = verify(write_sound(tmp_path / "mix.mp3", silence(2.0, MIX_HZ), MIX_HZ), 2.0, COLUMNS)
    assert found.integrated_lufs is None
    assert found.true_peak_dbtp < -80
    assert all(abs(low) < 1e-3 and abs(high) < 1e-3 for low, high in found.peaks)


def test_short_file_has_as_many_columns_as_it_has_samples_for(tmp_path: Path):
    found = verify(
        write_sound(tmp_path / "mix.wav", tone(0.5, rate_hz=MIX_HZ), MIX_HZ), 0.5, 100_000
    )
    assert len(found.peaks) == MIX_HZ // 2


def test_file_without_sound_is_told(tmp_path: Path):
    (tmp_path / "mix.mp3").write_bytes(b"nothing")
    with pytest.raises(RenderFailed):
        verify(tmp_path / "mix.mp3", 1.0, COLUMNS)


def test_stopped_job_checks_nothing(tmp_path: Path):
    children = ProcessGroup()
    children.stop()
    with pytest.raises(OutOfTime):
        verify(
            write_sound(tmp_path / "mix.wav", tone(1.0), 24_000), 1.0, COLUMNS, processes=children
        )


@pytest.mark.parametrize("kind", ["mp3", "m4b"])
def test_segments_together_measure_what_the_whole_file_does(tmp_path: Path, kind: FormatName):
    chunks = [ChunkSpec(speech(11.0)) for _ in range(2)]
    mix = prepare_mix(tmp_path, chunks, music(5.0), kind=kind)
    cache, duration_s = SegmentCache(FolderStore(tmp_path / "store")), mix.timeline.duration_s
    keys = mix.render(segment_grids=5, cache=cache)
    joined = StreamJoin(cache.store, mix.timeline, mix.encoding, None, COLUMNS, ProcessGroup())
    parts = joined.verify(cache.require_all(keys))
    whole = verify(mix.path, duration_s, COLUMNS)
    assert len(keys) > 2
    assert parts.integrated_lufs == pytest.approx(whole.integrated_lufs, abs=0.05)
    shared = min(len(parts.momentary_lufs), len(whole.momentary_lufs))
    assert max(len(parts.momentary_lufs), len(whole.momentary_lufs)) <= shared + 1
    windows = [np.array(each.momentary_lufs[:shared]) for each in (parts, whole)]
    assert np.median(np.abs(windows[0] - windows[1])) < 1.0  # a window is up to 50 ms off
    assert parts.true_peak_dbtp == pytest.approx(whole.true_peak_dbtp, abs=0.15)
    assert parts.rms_dbfs == pytest.approx(whole.rms_dbfs, abs=0.05)
    assert len(parts.peaks) == len(whole.peaks) == COLUMNS
    assert np.abs(np.array(parts.peaks) - np.array(whole.peaks)).mean() < 0.04
