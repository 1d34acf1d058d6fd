"""Leases: an object says that one thread, of any process, works on something at the moment.

The owner renews its lease; the others wait until it is released. A lease that was not renewed for
its lifetime, watched on the waiter's own clock, is taken over; that of a process of the same
machine that is gone, at once. Each takeover claims a marker named after the dead owner, so of all
waiters one takes over. The price: an owner that stands still for longer than the lifetime loses its
lease without notice, and the work may be done twice.
"""

import json
import os
import random
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from secrets import token_hex

from mixer.errors import DamagedObject, MixerError, NotFound
from mixer.store.objects import ObjectStore

LIFETIME_S = 30.0
RENEWALS = 3
"""In a lifetime: one may be late, and one may fail."""

FIRST_POLL_S = 0.1
MAX_POLL_S = 1.0
MAX_JITTER_S = 0.1
"""Those who refused each other try again at different times."""

Pause = Callable[[float], None]
"""Waits for so many seconds, or raises an error that ends the waiting."""


@dataclass(frozen=True, slots=True)
class LeaseKeeper:
    """Takes leases in a store. Safe for many threads and processes.

    Attributes:
        now: a monotonic clock, in seconds.
    """

    store: ObjectStore
    lifetime_s: float = LIFETIME_S
    now: Callable[[], float] = time.monotonic

    @contextmanager
    def hold_lease(self, key: str, pause: Pause, subjects: Sequence[str] = ()) -> Iterator[bool]:
        """Hold a lease for the length of the block, once it is free; yields whether it was not.

        An uncontended lease costs one conditional write and one deletion. Others can read its
        `subjects`.
        """
        owner = _Owner(token_hex(8), identify_process(), tuple(subjects))
        lease, begun_s = _Lease(self.store, key, owner), None
        try:
            was_held = not lease.claim_lease()
            if was_held:
                self._wait(lease, pause)
            begun_s = self.now()
            with self._renew_while_held(lease):
                yield was_held
        finally:  # also of a claim that failed but was carried out
            is_sure = begun_s is not None and self.now() - begun_s < self.lifetime_s / 2
            with suppress(MixerError):
                lease.release_lease(is_sure=is_sure)

    def find_leases(self, prefix: str, subjects: Collection[str]) -> set[str]:
        """Find the leases under a prefix that have one of the subjects."""
        keys = [each.key for each in self.store.list(prefix)]
        return {
            key
            for key in keys
            if not _read_subjects(_read_lease(self.store, key)).isdisjoint(subjects)
        }

    def list_subjects(self, prefix: str) -> set[str]:
        """List the subjects of all leases under a prefix, those of dead owners too."""
        leases = (_read_lease(self.store, each.key) for each in self.store.list(prefix))
        return set().union(*map(_read_subjects, leases))

    def release_dead_leases(self, prefix: str) -> None:
        """Delete the leases under a prefix whose owners, processes of this machine, are gone."""
        keys = [each.key for each in self.store.list(prefix)]
        for key in reversed(keys):  # the marker of a takeover before its lease
            lease = _Lease(self.store, key, _Owner(token_hex(8), identify_process()))
            current = _read_lease(self.store, key)
            if _is_owner_gone(current) and lease.take_over_lease(current, 0):
                lease.release_lease(is_sure=False)

    def await_releases(self, keys: Collection[str], pause: Pause) -> None:
        """Wait until each lease is released, or its owner is dead, and a moment by chance more."""
        for key in keys:
            for current, lifetimes in self._watch(key, pause):
                if not current or lifetimes or _is_owner_gone(current):
                    break
        pause(random.uniform(0, MAX_JITTER_S))

    @contextmanager
    def _renew_while_held(self, lease: "_Lease") -> Iterator[None]:
        released = threading.Event()
        renewals = (released, self.lifetime_s / RENEWALS)
        renewer = threading.Thread(target=lease.renew_lease, args=renewals, daemon=True)
        renewer.start()
        try:
            yield
        finally:
            released.set()
            renewer.join()

    def _wait(self, lease: "_Lease", pause: Pause) -> None:
        for current, lifetimes in self._watch(lease.key, pause):
            if not current and lease.claim_lease():
                return
            is_dead = lifetimes > 0 or _is_owner_gone(current)
            if is_dead and lease.take_over_lease(current, lifetimes):
                return

    def _watch(self, key: str, pause: Pause) -> Iterator[tuple[bytes, int]]:
        """Yield a lease, empty if it is free, and the lifetimes since it was last renewed."""
        seen, since_s, poll_s = b"", self.now(), FIRST_POLL_S
        while True:
            current = _read_lease(self.store, key)
            if current != seen:
                seen, since_s = current, self.now()
            yield current, int((self.now() - since_s) / self.lifetime_s)
            pause(poll_s)
            poll_s = min(MAX_POLL_S, 1.5 * poll_s)


