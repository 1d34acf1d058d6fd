"""Finished files of every format, heard again: as long, as loud and as titled as an MP3 is."""

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from mutagen import File
from mutagen.mp4 import MP4

from mixer.errors import BadOption, RenderFailed
from mixer.formats import FormatName
from mixer.publish.tags import ffmetadata
from tests.mixes import Mixed, Spoken, laid_out
from tests.sounds import (
    MIX_HZ,
    Sound,
    decoded,
    ffmpeg,
    level_db,
    loudness,
    music,
    noise,
    speech,
)

OTHERS: tuple[FormatName, ...] = ("m4a", "m4b", "opus", "flac", "wav")


def mix_of(folder: Path, kind: FormatName, bed: Sound | None = None) -> Mixed:
    """Two chapters of some ten seconds: several segments of one grid step."""
    chunks = [
        Spoken(speech(4.0, seed), gap_ms=800, opens=f"Part {seed}" if seed % 2 == 0 else None)
        for seed in range(4)
    ]
    return laid_out(folder, chunks, bed, kind=kind)


@pytest.fixture(scope="module")
def as_wav(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    mix = mix_of(tmp_path_factory.mktemp("wav"), "wav", music(5.0))
    mix.rendered(segment_grids=None)
    return decoded(mix.path)


@pytest.mark.parametrize("kind", OTHERS)
def test_other_formats_play_the_same_sound_for_the_same_time(
    tmp_path: Path, kind: FormatName, as_wav: Sound
):
    """Segments joined, against raw samples of a serial render."""
    mix = mix_of(tmp_path, kind, music(5.0))
    mix.rendered(segment_grids=1)
    heard = decoded(mix.path, MIX_HZ)
    assert abs(heard.shape[0] - mix.mix_samples(mix.timeline.length)) <= (kind == "opus")
    length = min(len(heard), len(as_wav))
    error_db = level_db(heard[:length] - as_wav[:length]) - level_db(as_wav)
    assert error_db < (-90 if kind in ("flac", "wav") else -20)
    assert loudness(mix.path)[0] == pytest.approx(mix.timeline.mastering.target_lufs, abs=0.3)


@pytest.mark.parametrize("kind", ["m4a", "opus"])
def test_voice_alone_stays_mono_whatever_the_bit_rate(tmp_path: Path, kind: FormatName):
    mix = laid_out(tmp_path, [Spoken(speech(2.0))], kind=kind, bitrate_kbps=320)
    mix.rendered()
    assert File(mix.path).info.channels == 1


@pytest.mark.parametrize("kind", ["flac", "wav"])
def test_segments_of_lossless_formats_join_into_the_bytes_of_a_serial_render(
    tmp_path: Path, kind: FormatName
):
    mix = mix_of(tmp_path, kind, music(5.0))
    mix.rendered(segment_grids=None)
    serial = mix.path.read_bytes()
    mix.rendered(segment_grids=1)
    assert mix.path.read_bytes() == serial


def test_aac_joins_are_as_clean_as_the_rest(tmp_path: Path):
    """What the encoder gets wrong around the seams is no more than what it does elsewhere."""
    seams_s = [6.4 * n for n in range(1, 4)]
    chunk = Spoken(speech(30.0))
    sounds = []
    for kind in ("wav", "m4a"):
        mix = laid_out(tmp_path, [chunk], music(5.0), kind=kind)  # type: ignore[arg-type]
        mix.rendered(segment_grids=1)
        sounds.append(decoded(mix.path))
    error = sounds[1] - sounds[0]
    window = MIX_HZ // 10
    everywhere = [level_db(error[at : at + window]) for at in range(0, len(error), window)]
    seams = [level_db(error[round(s * MIX_HZ) - window // 2 :][:window]) for s in seams_s]
    assert max(seams) < np.percentile(everywhere, 99) + 1


@pytest.mark.parametrize("kind", ["m4a", "m4b", "opus", "flac"])
def test_title_and_chapters_can_be_read_back(tmp_path: Path, kind: FormatName):
    mix = mix_of(tmp_path, kind)
    starts_s = [mix.timeline.seconds(section.start) for section in mix.timeline.sections]
    chapters = list(zip(starts_s, ("One & = #", "Zwei"), strict=True))
    mix.rendered(about=ffmetadata({"title": "Ünïcödé"}, chapters, mix.timeline.duration_s))
    told = ffmpeg(["-i", str(mix.path), "-f", "ffmetadata", "-"]).decode()
    tags = File(mix.path).tags
    assert (tags.get("title") or tags.get("©nam")) == ["Ünïcödé"]
    if kind != "flac":  # its container knows tags only
        assert told.count("[CHAPTER]") == 2
        assert "title=Zwei" in told


def test_m4b_is_told_from_m4a_and_begins_with_its_index(tmp_path: Path):
    mix = mix_of(tmp_path, "m4b")
    mix.rendered()
    content = mix.path.read_bytes()
    assert content[8:12] == b"M4B "
    assert content.index(b"moov") < content.index(b"mdat")
    encoder_delay_s = 1_024 / MIX_HZ
    length_s = mix.timeline.duration_s + encoder_delay_s  # the tag reader knows no edit lists
    assert MP4(mix.path).info.length == pytest.approx(length_s, abs=encoder_delay_s)


def test_wav_beyond_four_gibibytes_is_refused_with_a_hint(tmp_path: Path):
    mix = mix_of(tmp_path, "wav")
    hours = replace(mix.timeline, length=7 * 3_600 * mix.timeline.rate_hz, channels=2)
    with pytest.raises(BadOption, match=r"7\.0 hours need 4\.1 GiB: ask for flac"):
        replace(mix, timeline=hours).rendered()
    assert not mix.path.exists()


@pytest.mark.parametrize("kind", ["flac", "m4b"])
def test_broken_chunk_is_named_and_leaves_nothing(tmp_path: Path, kind: FormatName):
    mix = mix_of(tmp_path, kind)
    (tmp_path / "2.wav").write_bytes(b"no sound")
    with pytest.raises(RenderFailed, match=r"cannot read .*2\.wav"):
        mix.rendered(segment_grids=1)
    assert not mix.path.exists()
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".wav"]


def killed(name: str) -> None:
    """Kill the first FFmpeg whose command holds some word."""
    for _ in range(500):
        for child in psutil.Process().children():
            if any(name in word for word in child.cmdline()):
                os.kill(child.pid, signal.SIGKILL)
                return
        time.sleep(0.01)


@pytest.mark.parametrize(("kind", "word"), [("mp3", "libmp3lame"), ("flac", "samples")])
def test_killed_ffmpeg_is_told_and_leaves_nothing(tmp_path: Path, kind: FormatName, word: str):
    """A segment's, and the one that encodes them all."""
    minutes = [Spoken(noise(60.0, seed)) for seed in range(3)]
    mix = laid_out(tmp_path, minutes, music(5.0), kind=kind)
    before = set(tmp_path.iterdir())
    killer = threading.Thread(target=killed, args=[word])
    killer.start()
    with pytest.raises(RenderFailed, match=r"ended from outside by SIGKILL"):
        mix.rendered(segment_grids=5)
    killer.join()
    assert set(tmp_path.iterdir()) == before
    assert not [each for each in psutil.Process().children() if "ffmpeg" in each.name()]
