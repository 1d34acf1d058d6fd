"""What holds for every test: the same examples each time, no stopwatch, and a Ctrl-C that works."""

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings
from moto.s3.utils import _VersionedKeyStore

# Speed is measured in bench/, beside something fair; on a busy machine a deadline only guesses.
settings.register_profile("mixer", deadline=None, derandomize=True)
settings.load_profile("mixer")

# A shell starts background jobs with interrupts ignored, and children would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


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
