"""What holds for every test: the same examples each time, no stopwatch, and a Ctrl-C that works."""

import os
import signal

import pytest
from hypothesis import settings

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
