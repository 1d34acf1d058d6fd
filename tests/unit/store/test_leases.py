"""Leases: one owner at a time, and a dead one blocks the others for a lifetime at most."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mixer.errors import OutOfTime, StoreFailed
from mixer.store import FolderStore, LeaseKeeper

KEY = "speaking/chunks/1"
LIFETIME_S = 30.0


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def now(self) -> float:
        return self.now_s

    def pause(self, seconds: float) -> None:
        self.now_s += seconds


def wait_in_vain(seconds: float) -> None:
    raise OutOfTime(f"No lease within {seconds} s.")


def list_keys(store: FolderStore) -> list[str]:
    return [each.key for each in store.list("")]


def write_lease(store: FolderStore, process: str = "") -> None:
    store.put(KEY, b'{"owner": "someone", "process": "%s", "renewals": 0}' % process.encode())


def test_lease_exists_during_the_block_only(store: FolderStore):
    with LeaseKeeper(store).hold_lease(KEY, wait_in_vain):
        assert list_keys(store) == [KEY]
    assert list_keys(store) == []
    with (
        pytest.raises(ValueError, match="inside"),
        LeaseKeeper(store).hold_lease(KEY, wait_in_vain),
    ):
        raise ValueError("inside")
    assert list_keys(store) == []


def test_second_owner_waits_and_may_stop_waiting(store: FolderStore):
    keeper = LeaseKeeper(store)
    with (
        keeper.hold_lease(KEY, wait_in_vain),
        pytest.raises(OutOfTime),
        keeper.hold_lease(KEY, wait_in_vain),
    ):
        pytest.fail("two owners")
    assert list_keys(store) == []


def test_one_of_many_threads_is_inside_at_a_time(store: FolderStore):
    inside, most, together = [0], [0], threading.Barrier(8)

    def work(_: int) -> None:
        together.wait()
        with LeaseKeeper(store).hold_lease(KEY, lambda _: time.sleep(0.002)):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.002)
            inside[0] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert most == [1]
    assert list_keys(store) == []


@pytest.mark.parametrize("content", [None, b"", b"not a lease"])
def test_lease_that_is_not_renewed_is_taken_over_after_a_lifetime(store: FolderStore, content):
    write_lease(store)
    if content is not None:
        store.put(KEY, content)
    clock = Clock()
    with LeaseKeeper(store, LIFETIME_S, clock.now).hold_lease(KEY, clock.pause):
        assert LIFETIME_S <= clock.now_s < 1.2 * LIFETIME_S
    assert list_keys(store) == []


def test_folder_in_place_of_a_lease_blocks_for_a_lifetime(store: FolderStore, tmp_path: Path):
    (tmp_path / KEY / "inside").mkdir(parents=True)
    clock = Clock()
    with LeaseKeeper(store, LIFETIME_S, clock.now).hold_lease(KEY, clock.pause):
        assert list_keys(store) == [KEY]
    assert list_keys(store) == []


def test_renewed_lease_is_not_taken_over(store: FolderStore):
    clock = Clock()
    entered = threading.Event()

    def renew_while_waiting(seconds: float) -> None:
        write_lease(store, process=f"{clock.now_s}")
        clock.pause(seconds)
        if clock.now_s > 3 * LIFETIME_S:
            raise OutOfTime("Enough.")

    write_lease(store)
    with (
        pytest.raises(OutOfTime),
        LeaseKeeper(store, LIFETIME_S, clock.now).hold_lease(KEY, renew_while_waiting),
    ):
        entered.set()
    assert not entered.is_set()


def test_owner_renews_while_it_works(store: FolderStore):
    with LeaseKeeper(store, lifetime_s=0.06).hold_lease(KEY, wait_in_vain):
        before = store.get(KEY)
        until_s = time.monotonic() + 10
        while store.get(KEY) == before and time.monotonic() < until_s:
            time.sleep(0.01)
        assert store.get(KEY) != before


def test_marker_of_a_waiter_that_died_delays_the_next_takeover_only(store: FolderStore):
    write_lease(store)
    store.put(f"{KEY}.after-someone-1", b"")
    clock = Clock()
    with LeaseKeeper(store, LIFETIME_S, clock.now).hold_lease(KEY, clock.pause):
        assert 2 * LIFETIME_S <= clock.now_s < 2.2 * LIFETIME_S


class LossyStore(FolderStore):
    """A store whose answers to claims are lost."""

    def claim(self, key: str, content: bytes) -> bool:
        super().claim(key, content)
        raise StoreFailed(f"No answer came for {key}.", key=key)


def test_claim_whose_answer_is_lost_leaves_no_lease(tmp_path: Path):
    store = LossyStore(tmp_path)
    with pytest.raises(StoreFailed), LeaseKeeper(store).hold_lease(KEY, wait_in_vain):
        pytest.fail("held")
    assert list_keys(store) == []


CHILD = """
import os, sys, time
from pathlib import Path
from mixer.store import FolderStore, LeaseKeeper
with LeaseKeeper(FolderStore(Path(sys.argv[1]))).hold_lease(sys.argv[2], time.sleep):
    os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="needs /proc")
def test_lease_of_a_killed_process_of_this_machine_is_taken_over_at_once(
    store: FolderStore, tmp_path: Path
):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", CHILD, str(tmp_path), KEY]
    assert subprocess.run(command, env=environment, check=False).returncode == -9
    assert list_keys(store) == [KEY]
    with LeaseKeeper(store).hold_lease(KEY, wait_in_vain):
        LeaseKeeper(store).release_dead_leases("")
        assert list_keys(store) == [KEY]
    subprocess.run(command, env=environment, check=False)
    LeaseKeeper(store).release_dead_leases("")
    assert list_keys(store) == []


KILLED_IN_A_TAKEOVER = """
import os, sys, time
from pathlib import Path
from mixer.store import FolderStore, LeaseKeeper

class Killer(FolderStore):
    def put(self, key, content, **more):
        if sys.argv[3] == "after":
            super().put(key, content, **more)
        os.kill(os.getpid(), 9)

with LeaseKeeper(Killer(Path(sys.argv[1]))).hold_lease(sys.argv[2], time.sleep, ["subject"]):
    pass
"""


@pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="needs /proc")
@pytest.mark.parametrize("moment", ["before", "after"])
def test_nothing_is_left_of_processes_that_are_killed_in_a_takeover(
    store: FolderStore, tmp_path: Path, moment: str
):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    for program in (CHILD, KILLED_IN_A_TAKEOVER):
        command = [sys.executable, "-c", program, str(tmp_path), KEY, moment]
        assert subprocess.run(command, env=environment, check=False).returncode == -9
    (marker,) = set(list_keys(store)) - {KEY}
    assert LeaseKeeper(store).find_leases("", {"subject"}) <= {KEY}
    LeaseKeeper(store).release_dead_leases("")
    assert list_keys(store) == [], marker
