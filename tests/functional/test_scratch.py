"""Scratch folders: gone after their block, or after their process was killed; never before."""

import os
import shutil
import subprocess
import sys
import tempfile
import time

import pytest

from mixer.files import open_scratch_folder, remove_leftovers

OWNER = """
import sys
from mixer.files import open_scratch_folder
with open_scratch_folder("test") as folder:
    (folder / "music.raw").write_bytes(b"0")
    print(folder, flush=True)
    sys.stdin.read()
"""
DAYS_S = 2 * 86_400


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """A temporary folder of our own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def owner(scratch):
    """Another process with an open folder."""
    pipe = subprocess.PIPE
    environ = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=pipe, stdout=pipe, env=environ
    ) as it:
        yield it
        it.kill()


@pytest.mark.parametrize("age_s", [0, DAYS_S, -DAYS_S], ids=["now", "old", "from tomorrow"])
def test_folder_stays_as_long_as_its_process_lives(owner, scratch, age_s):
    owner.stdout.readline()
    (folder,) = scratch.iterdir()
    moment_s = time.time() - age_s
    os.utime(folder, (moment_s, moment_s))
    remove_leftovers()
    assert (folder / "music.raw").exists()
    owner.kill()
    owner.wait()
    remove_leftovers()
    assert not folder.exists()


def test_own_folder_is_not_a_leftover_and_ends_with_its_block(scratch):
    with open_scratch_folder("a") as one, open_scratch_folder("b") as two:
        remove_leftovers()
        assert one.is_dir()
        assert two.is_dir()
    assert not list(scratch.iterdir())


def fail_in_folder():
    with open_scratch_folder("a") as folder:
        folder.rename(folder.with_name("elsewhere"))
        raise ZeroDivisionError


def test_error_of_the_block_is_not_hidden_by_what_cannot_be_deleted():
    with pytest.raises(ZeroDivisionError):
        fail_in_folder()


def test_what_is_not_ours_is_left_alone(scratch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (scratch / "mixer-file").write_text("kept")
    (scratch / "mixer-link").symlink_to(elsewhere)
    (scratch / "other").mkdir()
    remove_leftovers()
    assert {path.name for path in scratch.iterdir()} == {"mixer-file", "mixer-link", "other"}
    assert elsewhere.is_dir()


@pytest.mark.parametrize("writes", [0, 1, 3])
def test_leftover_goes_though_children_of_its_process_still_write(scratch, writes):
    folder, late = scratch / "mixer-killed", iter(range(writes))
    folder.mkdir()

    def remove(each):
        shutil.rmtree(each)
        if next(late, None) is not None:
            each.mkdir()
            (each / "late.mp3").touch()

    remove_leftovers(remove)
    assert not folder.exists()
