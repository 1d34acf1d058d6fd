"""`mixer narrate` with the embedded voice: what it leaves, what it keeps, what it refuses."""

import json
import math
import re
import struct
import subprocess
import sys

import pytest

from tests.commands import InProcessCli, build_environ, run
from tests.sounds import (
    decode_audio,
    measure_loudness,
    music,
    silence,
    write_silent_film,
    write_sound,
)

STORY = """# The Lamp

Anna lit the lamp.

## The Sea

The sea was calm.

## The Night

Nobody came.
"""
SUFFIXES = {".mp3", ".vtt", ".srt", ".png", ".json", ".chapters.json", ".chapters.vtt"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a story, music, and a store that all tests of this module fill."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "story.md").write_text(STORY)
    write_sound(folder / "bed.wav", music(4.0), 44_100)
    return folder


@pytest.fixture(scope="module")
def told(home):
    """The story, told once."""
    words = ["narrate", "story.md", "--music", "bed.wav", "--out", "new/told.mp3"]
    return run(*words, "--store", "store", cwd=home)


@pytest.fixture
def kept(told, home):
    """The store that holds the story's chunks."""
    assert told.code == 0, told.err
    return home / "store"


@pytest.fixture
def mixer(capsys, monkeypatch, home):
    monkeypatch.chdir(home)
    return InProcessCli(capsys)


def chunks_in(store):
    return set((store / "narration_chunks").glob("*")) if store.exists() else set()


def count_new_chunks(done):
    return int(re.search(r"(\d+) of \d+ chunks synthesized", done.out)[1])


def test_it_leaves_audio_captions_picture_and_report_and_says_where(told, home):
    assert told.code == 0, told.err
    assert {path.name for path in (home / "new").iterdir()} == {f"told{s}" for s in SUFFIXES}
    for suffix in SUFFIXES:
        assert f"new/told{suffix}" in told.out
    assert not list((home / "temp").iterdir())
    assert not (home / ".cache").exists()


def test_without_a_terminal_progress_is_plain_lines(told):
    assert "speech: done in" in told.err
    assert "\x1b" not in told.err
    assert all(re.match(r"\w+: (done|\d+%)", line) for line in told.err.splitlines()), told.err


@pytest.mark.usefixtures("told")
def test_the_report_agrees_with_the_audio(home):
    report = json.loads((home / "new/told.json").read_text())
    heard = decode_audio(home / "new/told.mp3")
    measured_lufs, measured_dbtp = measure_loudness(home / "new/told.mp3")
    assert report["title"] == "The Lamp"
    assert report["duration_s"] == pytest.approx(heard.shape[0] / 44_100, abs=0.05)
    assert report["integrated_loudness_lufs"] == pytest.approx(measured_lufs, abs=0.15)
    assert report["true_peak_dbtp"] == pytest.approx(measured_dbtp, abs=0.15)
    assert [each["title"] for each in report["chapters"]] == ["The Lamp", "The Sea", "The Night"]
    assert set(report["outputs"]) == {f"told{suffix}" for suffix in SUFFIXES}
    assert {"planning", "speech", "mixing"} <= set(report["stages_s"])


@pytest.mark.usefixtures("told")
def test_captions_hold_every_word_of_the_story(home):
    vtt = (home / "new/told.vtt").read_text()
    srt = (home / "new/told.srt").read_text()
    assert vtt.startswith("WEBVTT")
    for sentence in re.sub("#+ ", "", STORY).split("\n\n"):
        assert sentence.strip() in vtt
        assert sentence.strip() in srt


@pytest.mark.usefixtures("told")
def test_the_picture_is_a_png(home):
    head = (home / "new/told.png").read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", head[16:])
    assert width > height > 100


def test_a_second_run_says_nothing_and_gives_the_same_bytes(kept, home, mixer):
    done = mixer("narrate", "story.md", "--music", "bed.wav", "--out", "two.mp3", "--store", kept)
    assert done.code == 0
    assert count_new_chunks(done) == 0
    assert (home / "two.mp3").read_bytes() == (home / "new/told.mp3").read_bytes()


def test_after_one_edited_sentence_only_its_chunk_is_said(kept, home, mixer):
    (home / "edited.md").write_text(STORY.replace("calm", "wild"))
    done = mixer("narrate", "edited.md", "--store", kept)
    assert done.code == 0
    assert count_new_chunks(done) == 1
    assert (home / "edited.mp3").exists()
    rendered = (home / kept / "segments").rglob("*.mp3")
    assert len(list(rendered)) >= 1


def test_standard_input_is_told_as_story_under_the_title_and_report_asked_for(kept, tmp_path):
    about = ["--text-type", "markdown", "--title", "My Lamp", "--author", "N. N."]
    words = ["narrate", "-", *about, "--report", "reports/lamp.json", "--store", kept]
    done = run(*words, cwd=tmp_path, stdin=STORY.encode())
    assert done.code == 0
    assert count_new_chunks(done) == 0
    assert json.loads((tmp_path / "reports/lamp.json").read_text())["title"] == "My Lamp"
    assert "My Lamp" in (tmp_path / "story.vtt").read_text()
    assert b"My Lamp" in (tmp_path / "story.mp3").read_bytes()[:200]
    assert not (tmp_path / "story.json").exists()


def test_a_dry_run_says_and_writes_nothing(home, mixer):
    done = mixer("narrate", "story.md", "--out", "dry.mp3", "--store", "dry", "--dry-run")
    assert done.code == 0
    assert "3 chapters" in done.out
    assert not (home / "dry.mp3").exists()
    assert not chunks_in(home / "dry")


def test_what_the_voice_cannot_read_is_named_on_stderr_and_in_the_report(home, mixer):
    (home / "partly.txt").write_text("Nobody came.\n\n你好，世界。\n\nNobody came.\n")
    done = mixer("narrate", "partly.txt", "--store", "store")
    assert done.code == 0
    assert "Not spoken" in done.err
    assert "你好，世界。" in done.err
    assert json.loads((home / "partly.json").read_text())["unspoken"] == ["你好，世界。"]


def test_a_text_that_the_voice_cannot_read_at_all_is_refused(home, mixer):
    (home / "whale.txt").write_text("鲸鱼来了。没有人看见。\n")
    done = mixer("narrate", "whale.txt", "--out", "whale.mp3", "--store", "whales")
    assert done.code == 1
    assert "Hardly any of the text is in Latin letters" in done.error
    assert not list(home.glob("whale.[!t]*"))


@pytest.mark.parametrize("name", ["gone.mp3", "empty.mp3", "corrupt.mp3", "film.mp4", "silent.wav"])
def test_music_that_cannot_be_heard_is_found_out_before_anything_is_said(name, home, mixer):
    (home / "empty.mp3").touch()
    (home / "corrupt.mp3").write_bytes(bytes(range(256)) * 16)
    if name == "film.mp4":
        write_silent_film(home / name)
    if name == "silent.wav":
        write_sound(home / name, silence(1.0), 44_100)
    done = mixer("narrate", "story.md", "--music", name, "--out", "no.mp3", "--store", "no")
    assert done.code == 1
    assert name in done.error
    assert not chunks_in(home / "no")
    assert not list(home.glob("no.*"))


@pytest.mark.parametrize(
    ("arguments", "code", "told_of"),
    [
        (["--voice", "Nobody"], 2, "--voice: “Nobody” is not available. Choose one of Ada"),
        (["--chapters", "7"], 2, "--chapters: “7” is not among the chapters of this text"),
        (["--engine", "parrot"], 2, "--engine: unknown engine “parrot”"),
        (["--language", "fr-FR"], 2, "--language: Ada reads en-US only"),
        (["--language", "a" * 300], 2, "--language: must have at most 35 characters"),
        (["--language", "en-US\n"], 2, "--language: must be a language such as"),
        (["--rate", "201"], 2, "--rate: must be at most 200"),
        (["--out", "story.md"], 2, "--out: story.md"),
        (["--out", "no.ogg"], 2, "--out: no.ogg"),
        (["--out", ""], 2, "--out is empty"),
        (["--out", "no.mp3", "--report", "no.mp3"], 2, "--report: no.mp3"),
        (["--out", "no.mp3", "--report", "story.md"], 2, "would overwrite the story"),
        (["--out", "story.md/no.mp3"], 1, "story.md/no.mp3 cannot be written: part of its path"),
        (["--out", "no.mp3", "--report", "temp"], 1, "temp cannot be written: a folder"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_said(arguments, code, told_of, home, mixer):
    done = mixer("narrate", "story.md", "--store", "no", *arguments)
    assert done.code == code
    assert told_of in done.error
    assert not chunks_in(home / "no")
    assert not list(home.glob("no.*"))
    assert (home / "story.md").read_text() == STORY


def test_a_store_that_cannot_be_written_is_refused(home, mixer):
    done = mixer("narrate", "story.md", "--out", "no.mp3", "--store", "story.md/store")
    assert done.code == 1
    assert "story.md/store cannot be written" in done.error
    assert not list(home.glob("no.*"))


def test_a_story_that_lies_where_a_result_would_go_is_not_written_over(home, mixer):
    (home / "lamp.srt").write_text(STORY)
    done = mixer("narrate", "lamp.srt", "--out", "lamp.mp3", "--store", "no")
    assert done.code == 2
    assert (home / "lamp.srt").read_text() == STORY


@pytest.mark.parametrize(
    ("env", "told_of"),
    [
        ({}, "region"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "credentials"),
        ({"AWS_DEFAULT_REGION": "eu-west-1", "AWS_PROFILE": "nobody"}, "nobody"),
    ],
)
def test_polly_without_an_account_is_one_sentence(env, told_of, home, mixer, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(home / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    done = mixer("narrate", "story.md", "--engine", "polly", "--out", "no.mp3", "--store", "no")
    assert done.code == 1
    assert told_of in done.error


def test_a_full_disk_loses_nothing_that_was_said_and_leaves_nothing_half_written(kept, home):
    few_blocks = ["sh", "-c", 'ulimit -f 200; exec "$@"', "sh"]
    before = chunks_in(kept)
    words = ["narrate", "story.md", "--out", "full/full.mp3", "--store", kept]
    done = run(*words, cwd=home, prefix=few_blocks)
    assert done.code == 1
    assert done.error
    assert not list((home / "full").iterdir())
    assert not list((home / "temp").iterdir())
    assert chunks_in(kept) == before


PLAY = """---
title: The Gate
cast:
  Narrator: Ada
  Tom: Ben, level -6
---
It was late at the gate, and it was very cold outside.

Tom: Who is out there in the dark and in the cold?
"""


def test_each_voice_of_a_cast_says_its_own_at_its_own_level(home):
    (home / "play.txt").write_text(PLAY)
    words = ["narrate", "play.txt", "--out", "play.wav", "--store", "store"]
    done = run(*words, "--lexicon", "words.txt", cwd=home)
    assert done.code == 1
    assert "lexicon words.txt does not exist" in done.error
    done = run(*words, cwd=home)
    assert done.code == 0, done.err
    captions = (home / "play.vtt").read_text()
    assert "<v Tom>Who is out there" in captions
    assert "\nIt was late" in captions
    (role,) = json.loads(run("plan", "play.txt", "--json", cwd=home).out)["cast"][1:]
    assert (role["name"], role["voice"], role["level_db"]) == ("Tom", "Ben", -6.0)
    start = captions[captions.index("<v Tom>") - 31 :].split(" ", 1)[0].strip()
    turn = round(float(start.rpartition(":")[2]) * 44_100)
    heard = decode_audio(home / "play.wav", 44_100)[:, 0]
    narrator, tom = heard[:turn].std(), heard[turn : turn + 2 * 44_100].std()
    assert 20 * math.log10(narrator / tom) == pytest.approx(6.0, abs=2.5)


def test_a_cast_with_an_unknown_voice_is_refused_with_its_line_before_anything_is_said(home):
    (home / "odd.txt").write_text(PLAY.replace("Ben", "Bob"))
    before = chunks_in(home / "store")
    done = run("narrate", "odd.txt", "--out", "odd.mp3", "--store", "store", cwd=home)
    assert done.code == 2
    assert "odd.txt: line 5 casts Tom as Bob: “Bob” is not available" in done.error
    assert chunks_in(home / "store") == before


def test_story_streams_to_standard_output(kept, home, tmp_path):
    words = [sys.executable, "-m", "mixer", "narrate", "story.md", "--out", "-", "--store", kept]
    done = subprocess.run(
        words, cwd=home, env=build_environ(home), capture_output=True, timeout=120, check=True
    )
    path = tmp_path / "streamed.mp3"
    path.write_bytes(done.stdout)
    assert not (home / "story.mp3").exists()
    assert measure_loudness(path) == pytest.approx(
        measure_loudness(home / "new" / "told.mp3"), abs=1
    )


@pytest.mark.parametrize(
    "more", [["--format", "wav"], ["--report", "r.json"], ["--outputs", "stems"]]
)
def test_what_needs_a_finished_file_is_refused_on_standard_output(mixer, more):
    refused = mixer("narrate", "story.md", "--out", "-", *more)
    assert refused.code == 2
    assert "finished file" in refused.err or "can be streamed" in refused.err
