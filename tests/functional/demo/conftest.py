"""The samples' speech, which a test need not wait for if `make demo` or `make play` made it."""

import shutil
from pathlib import Path

import pytest

CHUNKS = "narration_chunks"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of its own with the chunks of this folder's, if there are any; nothing else."""
    folder = tmp_path_factory.mktemp("store")
    spoken = Path(".mixer/store", CHUNKS)
    if spoken.is_dir():
        shutil.copytree(spoken, folder / CHUNKS)
    return folder
