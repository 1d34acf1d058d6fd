"""Prints what the Lambda image needs of the project's dependencies: all but a laptop's, and AWS."""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def list_image_requirements(project: str) -> list[str]:
    """The dependencies of a pyproject.toml and its extra `aws`, without those for laptops only."""
    settings = tomllib.loads(project)
    project_table, left_out = settings["project"], set(settings["tool"]["mixer"]["laptop-only"])
    listed = [*project_table["dependencies"], *project_table["optional-dependencies"]["aws"]]
    return [each for each in listed if re.split(r"[^\w-]", each)[0] not in left_out]


if __name__ == "__main__":
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    sys.stdout.writelines(f"{each}\n" for each in list_image_requirements(project))
