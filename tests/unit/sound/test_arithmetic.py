"""NumPy computes on one thread, in the program and so in its tests."""

import ctypes
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


def test_algebra_runs_on_one_thread():
    libraries = [*Path(np.__file__).parents[1].glob("numpy.libs/libscipy_openblas64_*")]
    if not libraries:
        pytest.skip("this NumPy has another library for its algebra")
    assert ctypes.CDLL(str(libraries[0])).scipy_openblas_get_num_threads64_() == 1


COUNT_FAULTS = """
import resource
from mixer.sound.arithmetic import np

def count_faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def filter_samples() -> None:
    arrays = [np.ones(65_536 + 64 * number, np.float32) for number in range(4)]
    del arrays

filter_samples()
before = count_faults()
for _ in range(50):
    filter_samples()
print(count_faults() - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="only glibc has this option")
def test_freed_memory_is_kept_for_the_next_samples():
    """Otherwise each of these arrays costs 64 faults, as its memory is mapped once more."""
    done = subprocess.run(
        [sys.executable, "-c", COUNT_FAULTS], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 50 * 64
