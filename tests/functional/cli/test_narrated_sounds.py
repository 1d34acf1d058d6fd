"""Sounds beside a story on the command line: found, played where they belong, or refused first."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import InProcessCli, run
from tests.sounds import MIX_HZ, noise, tone, write_sound

TEXT = """---
title: Gate
music: sea.wav, level -18
sounds:
  bell: more/bell.wav
---
# One

It was late at the gate, and the bell [[sound bell]] rang twice.

[[sting bell]]

# Two

[[music off]]

Nobody came.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a story and its sounds."""
    (tmp_path / "tale/more").mkdir(parents=True)
    write_sound(tmp_path / "tale/sea.wav", noise(4.0, rate_hz=MIX_HZ), MIX_HZ)
    write_sound(tmp_path / "tale/more/bell.wav", tone(0.8, 880.0, MIX_HZ), MIX_HZ)
    (tmp_path / "tale/story.md").write_text(TEXT, encoding="utf-8")
    return tmp_path


@pytest.fixture
def mixer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> InProcessCli:
    monkeypatch.chdir(folder)
    return InProcessCli(capsys)


def test_sounds_are_played_where_the_text_wants_them(folder: Path):
    done = run("narrate", "tale/story.md", "--store", "store", "--out", "a.mp3", cwd=folder)
    assert done.code == 0, done.err
    report = json.loads((folder / "a.json").read_text(encoding="utf-8"))
    timeline = report["timeline"]
    sea, *once = timeline["cues"]
    assert (sea["source"], sea["plays_once"], sea["start"]) == ("sea.wav", False, 0)
    assert [cue["source"] for cue in once] == ["more/bell.wav"] * 2
    under, sting = once
    _, told, second, _ = timeline["clips"]
    assert told["start"] + told["length"] / 3 < under["start"] < told["start"] + told["length"]
    assert told["start"] + told["length"] < sting["start"]
    assert sting["start"] + sting["length"] < second["start"]
    assert sea["start"] + sea["length"] == sting["start"]
    assert report["sound_peaks_dbtp"].keys() == {"sea.wav", "more/bell.wav"}
    assert report["bed_below_speech_lu"] == pytest.approx(18, abs=1.5)
    assert report["integrated_loudness_lufs"] == pytest.approx(-18, abs=0.3)


def test_a_library_is_looked_at_after_the_story_s_own_folder(mixer: InProcessCli, folder: Path):
    (folder / "library/more").mkdir(parents=True)
    (folder / "tale/more/bell.wav").rename(folder / "library/more/bell.wav")
    asked = ("plan", "tale/story.md", "--music")
    assert mixer(*asked, "library").code == 0
    assert mixer(*asked, "library/any.wav").code == 0
    why = "line 9: the sound file more/bell.wav was not found in tale or elsewhere;"
    assert why in mixer("narrate", *asked[1:], "elsewhere/any.wav").error


def _delete_bell(folder: Path) -> None:
    (folder / "tale/more/bell.wav").unlink()


def _link(folder: Path) -> None:
    (folder / "tale/more/bell.wav").rename(folder / "secret.wav")
    (folder / "tale/more/bell.wav").symlink_to(folder / "secret.wav")


def _link_folder(folder: Path) -> None:
    (folder / "tale/more").rename(folder / "secret")
    (folder / "tale/more").symlink_to(folder / "secret")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_delete_bell, "the sound file more/bell.wav was not found in tale"),
        (_link, "more/bell.wav is a symbolic link"),
        (_link_folder, "more/bell.wav is a symbolic link"),
    ],
)
def test_a_sound_that_is_not_there_is_refused_with_file_and_line(
    mixer: InProcessCli, folder: Path, change: Callable[[Path], None], why: str
):
    change(folder)
    assert mixer("narrate", "tale/story.md").error.startswith(f"tale/story.md: line 9: {why}")


def test_a_plan_names_missing_sounds_and_refuses_links(mixer: InProcessCli, folder: Path):
    _delete_bell(folder)
    done = mixer("plan", "tale/story.md")
    assert done.code == 0
    assert "warning: tale/story.md: line 9: the sound file more/bell.wav was not" in done.err
    (folder / "tale/more/bell.wav").symlink_to(folder / "secret.wav")
    assert "is a symbolic link" in mixer("plan", "tale/story.md").error


def test_a_plan_lists_chapters_and_sounds_with_their_places(mixer: InProcessCli):
    told = mixer("plan", "tale/story.md").out
    assert "Chapters" in told
    for words in ("8", "sea.wav", "-18 LU", "from the beginning", "with “rang twice.”", "off"):
        assert words in told


def test_an_estimate_counts_the_sounds_for_which_the_voice_waits(mixer: InProcessCli, folder: Path):
    write_sound(folder / "long.wav", tone(20.0, 880.0, MIX_HZ), MIX_HZ)
    plain = "One of them.\n\nAnother one."
    lengths_s = []
    for name, body in (
        ("plain", plain),
        ("sting", plain.replace("\n\n", "\n\n[[sting long.wav]]\n\n")),
        ("under", plain.replace("Another", "[[sound long.wav]] Another")),
    ):
        (folder / f"{name}.md").write_text(body)
        lengths_s.append(json.loads(mixer("estimate", f"{name}.md", "--json").out)["duration_s"])
    assert lengths_s[1] - lengths_s[0] == pytest.approx(20.0, abs=1.0)
    assert lengths_s[2] == pytest.approx(lengths_s[0], abs=1.0)
