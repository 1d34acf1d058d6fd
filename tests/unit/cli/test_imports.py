"""What the command line loads before it is told to do anything."""

import json
import subprocess
import sys

import pytest

HEAVY = ("onnxruntime", "boto3", "botocore", "numpy", "hibari", "PIL", "sentencex", "num2words")
SERVER = ("starlette", "uvicorn", "anyio", "h11")
LATER = ("pydantic", "rich", "markdown_it")
"""Lighter, and still not needed to show a help page."""

LOADED = """
import json, sys
import mixer.cli
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    """The packages that `import mixer.cli` loads in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True)
    return frozenset(json.loads(done.stdout))


@pytest.mark.parametrize("package", [*HEAVY, *SERVER, *LATER])
def test_command_line_is_imported_without(package, loaded):
    assert package not in loaded


def test_python_m_mixer_shows_its_commands():
    done = subprocess.run(
        [sys.executable, "-m", "mixer", "--help"], capture_output=True, check=True, text=True
    )
    assert {"narrate", "mix", "plan", "voices", "estimate"} <= set(done.stdout.split())
    assert not done.stderr
