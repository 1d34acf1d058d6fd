"""Files fetched in parallel: the first error is the one that is raised, and nothing is left."""

import tempfile
import threading

import pytest

from mixer.errors import StoreFailed
from mixer.stories.request_files import open_request_folder


class SlowStore:
    """One object cannot be read; the others are written when the request is over."""

    def __init__(self):
        self.is_over, self.written = threading.Event(), []

    def fetch(self, key, path):
        if key == "broken":
            raise StoreFailed("The object broken cannot be read.")
        self.is_over.wait(20)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"late")
        self.written.append(path)


def test_first_error_is_raised_and_late_files_vanish(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    store, before = SlowStore(), set(threading.enumerate())
    sources = {("chunk", key): store for key in ("a", "broken", "b")}
    with pytest.raises(StoreFailed, match="The object broken"), open_request_folder() as folder:
        folder.fetch_all(sources, None)
    store.is_over.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(20)
    assert store.written
    assert not list(tmp_path.iterdir())


def test_two_fetches_into_one_folder_do_not_meet(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    store = SlowStore()
    store.is_over.set()
    with open_request_folder() as folder:
        first = folder.fetch_all({("chunk", "a"): store}, None)
        second = folder.fetch_all({("chunk", "b"): store}, None)
        assert first["chunk", "a"] != second["chunk", "b"]
        assert folder.fetch_all({}, None) == {}
