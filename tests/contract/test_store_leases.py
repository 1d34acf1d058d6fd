"""Leases in every ObjectStore."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from time import sleep

import pytest

from mixer.store import LeaseKeeper, ObjectStore
from tests.contract.test_object_store import CASES, keys

KEY, THREADS = "speaking/chunks/1", 6


@pytest.fixture(params=CASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    with CASES[request.param](tmp_path / "store") as opened:
        yield opened


@pytest.mark.parametrize("is_abandoned", [False, True])
def test_many_threads_hold_a_lease_one_after_the_other(store: ObjectStore, is_abandoned: bool):
    """Also if a process without a trace has left one, which only time reveals."""
    if is_abandoned:
        store.put(KEY, b'{"owner": "gone", "process": "", "renewals": 0}')
    inside, entered, together = [0], [0], Barrier(THREADS)

    def work(_: int) -> None:
        together.wait()
        with LeaseKeeper(store, lifetime_s=1.0).hold_lease(KEY, lambda _: sleep(0.01)):
            inside[0] += 1
            entered[0] += inside[0] == 1
            sleep(0.002)
            inside[0] -= 1

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    assert entered == [THREADS]
    assert keys(store) == []
