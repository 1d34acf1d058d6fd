"""Paths that are no ordinary files."""

import os

import pytest

from mixer.errors import MixerError, StoreFailed, UnreadableText
from mixer.narration.output_files import claim_file
from mixer.narration.story_source import read_file_content


def make_pipe(folder):
    os.mkfifo(folder / "out.mp3")
    return "out.mp3"


def remove_folder(folder):
    gone = folder / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    return "out.mp3"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_pipe, "it is not a file"),
        (remove_folder, "its folder does not exist"),
        (lambda _folder: "x" * 252 + ".mp3", "its name is too long"),
    ],
)
def test_result_that_cannot_be_written_is_named_at_once(tmp_path, monkeypatch, make, reason):
    monkeypatch.chdir(tmp_path)
    path = type(tmp_path)(make(tmp_path))
    with pytest.raises(StoreFailed, match=f"cannot be written: {reason}"):
        claim_file(path, {tmp_path / "story.md": "the story"}, tmp_path / "store", force=False)


def test_links_in_a_circle_are_replaced(tmp_path):
    path = tmp_path / "out.mp3"
    path.symlink_to(path)
    inputs = {tmp_path / "story.md": "the story"}
    claim_file(path, inputs, tmp_path / "store", force=False).write(path, b"mp3")
    assert path.read_bytes() == b"mp3"
    claim_file(path, inputs, tmp_path / "store", force=False)


@pytest.mark.parametrize("kind", ["file", "pipe"])
def test_story_without_an_end_is_refused(tmp_path, kind):
    path = tmp_path / "story.txt"
    if kind == "file":
        with path.open("wb") as file:
            file.truncate(2 << 20)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(UnreadableText, match="is too large: at most 1 MiB"):
        read_file_content(path, "story", 1 << 20)


def test_links_in_a_circle_cannot_be_read(tmp_path):
    path = tmp_path / "story.txt"
    path.symlink_to(path)
    with pytest.raises(MixerError, match="cannot be read"):
        read_file_content(path, "story")
