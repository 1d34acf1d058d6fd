"""Narrations of a server of tools."""

import time

import pytest

from mixer.errors import NotFound
from mixer.mcp.jobs import Narrations
from mixer.requests import Options


def test_outcome_of_the_last_narrations_is_kept(tmp_path):
    narrations = Narrations(tmp_path / "out", tmp_path / "store", max_finished=2)
    started = []
    for number in range(5):
        started.append(narrations.start("", f"story {number}", Options()))
        while not narrations.find(started[-1]).outcome:
            time.sleep(0.01)
    oldest, *_, newest = started
    assert "no words" in narrations.find(newest).describe()["error"]
    with pytest.raises(NotFound, match="the last 2 "):
        narrations.find(oldest)
    assert len(narrations._jobs) <= 3
    narrations.close()