@dataclass(frozen=True, slots=True)
class _Owner:
    token: str
    process: str
    subjects: tuple[str, ...] = ()
    renewals: int = 0

    def encode(self) -> bytes:
        fields = {"owner": self.token, "process": self.process, "renewals": self.renewals}
        return json.dumps({**fields, "subjects": self.subjects}).encode()


@dataclass
class _Lease:
    store: ObjectStore
    key: str
    owner: _Owner

    def claim_lease(self) -> bool:
        return self.store.claim(self.key, self.owner.encode())

    def renew_lease(self, released: threading.Event, interval_s: float) -> None:
        """Renew until it is released, or belongs to another owner."""
        while not released.wait(interval_s):
            with suppress(MixerError):
                if _read_lease(self.store, self.key) != self.owner.encode():
                    return
                renewed = replace(self.owner, renewals=self.owner.renewals + 1)
                self.store.put(self.key, renewed.encode())
                self.owner = renewed

    def release_lease(self, *, is_sure: bool) -> None:
        """Delete the lease, unless another owner has taken it over."""
        if is_sure or _read_lease(self.store, self.key) == self.owner.encode():
            self.store.delete(self.key)

    def take_over_lease(self, dead: bytes, lifetimes: int) -> bool:
        """Replace a dead owner's lease; False if another waiter is first.

        A waiter that dies here blocks the others for one more lifetime: their marker is another.
        Its own is a lease, too, but without subjects.
        """
        marker = f"{self.key}.after-{_parse_fields(dead).get('owner', 'unknown')}-{lifetimes}"
        if not self.store.claim(marker, replace(self.owner, subjects=()).encode()):
            return False
        try:
            if _read_lease(self.store, self.key) != dead:
                return False
            if not dead:  # damaged: it cannot be released either
                self.store.set_aside(self.key)
            self.store.put(self.key, self.owner.encode())
            return True
        finally:
            self.store.delete(marker)


def _read_lease(store: ObjectStore, key: str) -> bytes:
    """The lease as it is stored; empty if there is none, or none that can be read."""
    with suppress(NotFound, DamagedObject):
        return store.get(key)
    return b""


def _parse_fields(lease: bytes) -> dict[str, object]:
    with suppress(ValueError):
        fields = json.loads(lease)
        if isinstance(fields, dict):
            return fields
    return {}


def _read_subjects(lease: bytes) -> set[str]:
    subjects = _parse_fields(lease).get("subjects")
    return set(map(str, subjects)) if isinstance(subjects, list) else set()


def _is_owner_gone(lease: bytes) -> bool:
    """Whether it was a process of this machine that runs no more."""
    machine, _, process = str(_parse_fields(lease).get("process", "")).rpartition("/")
    if not machine or machine != _identify_machine():
        return False
    pid, _, started = process.partition("-")
    return pid.isdecimal() and _find_start(pid) != started


def identify_process() -> str:
    """Machine, process id and start of this process; empty on systems without /proc."""
    machine, pid = _identify_machine(), str(os.getpid())
    return f"{machine}/{pid}-{_find_start(pid)}" if machine else ""


@cache
def _identify_machine() -> str:
    """This boot of this machine, and this container of it."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    return ""


def _find_start(pid: str) -> str:
    """When a process of this machine started, in ticks since boot; empty if it is gone."""
    with suppress(OSError):
        status = Path("/proc", pid, "stat").read_text()
        fields = status.rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    return ""
