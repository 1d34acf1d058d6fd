"""Files that Mixer did not write stay as they are, unless --force is given."""

from pathlib import Path

import pytest

from tests.commands import CommandResult, InProcessCli
from tests.sounds import VOICE_HZ, speech, write_sound

FOREIGN = b"somebody's own"


@pytest.fixture
def mixer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> InProcessCli:
    monkeypatch.chdir(tmp_path)
    Path("book.md").write_text("The lamp went out.\n")
    return InProcessCli(capsys)


def narrate(mixer: InProcessCli, *more: str) -> CommandResult:
    return mixer("narrate", "book.md", "--store", "store", *more)


@pytest.mark.parametrize("name", ["book.mp3", "book.json", "book.png", "book.vtt"])
def test_foreign_file_in_the_way_is_refused_before_anything_is_synthesized(
    name: str, mixer: InProcessCli
):
    Path(name).write_bytes(FOREIGN)
    done = narrate(mixer)
    assert done.code == 2
    assert f"{name} exists and was not written by Mixer" in done.error
    assert "--force" in done.error
    assert Path(name).read_bytes() == FOREIGN
    assert not Path("store/narration_chunks").exists()


def test_own_files_are_written_again_until_they_are_edited(mixer: InProcessCli):
    assert narrate(mixer).code == 0
    assert narrate(mixer, "--out", "book.wav").code == 0
    assert narrate(mixer).code == 0
    captions = Path("book.srt")
    captions.write_text(captions.read_text().replace("lamp", "light"))
    done = narrate(mixer)
    assert "book.srt exists" in done.error
    assert "light" in captions.read_text()
    assert narrate(mixer, "--force").code == 0
    assert "lamp" in captions.read_text()


def test_a_foreign_folder_of_chapters_is_refused(mixer: InProcessCli):
    Path("book-chapters").mkdir()
    Path("book-chapters/notes.txt").write_bytes(FOREIGN)
    done = narrate(mixer, "--outputs", "chapter_files")
    assert done.code == 2
    assert "book-chapters exists" in done.error


def test_mixes_and_pictures_are_protected_alike(mixer: InProcessCli):
    write_sound(Path("one.wav"), speech(2.0), VOICE_HZ)
    for command in (
        ["mix", "one.wav", "--out", "two.wav"],
        ["inspect", "one.wav", "--picture", "one.png"],
    ):
        out = Path(command[-1])
        out.write_bytes(FOREIGN)
        assert mixer(*command).code == 2
        assert out.read_bytes() == FOREIGN
        assert mixer(*command, "--force").code == 0
        assert mixer(*command).code == 0
