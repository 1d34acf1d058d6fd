"""Builds the engine that CONTRIBUTING.md explains, installs it with pip, and uses it from outside.

Its code is read from the page, so the page cannot promise what does not run. The package goes to a
temporary folder; Mixer finds it by its entry point there.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent

ROOT = Path(__file__).parents[2]
HEADING = "## Example: add a speech engine from another package"
PROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "beeps"
version = "1"

[tool.setuptools]
packages = ["beeps"]

"""


def write_package(folder: Path) -> None:
    """Write the package from the page's examples."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = page.partition(HEADING)[2].partition("\n## ")[0]
    blocks = re.findall(r"```(python|toml)\n(.*?)```", section, re.DOTALL)
    engine, entry_point, case = (dedent(f"   {text.strip()}") for _, text in blocks)
    package = folder / "beeps"
    package.mkdir(parents=True)
    for path, text in {
        package / "__init__.py": "",
        package / "engine.py": engine,
        package / "testing.py": case,
        folder / "pyproject.toml": PROJECT + entry_point,
    }.items():
        path.write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Install, narrate, run the conformance suite; any failure ends the process."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_package(folder / "source")
        install = ["pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
        run(folder, *install, "--target", str(folder / "installed"), str(folder / "source"))
        (folder / "story.txt").write_text("It was late.\n", encoding="utf-8")
        run(folder, "mixer", "narrate", "story.txt", "--engine", "beeps", "--store", "store")
        run(folder, "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "mixer.testing.engines")


def run(folder: Path, *command: str) -> None:
    """Run a module of Python in a folder, with what is installed there."""
    places = os.pathsep.join([str(folder / "installed"), str(ROOT)])
    environ = {**os.environ, "PYTHONPATH": places, "MIXER_TEST_ENGINE": "beeps.testing:CASE"}
    environ |= {"XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    subprocess.run([sys.executable, "-m", *command], cwd=folder, env=environ, check=True)


if __name__ == "__main__":
    main()
