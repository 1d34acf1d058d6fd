"""CodeBuild's part: the source archive is fetched and its buildspec carried out.

Only what makes and hands over the image runs: the phases `build` and `post_build`. What comes
before them, checks and tests, everybody runs by themselves.
"""

import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

import yaml

PHASES = ("build", "post_build")


def unpack_archive(archive: Path, folder: Path) -> None:
    """Unpack with the files' modes, which zipfile leaves out."""
    with zipfile.ZipFile(archive) as packed:
        for each in packed.infolist():
            path = Path(packed.extract(each, folder))
            mode = each.external_attr >> 16 & 0o777
            if mode and not each.is_dir():
                path.chmod(mode)


def build_script(source: Path) -> str:
    """The commands of the buildspec in one shell, as CodeBuild runs them."""
    spec = yaml.safe_load((source / "buildspec.yml").read_text(encoding="utf-8"))
    commands = [each for phase in PHASES for each in spec["phases"][phase]["commands"]]
    return "\n".join(["set -e", "export CODEBUILD_BUILD_SUCCEEDING=1", *commands])


def run_build(source: Path, environ: Mapping[str, str], log: Path) -> bool:
    """Whether the commands ended well."""
    with log.open("wb") as written:
        done = subprocess.run(
            ["bash", "-c", build_script(source)],
            cwd=source,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode == 0
