"""Packages the page with the program; everything else is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithPage(build_py):
    """Copies `web` to `mixer/web`; an editable installation serves it from its own folder."""

    def run(self) -> None:
        """Build the modules, then add the page, which the Lambda image has elsewhere."""
        super().run()
        page = Path("web")
        if page.is_dir() and not self.editable_mode:
            shutil.copytree(page, Path(self.build_lib, "mixer", "web"), dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithPage})
