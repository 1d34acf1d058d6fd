"""Which binary c2pa loads."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WATCH = """
import sys
sys.path[:] = sys.argv[1:]
sys.addaudithook(lambda event, args: event == "ctypes.dlopen" and print(args[0]))
from mixer.publish.provenance.library import load_c2pa
load_c2pa().Reader
"""


@pytest.mark.parametrize("place", ["libc2pa_c.so", "libs/libc2pa_c.so", "artifacts/libc2pa_c.so"])
def test_binary_in_the_current_folder_is_not_loaded(tmp_path, place):
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"not a library")
    command = [sys.executable, "-c", WATCH, str(ROOT), *filter(None, sys.path)]
    loaded = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "c2pa/libs/libc2pa_c." in loaded.stdout
    assert str(tmp_path) not in loaded.stdout
    assert not loaded.stderr
