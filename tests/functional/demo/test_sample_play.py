"""The sample play as `make play` makes it, measured again: who speaks when, what is silent."""

import json
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from demo.cast import recast
from demo.sounds import write_sounds
from mixer.script.readers import TextType, read_document
from tests.commands import run
from tests.sounds import MIX_HZ, Sound, decode_audio, level_db, measure_loudness

PLAY = Path("demo/play.md").resolve()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Path:
    folder = tmp_path_factory.mktemp("play")
    write_sounds(folder / "sounds")
    words = ["narrate", str(PLAY), "--music", "sounds", "--store", str(store), "--out", "play.mp3"]
    done = run(*words, cwd=folder)
    assert done.code == 0, done.err
    return folder


@pytest.fixture(scope="module")
def report(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "play.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sound(folder: Path) -> Sound:
    return decode_audio(folder / "play.mp3").mean(axis=1)


def between(sound: Sound, timeline: dict[str, Any], start: int, end: int) -> Sound:
    scale = MIX_HZ / timeline["rate_hz"]
    return sound[round(start * scale) : round(end * scale)]


def find_wind(report: dict[str, Any]) -> tuple[int, int]:
    """Where the wind begins and ends; it plays on over sections, with a cue for each."""
    cues = [cue for cue in report["timeline"]["cues"] if cue["source"] == "wind.flac"]
    return cues[0]["start"], cues[-1]["start"] + cues[-1]["length"]


def test_it_keeps_the_rules_of_its_preset(folder: Path, report: dict[str, Any]):
    assert all(rule["passed"] for rule in report["rules"])
    integrated, true_peak = measure_loudness(folder / "play.mp3")
    assert integrated == pytest.approx(-18, abs=0.3)
    assert true_peak <= -1
    assert [chapter["title"] for chapter in report["chapters"]] == ["Low Water", "The Door"]


def test_each_chapter_has_its_music_and_every_sound_is_played(report: dict[str, Any]):
    cues = report["timeline"]["cues"]
    music = [cue["source"] for cue in cues if cue["source"] in {"sea.flac", "wind.flac"}]
    assert [source for source, _ in groupby(music)] == ["sea.flac", "wind.flac", "sea.flac"]
    sounds = [cue["source"] for cue in cues[len(music) :]]
    assert sounds == ["knock.flac", "knock.flac", "bell.flac"]
    starts = {section["title"]: section["start"] for section in report["timeline"]["sections"]}
    assert find_wind(report)[0] == starts["The Door"]


def test_it_is_silent_where_the_play_asks_for_it(sound: Sound, report: dict[str, Any]):
    timeline = report["timeline"]
    clips = timeline["clips"]
    _, wind_end = find_wind(report)
    pauses = [(one["start"] + one["length"], other["start"]) for one, other in pairwise(clips)]
    silent = [p for p in pauses if p[0] >= wind_end]
    assert silent
    start, end = silent[0]
    assert level_db(between(sound, timeline, start + 1_200, end - 1_200)) < -70


def test_the_bell_rings_alone(sound: Sound, report: dict[str, Any]):
    """Its hum and its prime, an octave apart, hold all there is; of the sea there is nothing."""
    timeline = report["timeline"]
    bell = timeline["cues"][-1]
    ringing = between(sound, timeline, bell["start"] + 2_400, bell["start"] + bell["length"] // 2)
    spectrum = np.abs(np.fft.rfft(ringing * np.hanning(ringing.size))) ** 2
    hertz = np.fft.rfftfreq(ringing.size, 1 / MIX_HZ)
    partials = sum(
        spectrum[np.abs(hertz - partial) < 12].sum() for partial in (392, 784, 942, 1180, 2094)
    )
    assert partials / spectrum.sum() > 0.99


def test_voices_are_told_apart_in_the_captions(folder: Path):
    captions = (folder / "play.vtt").read_text(encoding="utf-8")
    assert "<v Tom>" in captions
    assert "<v Mary>" in captions
    assert "knock" not in captions.replace("knocked", "")


def test_play_is_recast_with_real_voices():
    play = recast(PLAY.read_text(encoding="utf-8"))
    roles = {each.name: each.voice for each in read_document(play, TextType.MARKDOWN).cast}
    assert roles == {"Narrator": "af_heart", "Tom": "bm_george", "Mary": "bf_emma"}
