"""Sound files that cannot be read are refused by name, before anything is made."""

from pathlib import Path

import pytest

from tests.commands import InProcessCli
from tests.sounds import VOICE_HZ, speech, write_sound

LOOP = "Too many levels of symbolic links"


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    write_sound(Path("good.wav"), speech(1.0), VOICE_HZ)
    Path("story.txt").write_text("A boat.")
    Path("folder").mkdir()
    Path("gone.wav").symlink_to("nothing.wav")
    Path("round.wav").symlink_to("round.wav")
    return InProcessCli(capsys)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["mix", "nosuch.wav"], "The sound file nosuch.wav does not exist."),
        (["mix", "good.wav", "gone.wav"], "The sound file gone.wav does not exist."),
        (["mix", "folder"], "The sound file folder is not a file."),
        (["mix", "round.wav"], f"The sound file round.wav cannot be read: {LOOP}."),
        (["mix", "good.wav", "--music", "nosuch.wav"], "The music nosuch.wav does not exist."),
        (["mix", "good.wav", "--music", "folder"], "The music folder is not a file."),
        (["narrate", "story.txt", "--music", "nosuch.wav"], "The music nosuch.wav does not exist."),
        (["narrate", "story.txt", "--music", "gone.wav"], "The music gone.wav does not exist."),
    ],
)
def test_missing_sound_is_refused_by_name(here: InProcessCli, arguments: list[str], reason: str):
    done = here(*arguments, "--out", "out.mp3")
    assert (done.code, done.error) == (1, reason)
    assert not Path("out.mp3").exists()


def test_plan_warns_of_missing_music(here: InProcessCli):
    done = here("plan", "story.txt", "--music", "nosuch.wav")
    assert done.code == 0
    assert "warning: The music nosuch.wav does not exist." in done.err
