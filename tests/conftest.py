"""What holds for every test: the same examples each time, no stopwatch, and a Ctrl-C that works."""

import functools
import gc
import os
import signal
from collections.abc import Generator, Iterator

import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import settings
from moto.s3.models import FakeKey
from moto.s3.utils import _VersionedKeyStore

from mixer.sound.arithmetic import np

# NumPy is loaded as the program loads it, before a test's own import: its algebra on one thread.
# With more, threads that wait for each other next to other work took a hundred times the CPU.
assert np.__version__

# Speed is measured in bench/, beside something fair; on a busy machine a deadline only guesses.
settings.register_profile("mixer", deadline=None, derandomize=True)
settings.load_profile("mixer")

# A shell starts background jobs with interrupts ignored, and children would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end; looking for garbage in it took a fifth of the CPU."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _user_store(tmp_path_factory):
    """Commands that run in this process keep nothing in the user's own cache."""
    os.environ["MIXER_SIGNING"] = "off"  # a signature is never the same twice
    os.environ["MIXER_STORE"] = str(tmp_path_factory.mktemp("user") / "store")
    os.environ["MIXER_VOICES"] = str(tmp_path_factory.getbasetemp() / "no-voices")


def _iterate_keys(store: _VersionedKeyStore) -> Iterator[tuple[str, object]]:
    """List the newest versions of what was there at one time."""
    for key, versions in dict(store).items():
        yield key, versions[-1]


# Moto looks each key up again while it lists, and fails if another thread has deleted it meanwhile.
_VersionedKeyStore.items = _VersionedKeyStore.iteritems = _iterate_keys

# A session of boto3 reads the models of its services; they are the same for all of a process.
_load_model = functools.cache(JSONFileLoader().load_file)
JSONFileLoader.load_file = lambda _loader, path: _load_model(path)


def _copy_key(key: FakeKey, _memo: object) -> FakeKey:
    """Copy a key for a listing, which takes all versions of a bucket, but not in all depth."""
    copied = FakeKey.__new__(FakeKey)
    copied.__setstate__({**key.__getstate__(), "multipart": None})
    return copied


FakeKey.__deepcopy__ = _copy_key
