"""NumPy computes on one thread, in the program and so in its tests."""

import ctypes
from pathlib import Path

import numpy as np
import pytest


def test_algebra_runs_on_one_thread():
    libraries = [*Path(np.__file__).parents[1].glob("numpy.libs/libscipy_openblas64_*")]
    if not libraries:
        pytest.skip("this NumPy has another library for its algebra")
    assert ctypes.CDLL(str(libraries[0])).scipy_openblas_get_num_threads64_() == 1
