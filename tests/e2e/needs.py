"""What this proof, and the tests of the page, need of the machine.

    python3 -m tests.e2e.needs     # the Debian packages that are missing

The standard library is enough for it: it runs before anything is installed.
"""

import os
import platform
import shutil
import sys
from pathlib import Path

PROGRAMS = {
    "buildah": "buildah",
    "runc": "runc",
    "mmdebstrap": "mmdebstrap",
    "bwrap": "bubblewrap",
    "curl": "curl",
    "git": "git",
    "make": "make",
}
"""Programs, and the Debian packages that bring them."""

BROWSER = "chromium-headless-shell"
"""What the tests of the page open it in: a program, and the package of that name.

Chromium itself takes half as long again: it draws windows of its own, also where nothing shows
them.
"""

EVALUATOR = {"node": "nodejs", "npm": "npm"}
"""What make permissions decides policies with: programs, and the packages that bring them."""

SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def find_missing_packages(path: str = SEARCH_PATH) -> list[str]:
    """The Debian packages whose programs are nowhere on a search path."""
    lacking = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    return sorted({PROGRAMS[name] for name in lacking})


def find_missing_browser(path: str = SEARCH_PATH) -> list[str]:
    """The package of the browser, where none is on a search path."""
    return [] if shutil.which(BROWSER, path=path) else [BROWSER]


def find_missing_evaluator(path: str = SEARCH_PATH) -> list[str]:
    """The packages of the evaluator of policies, whose programs are nowhere on a search path."""
    return [package for name, package in EVALUATOR.items() if not shutil.which(name, path=path)]


def find_missing(emulator: Path, path: str = SEARCH_PATH) -> list[str]:
    """What is not there, a sentence each.

    Args:
        emulator: the Python of the environment in which the emulator is installed.
        path: where programs are looked for.
    """
    problems, packages = [], find_missing_packages(path)
    if packages:
        install = "apt-get install --no-install-recommends"
        problems.append(f"Programs are missing: {install} {' '.join(packages)}")
    if os.geteuid() != 0:
        problems.append("Building and mounting an image needs root: run it as root.")
    if platform.machine() != "x86_64":
        problems.append(f"The image is for x86_64, this machine is {platform.machine()}.")
    if not emulator.is_file():
        problems.append(f"{emulator} is missing: run make e2e, which installs it.")
    return problems


def _list_missing() -> list[str]:
    return find_missing_packages() + find_missing_browser() + find_missing_evaluator()


if __name__ == "__main__":
    sys.stdout.write(" ".join(_list_missing()) + "\n")
