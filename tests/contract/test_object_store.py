"""What the rest of Mixer relies on in every ObjectStore; each implementation passes it.

A new store joins by an entry in CASES.
"""

import functools
import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from os import SEEK_END
from pathlib import Path
from threading import Barrier, Lock
from typing import TYPE_CHECKING, Any, cast

import pytest
from boto3 import Session
from moto import mock_aws

from mixer.errors import BadInput, NotFound, StoreFailed
from mixer.store.folder import FolderStore
from mixer.store.objects import ObjectStore, open_object
from mixer.store.s3 import S3Store, create_s3_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "mixer-contract"


@contextmanager
def folder_store(path: Path) -> Iterator[ObjectStore]:
    yield FolderStore(path)


class AtomicWrites:
    """A client of moto's S3, which looks for a key and writes it in two steps; S3 does in one."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client
        self._writing = Lock()

    def put_object(self, **request: Any) -> object:
        with self._writing:
            return self._client.put_object(**request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@contextmanager
def s3_store(_path: Path) -> Iterator[ObjectStore]:
    with mock_aws(), closing(create_s3_client(session=session())) as s3:
        s3.create_bucket(Bucket=BUCKET)
        # As the template makes it; and moto closes what is replaced while others still read it.
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield S3Store(cast("S3Client", AtomicWrites(s3)), BUCKET)


@functools.cache
def session() -> Session:
    """One for all clients: reading the service model is what takes a client's time."""
    return Session("test", "test", region_name="us-east-1")


ENDPOINT = os.environ.get("MIXER_TEST_S3_ENDPOINT", "")
"""Of a real server with S3's protocol; `make clients` runs one."""


@contextmanager
def endpoint_store(_path: Path) -> Iterator[ObjectStore]:
    client = create_s3_client(endpoint_url=ENDPOINT, addressing_style="path", session=session())
    with closing(client) as s3:
        with suppress(s3.exceptions.BucketAlreadyExists, s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=BUCKET)
            S3Store(s3, BUCKET).require_abilities()
        store = S3Store(s3, BUCKET)
        for each in list(store.list("")):
            store.delete(each.key)
        yield store


CASES: dict[str, Callable[[Path], AbstractContextManager[ObjectStore]]] = {
    "folder": folder_store,
    "s3": s3_store,
    **({"endpoint": endpoint_store} if ENDPOINT else {}),
}
"""By name: a new, empty store. It may use the given folder, which is not there yet."""

THREADS = 16
CLOCK_SLACK = timedelta(seconds=2)

STRANGE_KEYS = (
    *("é" * 513, "x" * 1_025),
    *("", "/", "/absolute", "a//b", "a/", "..", "../up", "a/../../up", "a/..", ".", "a/./b"),
    *(".hidden", "a/.hidden", ".metadata/a.json", "a\\b", "line\nbreak", "nul\0", "tab\t", "\x7f"),
    "\ud800",
)


@pytest.fixture(params=CASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    with CASES[request.param](tmp_path / "store") as opened:
        yield opened


def keys(store: ObjectStore, prefix: str = "") -> list[str]:
    return [each.key for each in store.list(prefix)]


def test_content_comes_back_from_memory_and_from_a_file(store: ObjectStore, tmp_path: Path):
    store.put("a/from-memory", b"1234")
    (tmp_path / "source").write_bytes(b"from a file")
    store.put("a/from-file", tmp_path / "source")
    assert store.get("a/from-memory") == b"1234"
    assert store.get("a/from-file") == b"from a file"


def test_empty_content_is_content(store: ObjectStore):
    store.put("empty", b"")
    assert store.get("empty") == b""
    assert store.head("empty") is not None


def test_second_put_replaces_the_first(store: ObjectStore):
    store.put("key", b"a long first content", metadata={"one": "1", "two": "2"})
    store.put("key", b"short", metadata={"two": "two"})
    found = store.head("key")
    assert store.get("key") == b"short"
    assert found is not None
    assert (found.size_bytes, found.metadata) == (5, {"two": "two"})


def test_head_tells_size_age_and_metadata(store: ObjectStore):
    store.put("key", b"1234", content_type="audio/mpeg", metadata={"measured": '{"v": 1}'})
    found = store.head("key")
    assert found is not None
    assert (found.key, found.size_bytes, found.metadata) == ("key", 4, {"measured": '{"v": 1}'})
    assert abs(datetime.now(UTC) - found.modified) < CLOCK_SLACK


def test_metadata_is_optional(store: ObjectStore):
    store.put("key", b"1234")
    found = store.head("key")
    assert found is not None
    assert found.metadata == {}


def test_metadata_goes_with_its_object(store: ObjectStore):
    store.put("key", b"1234", metadata={"old": "1"})
    store.delete("key")
    assert store.claim("key", b"new")
    found = store.head("key")
    assert found is not None
    assert found.metadata == {}


def test_missing_object_is_named(store: ObjectStore, tmp_path: Path):
    store.put("folder/object", b"1")
    for key in ("nothing", "folder", "folder/object/below", "folder/" + "x" * 300):
        for ask in (store.get, store.touch, lambda key: store.fetch(key, tmp_path / "copy")):
            with pytest.raises(NotFound) as caught:
                ask(key)
            assert key in str(caught.value)
            assert caught.value.details["key"] == key
        assert store.head(key) is None
    assert not (tmp_path / "copy").exists()


def test_fetch_makes_a_whole_file_and_its_folder(store: ObjectStore, tmp_path: Path):
    store.put("key", b"1234")
    store.fetch("key", tmp_path / "new" / "copy")
    assert (tmp_path / "new" / "copy").read_bytes() == b"1234"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["copy"]


def test_fetch_to_an_impossible_place_is_told(store: ObjectStore, tmp_path: Path):
    store.put("key", b"1234")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreFailed, match="cannot be written"):
        store.fetch("key", tmp_path / "file" / "copy")


