"""NumPy for the analysis, on one thread: files and segments are what runs in parallel.

It is loaded at its first use: a plan measures nothing. OpenBLAS reads its number of threads when it
is loaded; other users of the process keep theirs.
"""

import os
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    """Samples of full scale 1: one row per channel."""

    Places = NDArray[np.int64]
    Values = NDArray[np.float64]
    Matrix = NDArray[np.float64]
else:
    Samples = Places = Values = Matrix = object

    class _LazyNumpy:
        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
            value = getattr(_load_numpy(), name)
            setattr(self, name, value)
            return value

    np = _LazyNumpy()

__all__ = ["Matrix", "Places", "Samples", "Values", "np"]

_THREADS = "OPENBLAS_NUM_THREADS"
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 32 << 20
_loading = Lock()


def _load_numpy() -> Any:  # noqa: ANN401 - a module
    with _loading:
        previous = os.environ.get(_THREADS)
        os.environ[_THREADS] = "1"
        try:
            import numpy
        finally:
            if previous is None:
                del os.environ[_THREADS]
            else:
                os.environ[_THREADS] = previous
        _keep_memory()
    return numpy


def _keep_memory() -> None:
    """Let glibc keep freed memory for the next samples.

    It would return each array to the system, which then maps and clears it again: a tenth of a
    check's time (measured).
    """
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # glibc
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
