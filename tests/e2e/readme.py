"""Runs the commands of README.md as they stand, in this folder: `make first-use`.

Both demos, each row of the table of commands, and the server with its curl lines. Every command
must end well and write the file that it names, and each sound must be audible.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mixer import inspect
from tests.e2e.table import Table
from tests.ports import find_free_port

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ENVIRONMENT = {**os.environ, "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"}
SERVED = "http://127.0.0.1:8080"
ELSEWHERE = {
    "mixer serve": "is run with the curl lines",
    "mixer mcp": "waits for an agent on standard input",
    "mixer sanitize": "needs an account",
}
"""Rows that are not run here, and why."""

RETRY = "--retry 60 --retry-connrefused --retry-delay 1"
TIMEOUT_S = 300.0


def list_commands(text: str = README) -> list[str]:
    """The first column of the table of commands."""
    return re.findall(r"^\| `(mixer [^`]+)` \|", text, re.MULTILINE)


def list_curl_lines(text: str = README) -> list[str]:
    """The curl commands, with their continued lines joined."""
    return re.findall(r"^curl .+", text.replace("\\\n", ""), re.MULTILINE)


def _run(command: str, folder: Path = ROOT) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        sys.exit(f"README.md: {command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def _find_output(command: str) -> str | None:
    words = shlex.split(command)
    options = [option for option in ("--out", "-o") if option in words]
    return words[words.index(options[-1]) + 1] if options else None


def _describe(path: Path) -> str:
    if path.suffix != ".mp3":
        return f"{path.name}, {path.stat().st_size:,} bytes"
    measured = inspect(path).measurement
    if measured.loudness_lufs is None:
        sys.exit(f"README.md: {path.name} is silent.")
    return f"{path.name}, {measured.duration_s:.1f} s, {measured.loudness_lufs:.1f} LUFS"


def _run_command(command: str, folder: Path = ROOT) -> str:
    name = _find_output(command)
    if name is None:
        return f"{len(_run(command, folder).splitlines())} lines"
    (folder / name).unlink(missing_ok=True)
    _run(command, folder)
    return _describe(folder / name)


@contextmanager
def _serve(log: Path) -> Iterator[str]:
    """The server of `make serve` on a free port; it is stopped as by Ctrl-C."""
    port = find_free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["make", "serve", f"PORT={port}"],
            cwd=ROOT,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            _run(f"curl -sf -o /dev/null {RETRY} http://127.0.0.1:{port}/voices")
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=TIMEOUT_S)


def run_all(table: Table, folder: Path) -> None:
    """Run everything that README.md shows; what the server answers goes into `folder`."""
    for target, name in (("demo", "story.mp3"), ("play", "play.mp3")):
        with table.row("make", target) as row:
            _run(f"make {target}")
            row.result = _describe(ROOT / "out" / name)
    for command in list_commands():
        reason = next((why for start, why in ELSEWHERE.items() if command.startswith(start)), "")
        with table.row("table", command) as row:
            row.result = f"left out: it {reason}" if reason else _run_command(command)
    with _serve(folder / "server.log") as address:
        for line in list_curl_lines():
            with table.row("curl", line) as row:
                row.result = _run_command(line.replace(SERVED, address), folder)


def main() -> None:
    """Run everything in this folder; 1 with the command and its messages if one fails."""
    table = Table()
    with tempfile.TemporaryDirectory() as folder:
        run_all(table, Path(folder))
    sys.stdout.write(f"{table.render()}\n")


if __name__ == "__main__":
    main()