def test_put_that_fails_leaves_what_was_there(store: ObjectStore, tmp_path: Path):
    store.put("key", b"old", metadata={"measured": "old"})
    with pytest.raises(NotFound):
        store.put("key", tmp_path / "missing", metadata={"measured": "new"})
    found = store.head("key")
    assert store.get("key") == b"old"
    assert found is not None
    assert found.metadata == {"measured": "old"}
    assert keys(store) == ["key"]


def test_readers_see_one_whole_content_while_it_is_replaced(store: ObjectStore):
    contents = [bytes([number]) * 200_000 for number in range(8)]
    store.put("key", contents[0])
    with ThreadPoolExecutor(THREADS) as pool:
        writing = [pool.submit(store.put, "key", content) for content in contents * 2]
        reading = [pool.submit(store.get, "key") for _ in range(32)]
        assert all(each.result() in contents for each in reading)
        assert all(each.result() is None for each in writing)
    assert keys(store) == ["key"]


def test_claim_is_won_once_among_many(store: ObjectStore):
    for turn in range(4):
        together = Barrier(THREADS)

        def claim(name: str, key: str = f"claims/{turn}", start: Barrier = together) -> bool:
            start.wait()
            return store.claim(key, name.encode())

        names = [f"claimant {number}" for number in range(THREADS)]
        with ThreadPoolExecutor(THREADS) as pool:
            won = [
                name for name, is_won in zip(names, pool.map(claim, names), strict=True) if is_won
            ]
        assert [store.get(f"claims/{turn}")] == [name.encode() for name in won]


def test_claim_never_touches_what_is_there(store: ObjectStore):
    store.put("key", b"old", metadata={"a": "1"})
    assert not store.claim("key", b"new")
    found = store.head("key")
    assert found is not None
    assert (store.get("key"), found.metadata) == (b"old", {"a": "1"})


def test_refresh_makes_young_and_changes_nothing_else(store: ObjectStore):
    store.put("key", b"1234", metadata={"a": "1"})
    before = store.head("key")
    time.sleep(1.1)  # S3 states times in whole seconds
    store.touch("key")
    after = store.head("key")
    assert before is not None
    assert after is not None
    assert after.modified > before.modified
    assert (after.size_bytes, after.metadata) == (4, {"a": "1"})
    assert store.get("key") == b"1234"


def test_list_is_in_key_order_and_flat(store: ObjectStore):
    unordered = ["b", "a/z", "a-b", "a.b", "a/b/c", "B", "ä", "a0", "a/b"]
    for key in [key for key in unordered if key != "a/b"]:
        store.put(key, key.encode())
    assert keys(store) == ["B", "a-b", "a.b", "a/b/c", "a/z", "a0", "b", "ä"]
    assert [each.size_bytes for each in store.list("ä")] == [2]


def test_prefix_is_of_the_key_not_of_a_folder(store: ObjectStore):
    for key in ("stories/1/script", "stories/10/script", "stories/2/script", "story"):
        store.put(key, b"")
    assert keys(store, "stories/1") == ["stories/1/script", "stories/10/script"]
    assert keys(store, "stories/1/") == ["stories/1/script"]
    assert keys(store, "stor") == [*keys(store, "stories/"), "story"]
    assert keys(store, "nothing/") == []
    assert keys(store, "../") == []


