"""`mixer inspect`, and the rules of presets on finished files."""

import json
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mixer.parallel import usable_cores
from mixer.services.inspection import collect_figures, draw_picture, inspect
from mixer.sound.ffmpeg import ProcessGroup, binary_path
from mixer.stories.report import Report, format_report
from tests.commands import InProcessCli
from tests.mixes import ChunkSpec, prepare_mix
from tests.sounds import MIX_HZ, decode_audio, level_db, music, noise, speech, write_sound


def narration(folder: Path, seed: int) -> Path:
    """A voice of its own level, rhythm and recording noise, as the preset makes it."""
    folder.mkdir()
    draw = random.Random(seed)
    rate_hz = draw.choice([16_000, 22_050, 24_000, 44_100])
    hiss_db = draw.uniform(-85, -72)
    chunks = []
    for number in range(draw.randint(2, 4)):
        seconds = draw.uniform(2, 5)
        spoken = speech(seconds, 10 * seed + number, rate_hz, draw.uniform(-32, -20))
        chunks.append(
            ChunkSpec(
                spoken + noise(spoken.size / rate_hz, seed, rate_hz, hiss_db)[: spoken.size],
                rate_hz,
                gap_ms=draw.randint(300, 2_500),
            )
        )
    mix = prepare_mix(folder, chunks, preset="audiobook-acx")
    mix.render(workers=1)
    return mix.path


def test_ten_narrations_keep_every_rule_of_the_audiobook_shop(tmp_path: Path):
    def broken(seed: int) -> list[str]:
        path = narration(tmp_path / str(seed), seed)
        found = inspect(path, "audiobook-acx", None, ProcessGroup())
        assert len(found.rules) == 9
        return [f"{seed} {rule.name} {rule.measured}" for rule in found.rules if not rule.passed]

    with ThreadPoolExecutor(usable_cores()) as pool:
        assert [each for found in pool.map(broken, range(10)) for each in found] == []


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mix with its report beside it."""
    folder = tmp_path_factory.mktemp("mixed")
    chunks = [ChunkSpec(speech(4.0, seed), gap_ms=1_500) for seed in range(2)]
    mix = prepare_mix(folder, chunks, music(6.0))
    mix.render()
    report = Report("", "", "", "", 0.0, None, None, -18.0, 2, 0, 0, music_peak_dbtp=-8.0,
                    timeline=mix.timeline)  # fmt: skip
    mix.path.with_suffix(".json").write_text(format_report(report), encoding="utf-8")
    return mix.path


def test_figures_are_those_of_another_ear(mixed: Path):
    found = collect_figures(inspect(mixed, None, None, ProcessGroup()))
    heard = decode_audio(mixed)
    said = subprocess.run(
        [binary_path(), "-i", str(mixed), "-af", "ebur128=peak=true", "-f", "null", "-"],
        capture_output=True,
        check=True,
    ).stderr.decode()
    summary = said[said.rindex("Integrated loudness") :].split()
    for name, label, within in (
        ("integrated_loudness_lufs", "I:", 0.1),
        ("loudness_range_lu", "LRA:", 0.6),
        ("true_peak_dbtp", "Peak:", 0.1),
    ):
        assert found[name] == pytest.approx(float(summary[summary.index(label) + 1]), abs=within)
    half = MIX_HZ // 2
    quietest = min(
        level_db(heard[at : at + half]) for at in range(0, len(heard) - half + 1, half // 100)
    )
    assert found["noise_floor_dbfs"] == pytest.approx(quietest, abs=1.0)
    assert found["rms_dbfs"] == pytest.approx(level_db(heard), abs=0.1)
    assert found["duration_s"] == pytest.approx(len(heard) / MIX_HZ, abs=0.001)


def test_the_timeline_beside_a_file_shows_speech_and_music(mixed: Path, tmp_path: Path):
    found = inspect(mixed, None, None, ProcessGroup())
    assert found.timeline is not None
    (tmp_path / "with.png").write_bytes(draw_picture(found))
    alone = inspect(mixed, None, tmp_path / "none.json", ProcessGroup())
    assert alone.timeline is None
    (tmp_path / "alone.png").write_bytes(draw_picture(alone))
    assert (tmp_path / "with.png").read_bytes() != (tmp_path / "alone.png").read_bytes()
    with Image.open(tmp_path / "with.png") as drawn:
        row = np.asarray(drawn.convert("RGB"))[342]
    spoken = (row == (255, 122, 102)).all(axis=1)
    assert 0.4 < spoken.mean() < 0.8


@pytest.fixture
def mixer(capsys: pytest.CaptureFixture[str]) -> InProcessCli:
    return InProcessCli(capsys)


def test_the_command_tells_figures_and_broken_rules(
    mixed: Path, tmp_path: Path, mixer: InProcessCli
):
    kept = mixer("inspect", str(mixed), "--preset", "story", "--picture", str(tmp_path / "a.png"))
    assert kept.code == 0
    assert "BROKEN" not in kept.out
    with Image.open(tmp_path / "a.png") as drawn:
        assert drawn.size == (1600, 560)
    broken = mixer("inspect", str(mixed), "--preset", "broadcast", "--json")
    assert broken.code == 1
    assert "integrated_loudness_lufs" in broken.err
    told = json.loads(broken.out)
    assert [rule["passed"] for rule in told["rules"]] == [False, True]


def test_silence_is_measured_too(tmp_path: Path):
    path = write_sound(tmp_path / "silence.wav", np.zeros(MIX_HZ), MIX_HZ)
    found = inspect(path, "audiobook-acx", None, ProcessGroup())
    assert collect_figures(found)["integrated_loudness_lufs"] is None
    assert not all(rule.passed for rule in found.rules)
    assert draw_picture(found)


def test_what_is_no_sound_is_named(tmp_path: Path, mixer: InProcessCli):
    (tmp_path / "notes.mp3").write_text("no sound")
    told = mixer("inspect", str(tmp_path / "notes.mp3"))
    assert told.code == 1
    assert "notes.mp3" in told.err
