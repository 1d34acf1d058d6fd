"""Prints what the Lambda image needs of the project's dependencies: all but a laptop's."""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def list_image_requirements(project: str) -> list[str]:
    """The dependencies of a pyproject.toml without those that are for laptops only."""
    settings = tomllib.loads(project)
    left_out = set(settings["tool"]["mixer"]["laptop-only"])
    return [
        each
        for each in settings["project"]["dependencies"]
        if re.split(r"[^\w-]", each)[0] not in left_out
    ]


if __name__ == "__main__":
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    sys.stdout.writelines(f"{each}\n" for each in list_image_requirements(project))
