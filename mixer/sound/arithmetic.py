"""NumPy for the analysis, on one thread: files and segments are what runs in parallel.

OpenBLAS reads its number of threads when it is loaded; other users of the process keep theirs.
"""

import os

_THREADS = "OPENBLAS_NUM_THREADS"
_previous = os.environ.get(_THREADS)
os.environ[_THREADS] = "1"
try:
    import numpy as np
finally:
    if _previous is None:
        del os.environ[_THREADS]
    else:
        os.environ[_THREADS] = _previous

from numpy.typing import NDArray  # noqa: E402 - NumPy is loaded above

__all__ = ["Matrix", "Places", "Samples", "Values", "np"]

Samples = NDArray[np.float32]
"""Samples of full scale 1: one row per channel."""

Places = NDArray[np.int64]

Values = NDArray[np.float64]

Matrix = NDArray[np.float64]
