"""The engine under test, from MIXER_TEST_ENGINE."""

import os
from collections.abc import Iterator

import pytest

from mixer.speech import SpeechEngine
from mixer.testing.engines.case import EngineCase, load_case


@pytest.fixture(scope="module")
def case() -> EngineCase:
    """What MIXER_TEST_ENGINE names."""
    name = os.environ.get("MIXER_TEST_ENGINE", "")
    if not name:
        pytest.skip("MIXER_TEST_ENGINE names no engine")
    return load_case(name)


@pytest.fixture(scope="module")
def engine(case: EngineCase) -> Iterator[SpeechEngine]:
    """One engine for all of the suite."""
    with case.open_engine() as opened:
        yield opened
