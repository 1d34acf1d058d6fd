"""Covers and outputs on the command line: found, or refused before anything is said."""

from pathlib import Path

import pytest
from mutagen.mp3 import MP3

from mixer.publish.cover import encode_cover
from tests.commands import InProcessCli, run
from tests.pictures import build_picture

STORY = "---\ntitle: The Gate\ncover: art/gate.png\n---\nHe came late."


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("story.txt").write_text("A boat.")
    Path("head.txt").write_text(STORY)
    Path("half.jpg").write_bytes(build_picture(900, 900, "JPEG")[:2_000])
    Path("story.png").write_bytes(build_picture(64, 64))
    return InProcessCli(capsys)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--cover", "nobody.png"], 1, "The cover nobody.png does not exist."),
        (["--cover", "story.txt"], 1, "The picture story.txt is not a JPEG or PNG file."),
        (["--cover", "half.jpg"], 1, "The picture half.jpg is broken."),
        (["--cover", "story.png"], 2, "--out: story.png would overwrite the cover;"),
        (["--out", "a.xyz"], 2, "--out: a.xyz must end in one of .mp3, .m4a, "),
        (["--outputs", "pdf"], 2, "--outputs: must be chapter_files, read_aloud, stems, "),
        (["--outputs", "read_aloud", "--format", "opus"], 2, "--outputs: chapters of an opus file"),
        (["--year", "soon"], 2, "--year: must be four digits, not “soon”."),
    ],
)
def test_what_cannot_be_is_refused(here: InProcessCli, arguments: list[str], code: int, said: str):
    done = here("narrate", "story.txt", "--store", "store", *arguments)
    assert (done.code, done.error[: len(said)]) == (code, said)
    assert not Path("store").exists()
    assert not Path("story.mp3").exists()


def test_a_cover_that_the_head_names_and_that_is_not_there_is_named(here: InProcessCli):
    assert (
        here("narrate", "head.txt", "--store", "store").error
        == "The cover art/gate.png does not exist."
    )


def test_a_cover_that_the_head_names_lies_beside_the_story(tmp_path: Path):
    (tmp_path / "art").mkdir()
    (tmp_path / "art" / "gate.png").write_bytes(build_picture(300, 400))
    (tmp_path / "head.txt").write_text(STORY)
    done = run("narrate", "head.txt", "--store", "store", "--year", "2026", cwd=tmp_path)
    assert done.code == 0, done.err
    tags = MP3(tmp_path / "head.mp3").tags
    cover = encode_cover(build_picture(300, 400), "cover")
    assert tags.getall("APIC")[0].data == cover.content
    assert str(tags["TDRC"]) == "2026"
