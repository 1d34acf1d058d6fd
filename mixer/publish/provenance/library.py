"""Loads c2pa, whose library looks for its binary in the current folder before its own.

A folder that came with a story could hold a binary of that name, and its code would run.
"""

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

LIBRARY_NAME = "C2PA_LIBRARY_NAME"
"""c2pa's environment variable; a whole path as a name leaves no other place."""


@cache
def load_c2pa() -> Any:  # noqa: ANN401 - it has no types
    """Import c2pa with the binary of its own package."""
    spec = find_spec("c2pa")
    folders = spec.submodule_search_locations if spec else None
    found = [path for folder in folders or () for path in Path(folder).glob("libs/*c2pa_c.*")]
    binary = next((path for path in found if path.suffix in {".so", ".dylib", ".dll"}), None)
    if binary is not None:
        os.environ.setdefault(LIBRARY_NAME, str(binary.absolute()))
    import c2pa

    return c2pa