def test_empty_store_lists_nothing(store: ObjectStore):
    assert keys(store) == []
    assert store.head("key") is None


def test_delete_removes_and_may_be_repeated(store: ObjectStore):
    store.put("folder/key", b"1", metadata={"a": "1"})
    store.delete("folder/key")
    store.delete("folder/key")
    store.delete("folder")
    assert keys(store) == []
    assert store.head("folder/key") is None


def test_deleting_what_only_looks_like_a_folder_keeps_what_is_in_it(store: ObjectStore):
    store.put("folder/key", b"1")
    store.delete("folder")
    store.delete("folder/key/below")
    assert keys(store) == ["folder/key"]


@pytest.mark.parametrize("key", STRANGE_KEYS, ids=ascii)
def test_strange_keys_are_refused(store: ObjectStore, tmp_path: Path, key: str):
    (tmp_path / "up").write_bytes(b"not in the store")
    asks: list[Callable[[], object]] = [
        *(lambda: store.head(key), lambda: store.get(key), lambda: store.touch(key)),
        *(lambda: store.put(key, b""), lambda: store.claim(key, b""), lambda: store.delete(key)),
        lambda: store.fetch(key, tmp_path / "copy"),
    ]
    for ask in asks:
        with pytest.raises(BadInput):
            ask()
    assert (tmp_path / "up").read_bytes() == b"not in the store"


def test_keys_of_other_scripts_and_with_spaces_are_keys(store: ObjectStore):
    for key in (
        "narration_chunks/Fußgänger & Söhne.mp3",
        "物語/第一章.mp3",
        "a..b",
        "a=b&c?d#e%20",
    ):
        store.put(key, key.encode(), metadata={"a": "1"})
        found = store.head(key)
        assert store.get(key) == key.encode()
        assert found is not None
        assert found.metadata == {"a": "1"}
        assert keys(store, key) == [key]


def test_stretches_of_an_object_are_read_into_an_open_file(store: ObjectStore, tmp_path: Path):
    store.put("key", b"0123456789")
    with (tmp_path / "joined").open("wb") as file:
        store.read_into("key", file)
        store.read_into("key", file, 7)
        store.read_into("key", file, 2, 5)
    assert (tmp_path / "joined").read_bytes() == b"0123456789" + b"789" + b"234"


@pytest.mark.parametrize("size_bytes", [0, 5, (8 << 20) * 3 + 7])
def test_object_is_written_as_a_stream(store: ObjectStore, size_bytes: int):
    content = random.Random(1).randbytes(size_bytes)
    with store.open_writer("whole", size_bytes, "audio/mpeg") as file:
        for at in range(0, size_bytes, 1_000_000):
            file.write(content[at : at + 1_000_000])
        assert store.head("whole") is None
    found = store.head("whole")
    assert store.get("whole") == content
    assert found is not None
    assert (found.size_bytes, found.metadata) == (size_bytes, {})


def write_half(store: ObjectStore, key: str, content: bytes) -> None:
    with store.open_writer(key, 2 * len(content), "audio/mpeg") as file:
        file.write(content)
        raise RuntimeError("half way")


@pytest.mark.parametrize("size_bytes", [5, (8 << 20) * 2])
def test_stream_that_breaks_off_leaves_what_was_there(store: ObjectStore, size_bytes: int):
    store.put("whole", b"before")
    with pytest.raises(RuntimeError, match="half way"):
        write_half(store, "whole", bytes(size_bytes))
    assert store.get("whole") == b"before"
    assert keys(store) == ["whole"]


def test_streams_may_be_written_at_the_same_time(store: ObjectStore):
    with (
        store.open_writer("one", 9, "text/plain") as one,
        store.open_writer("two", 9, "text/plain") as two,
    ):
        one.write(b"1")
        two.write(b"2")
    assert (store.get("one"), store.get("two")) == (b"1", b"2")


def test_stream_under_a_key_that_no_store_keeps_is_refused(store: ObjectStore):
    with pytest.raises(BadInput), store.open_writer("../whole", 1, "text/plain"):
        pass


def test_object_is_read_like_a_file(store: ObjectStore):
    content = random.Random(2).randbytes(3_000_000)
    store.put("whole", content)
    with open_object(store, "whole") as file:
        assert file.read(3) == content[:3]
        file.seek(2_500_000)
        assert file.read(10) == content[2_500_000:2_500_010]
        file.seek(-5, SEEK_END)
        assert file.read() == content[-5:]
        assert file.read(1) == b""
        file.seek(0)
        assert file.read() == content


def test_opening_what_is_not_there_names_it(store: ObjectStore):
    with pytest.raises(NotFound, match="gone"):
        open_object(store, "gone")
