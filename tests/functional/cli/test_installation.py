"""What `pip install .` installs: the program, the page, and what a voice needs."""

import re
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = ("mixer", "web", "pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")
HINT = re.compile(r"pip install '?([\w.-]+)")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("checkout")
    for name in (*SOURCES, "THIRD_PARTY_NOTICES.md"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, folder / name)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    options = ["--no-index", "--quiet", "--wheel-dir", str(folder / "dist"), str(folder)]
    subprocess.run([*command, *options], check=True, capture_output=True)
    (built,) = (folder / "dist").iterdir()
    return zipfile.ZipFile(built)


def test_wheel_has_the_page_and_nothing_but_one_package(wheel: zipfile.ZipFile):
    names = wheel.namelist()
    pages = {str(path.relative_to(ROOT)) for path in (ROOT / "web").rglob("*") if path.is_file()}
    assert {f"mixer/{page}" for page in pages} <= set(names)
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"mixer"}


def test_wheel_brings_a_voice_a_server_and_the_command(wheel: zipfile.ZipFile):
    (metadata,) = [name for name in wheel.namelist() if name.endswith("/METADATA")]
    required = Parser().parsestr(wheel.read(metadata).decode()).get_all("Requires-Dist", [])
    always = {re.split(r"[^\w-]", each)[0] for each in required if "extra ==" not in each}
    assert {"hibari-tts", "starlette", "uvicorn", "imageio-ffmpeg"} <= always
    (scripts,) = [name for name in wheel.namelist() if name.endswith("/entry_points.txt")]
    assert "mixer = mixer.cli:main" in wheel.read(scripts).decode()


def test_no_hint_names_a_package_of_the_public_index():
    for path in [*(ROOT / "mixer").rglob("*.py"), ROOT / "README.md"]:
        assert set(HINT.findall(path.read_text())) <= {"."}, path
