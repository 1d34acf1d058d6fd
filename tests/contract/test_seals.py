"""Sealed objects in every ObjectStore: damage is found, set aside and reported, and heals."""

import logging
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from mixer.errors import DamagedObject, StoreFailed
from mixer.store import FolderStore, ObjectStore, find_sealed, put_sealed
from tests.contract.test_object_store import CASES, keys

KEY, OTHER = "chunks/a.mp3", "chunks/b.mp3"
CONTENT = bytes(range(256)) * 9


@pytest.fixture(params=CASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    with CASES[request.param](tmp_path / "store") as opened:
        yield opened


def test_sealed_object_is_found_with_its_own_metadata(store: ObjectStore, tmp_path: Path):
    put_sealed(store, KEY, CONTENT, content_type="audio/mpeg", metadata={"measured": "1"})
    (tmp_path / "source").write_bytes(CONTENT)
    put_sealed(store, OTHER, tmp_path / "source")
    for key, metadata in ((KEY, {"measured": "1"}), (OTHER, {})):
        found = find_sealed(store, key)
        assert found is not None
        assert metadata.items() <= found.metadata.items()
        assert store.get(key) == CONTENT


def test_touching_keeps_the_seal(store: ObjectStore):
    put_sealed(store, KEY, CONTENT)
    store.touch(KEY)
    assert find_sealed(store, KEY) is not None


def test_object_without_a_seal_is_returned_only_on_request(store: ObjectStore):
    store.put(KEY, CONTENT)
    assert find_sealed(store, KEY) is None
    assert find_sealed(store, KEY, accept_unsealed=True) is not None
    assert find_sealed(store, OTHER, accept_unsealed=True) is None
    assert store.get(KEY) == CONTENT


@pytest.mark.parametrize("content", [CONTENT[:-1], b"", bytes(len(CONTENT)), CONTENT[:-1] + b"\0"])
def test_other_content_under_a_seal_is_damage_and_heals(
    store: ObjectStore, content: bytes, caplog: pytest.LogCaptureFixture
):
    put_sealed(store, KEY, CONTENT)
    found = store.head(KEY)
    assert found is not None
    store.put(KEY, content, metadata=found.metadata)
    with caplog.at_level(logging.WARNING):
        assert find_sealed(store, KEY) is None
    assert f"The object {KEY} is damaged" in caplog.text
    put_sealed(store, KEY, CONTENT)
    assert find_sealed(store, KEY) is not None


def test_object_swapped_with_another_is_damage(store: ObjectStore):
    for key, content in ((KEY, CONTENT), (OTHER, CONTENT[::-1])):
        put_sealed(store, key, content)
    other = store.head(OTHER)
    assert other is not None
    store.put(KEY, store.get(OTHER), metadata=other.metadata)
    assert find_sealed(store, KEY) is None
    assert find_sealed(store, OTHER) is not None


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def replace_by_folder(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def make_unreadable(path: Path) -> None:
    """Works for root too, who may read any file: the path leads nowhere but to itself."""
    path.unlink()
    path.symlink_to(path)


@pytest.mark.parametrize("damage", [cut, replace_by_folder, make_unreadable])
def test_damaged_file_is_set_aside_once_and_can_be_written_again(damage, tmp_path: Path):
    store = FolderStore(tmp_path)
    for _ in range(2):
        put_sealed(store, KEY, CONTENT)
        damage(tmp_path / KEY)
        assert find_sealed(store, KEY) is None
        assert keys(store) == []
    put_sealed(store, KEY, CONTENT)
    assert find_sealed(store, KEY) is not None
    assert [path.name for path in (tmp_path / ".damaged/chunks").iterdir()] == ["a.mp3"]


@pytest.mark.parametrize("name", [KEY, f".metadata/{KEY}.json"])
def test_folder_in_place_of_an_object_or_its_metadata_is_set_aside(name: str, tmp_path: Path):
    store = FolderStore(tmp_path)
    (tmp_path / name / "inside").mkdir(parents=True)
    put_sealed(store, KEY, CONTENT)
    assert find_sealed(store, KEY) is not None
    assert (tmp_path / ".damaged" / name / "inside").is_dir()


def test_unreadable_object_is_set_aside_only_if_it_can_be_made_again(tmp_path: Path):
    store = FolderStore(tmp_path)
    put_sealed(store, KEY, CONTENT)
    store.put(OTHER, CONTENT)
    for key in (KEY, OTHER):
        make_unreadable(tmp_path / key)
    assert store.head(KEY) is None
    assert not (tmp_path / KEY).is_symlink()
    with pytest.raises(DamagedObject, match="cannot be read"):
        store.head(OTHER)
    with pytest.raises(DamagedObject, match="cannot be read"):
        store.get(OTHER)
    assert (tmp_path / OTHER).is_symlink()


def test_object_outlives_a_shortage_of_file_handles(tmp_path: Path):
    store = FolderStore(tmp_path)
    put_sealed(store, KEY, CONTENT)
    for look in (store.head, store.get, lambda key: find_sealed(store, key)):
        with (
            use_up_file_handles(),
            pytest.raises(StoreFailed, match="Too many open files") as caught,
        ):
            look(KEY)
        assert type(caught.value) is StoreFailed
    assert find_sealed(store, KEY) is not None


@contextmanager
def use_up_file_handles() -> Iterator[None]:
    """Let this process open no further file."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_reading_a_damaged_file_fails_and_sets_it_aside(tmp_path: Path):
    store = FolderStore(tmp_path / "store")
    reads = {
        "get": store.get,
        "fetch": lambda key: store.fetch(key, tmp_path / "copy"),
        "read_into": lambda key: store.read_into(key, BytesIO()),
    }
    for name, read in reads.items():
        put_sealed(store, KEY, CONTENT)
        cut(tmp_path / "store" / KEY)
        with pytest.raises(DamagedObject, match=f"The object {KEY} was damaged"):
            read(KEY)
        assert store.head(KEY) is None, name
    assert not (tmp_path / "copy").exists()
