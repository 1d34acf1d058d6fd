"""The cost of a command: wall time, CPU time of its process tree, and memory as a sum of PSS."""

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLING_S = 0.25
"""A sample takes 5 ms of the measured cores: 1 % of two at this interval."""

PRELOADED_MODULES = ("bench.story_speech", "bench.story_mix")
"""Loaded by the server that forks processes, which all benches of a run share."""


@dataclass(frozen=True, slots=True)
class ProcessCost:
    """The cost of one command.

    Attributes:
        peak_mb: largest sum of PSS over the process and its descendants; 0 if not sampled.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float = 0.0

    @property
    def summary(self) -> str:
        """Summary for the progress lines."""
        return f"{self.wall_s:.1f} s, CPU {self.cpu_s:.1f} s"


def build_environment() -> dict[str, str]:
    """A user's environment, in which modules are compiled once, not at each start."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def measure_cost(
    arguments: Sequence[str], *, watch_memory: bool = False, core: int | None = None
) -> ProcessCost:
    """Run a command to its end, on one `core` or on all when None.

    `arguments` are Python's, from `-m` on.
    """
    pin = ["taskset", "-c", str(core)] if core is not None else []
    cpu_s, begun_s = _children_cpu_s(), time.monotonic()
    environ = build_environment()
    with subprocess.Popen([*pin, sys.executable, *arguments], env=environ) as process:
        watcher = _MemoryWatcher(process.pid) if watch_memory else None
        code = process.wait()
        wall_s = time.monotonic() - begun_s
    peak_mb = watcher.wait_for_peak_mb() if watcher else 0.0
    if code:
        raise RuntimeError(f"{' '.join(arguments)} ended with {code}.")
    return ProcessCost(wall_s, _children_cpu_s() - cpu_s, peak_mb)


def _children_cpu_s() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


class _MemoryWatcher:
    """Samples the memory of a process tree until the process ends."""

    def __init__(self, pid: int) -> None:
        self._peak_mb = 0.0
        self._root = psutil.Process(pid)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def wait_for_peak_mb(self) -> float:
        self._thread.join()
        return self._peak_mb

    def _watch(self) -> None:
        while True:
            try:
                tree = [self._root, *self._root.children(recursive=True)]
                running = self._root.status() != psutil.STATUS_ZOMBIE
            except psutil.NoSuchProcess:
                return
            if not running:
                return
            self._peak_mb = max(self._peak_mb, sum(_pss_kb(each.pid) for each in tree) / 1000)
            time.sleep(SAMPLING_S)


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended meanwhile
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def describe_machine() -> str:
    """Describe the machine of the measurements."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(
        (each.split(":")[1].strip() for each in lines if each.startswith("model name")), ""
    )
    memory_gb = psutil.virtual_memory().total / 1e9
    python = ".".join(map(str, sys.version_info[:3]))
    cores = len(os.sched_getaffinity(0))
    return f"{model or 'CPU'}, {cores} cores, {memory_gb:.0f} GB, Python {python}"
