"""Commands run as a user runs them: in a process of their own, or quickly in this one."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import mixer.cli

MIXER = (sys.executable, "-m", "mixer")

TIMEOUT_S = 240


@dataclass(frozen=True)
class CommandResult:
    """How a command ended: its exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """What it said last on stderr, which must be its only complaint."""
        *before, last = self.err.strip().splitlines()
        complaints = [line for line in before if line.startswith("mixer:")]
        assert not complaints, self.err
        assert "Traceback" not in self.err, self.err
        assert last.startswith("mixer: "), self.err
        assert not last.startswith("mixer: unexpected error"), self.err
        return last.removeprefix("mixer: ")


def build_environ(home: Path, **more: str) -> dict[str, str]:
    """Of a user who has nothing: no store yet, no cloud, a temp folder and a home of their own."""
    temp = home / "temp"
    temp.mkdir(parents=True, exist_ok=True)
    cloud = {name for name in os.environ if name.startswith(("AWS_", "MIXER_", "XDG_"))}
    kept = {name: value for name, value in os.environ.items() if name not in cloud}
    nowhere = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}
    nowhere["MIXER_SIGNING"] = "off"  # no two signatures are equal
    return {**kept, **nowhere, "HOME": str(home), "TMPDIR": str(temp), **more}


def run(
    *arguments: str | Path,
    cwd: Path,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
) -> CommandResult:
    """Run `mixer` in a process of its own, in a folder."""
    done = subprocess.run(
        [*prefix, *MIXER, *map(str, arguments)],
        cwd=cwd,
        env=env or build_environ(cwd),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return CommandResult(done.returncode, done.stdout.decode(), done.stderr.decode())


class InProcessCli:
    """Runs `mixer` inside the test's own process, which is quick."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> CommandResult:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            mixer.cli.main([str(argument) for argument in arguments])
        said = self._capsys.readouterr()
        code = exit_.value.code
        assert isinstance(code, int)
        return CommandResult(code, said.out, said.err)
