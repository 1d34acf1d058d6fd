"""Today's behaviour against the recorded one: the fast groups; the others by `compare`."""

import copy
from typing import Any

import pytest

from tests.characterisation.golden import compare, load_golden
from tests.characterisation.machine import fingerprint
from tests.characterisation.observations import ALL, FAST
from tests.characterisation.workplace import Workplace

SAMPLE: dict[str, Any] = {
    "duration_s": 12.0,
    "bytes": "sha256:0a",
    "text": "It was open.",
    "cues": 3,
}


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    return load_golden()


@pytest.fixture(scope="module")
def is_same_machine(recorded: dict[str, Any]) -> bool:
    return bool(recorded["machine"] == fingerprint())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    return Workplace.make(tmp_path_factory.mktemp("characterisation") / "place")


def test_bytes_are_compared(is_same_machine: bool) -> None:
    if not is_same_machine:
        pytest.skip("This machine makes another sound than the recording one: no bytes compared.")


@pytest.mark.parametrize("group", FAST)
def test_behaviour_is_as_recorded(
    group: str, place: Workplace, recorded: dict[str, Any], is_same_machine: bool
) -> None:
    found = ALL[group](place)
    lines = list(compare(recorded["observations"][group], found, exactly=is_same_machine))
    assert not lines, "\n".join(lines)


@pytest.mark.parametrize(
    ("change", "exactly", "number"),
    [
        ({}, True, 0),
        ({"bytes": "sha256:0b"}, True, 1),
        ({"bytes": "sha256:0b"}, False, 0),
        ({"duration_s": 12.008}, True, 1),
        ({"duration_s": 12.008}, False, 0),
        ({"duration_s": 12.08}, False, 1),
        ({"text": "It was shut."}, False, 1),
        ({"cues": 4}, False, 1),
        ({"more": None}, False, 1),
    ],
)
def test_another_machine_may_differ_in_bytes_and_hundredths_of_a_second_alone(
    change: dict[str, Any], exactly: bool, number: int
) -> None:
    changed = {**copy.deepcopy(SAMPLE), **change}
    assert len(list(compare(SAMPLE, changed, exactly=exactly))) == number
