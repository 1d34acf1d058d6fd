"""What this proof needs of the machine."""

import os
import platform
import shutil
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

LOOKED_FOR = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def missing(emulator: Path) -> list[str]:
    """What is not there, a sentence each.

    Args:
        emulator: the Python of the environment in which the emulator is installed.
    """
    lacking = [name for name in PROGRAMS if shutil.which(name, path=LOOKED_FOR) is None]
    problems = []
    if lacking:
        packages = " ".join(sorted({PROGRAMS[name] for name in lacking}))
        told = f"Missing {', '.join(lacking)}"
        problems.append(f"{told}: apt-get install --no-install-recommends {packages}")
    if os.geteuid() != 0:
        problems.append("Building and mounting an image needs root: run it as root.")
    if platform.machine() != "x86_64":
        problems.append(f"The image is for x86_64, this machine is {platform.machine()}.")
    if not emulator.is_file():
        problems.append(f"{emulator} is missing: run make e2e, which installs it.")
    return problems
