"""Files that appear whole or not at all."""

import errno
import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mixer.errors import StoreFailed
from mixer.files import open_atomic, write_atomic, write_once

UMASK = 0o027
THREADS = 16


@pytest.fixture
def own_umask() -> Iterator[None]:
    before = os.umask(UMASK)
    yield
    os.umask(before)


def test_file_appears_only_when_it_is_whole(tmp_path: Path):
    path = tmp_path / "new" / "story.mp3"
    with open_atomic(path) as file:
        file.write(b"half")
        file.flush()
        assert not path.exists()
        assert Path(file.name).parent == path.parent
        file.write(b"whole")
    assert path.read_bytes() == b"halfwhole"
    assert list(path.parent.iterdir()) == [path]


def test_what_a_killed_process_left_is_deleted_and_what_another_writes_is_not(tmp_path: Path):
    (tmp_path / ".partial-dead").write_bytes(b"half")
    with (tmp_path / ".partial-live").open("wb") as live:
        fcntl.flock(live, fcntl.LOCK_SH)
        write_atomic(tmp_path / "story.mp3", b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {".partial-live", "story.mp3"}


def test_failure_leaves_what_was_there(tmp_path: Path):
    path = tmp_path / "story.mp3"
    path.write_bytes(b"old")

    def fail() -> None:
        with open_atomic(path) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("own_umask")
def test_new_files_heed_the_umask_and_many_threads_leave_it_alone(tmp_path: Path):
    paths = [tmp_path / str(number) for number in range(THREADS * 32)]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda path: write_atomic(path, b"1"), paths))
    assert os.umask(UMASK) == UMASK
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o666 & ~UMASK}


def test_folder_in_the_files_place_is_told_before_anything_is_written(tmp_path: Path):
    (tmp_path / "story.mp3").mkdir()
    with pytest.raises(StoreFailed, match="a folder with that name exists"):
        open_atomic(tmp_path / "story.mp3").__enter__()
    assert [path.name for path in tmp_path.rglob("*")] == ["story.mp3"]


@pytest.mark.parametrize("below", ["story.mp3", "deeper/story.mp3", "much/deeper/story.mp3"])
def test_file_in_the_folders_place_is_told(tmp_path: Path, below: str):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreFailed, match="part of its path is a file"):
        write_atomic(tmp_path / "file" / below, b"1")


def test_name_too_long_is_told(tmp_path: Path):
    with pytest.raises(StoreFailed, match="its name is too long"):
        write_atomic(tmp_path / ("x" * 300), b"1")
    assert list(tmp_path.iterdir()) == []


def refuse_links(_source: Path, path: Path) -> None:
    raise OSError(errno.EPERM, "Operation not permitted", str(path))


@pytest.mark.parametrize("link", [os.link, refuse_links])
def test_file_is_written_once_with_and_without_hard_links(tmp_path: Path, link):
    path = tmp_path / "new" / "claim"
    with ThreadPoolExecutor(THREADS) as pool:
        results = list(
            pool.map(lambda number: write_once(path, b"%d" % number, link), range(THREADS))
        )
    assert results.count(True) == 1
    assert path.read_bytes() == b"%d" % results.index(True)
    assert {each.name for each in path.parent.iterdir()} <= {"claim", ".once.lock"}


def test_other_errors_of_linking_are_reported(tmp_path: Path):
    def fail(_source: Path, path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with pytest.raises(StoreFailed, match="the disk is full"):
        write_once(tmp_path / "claim", b"1", fail)
    assert list(tmp_path.iterdir()) == []
