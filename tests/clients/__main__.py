"""Runs other people's SDKs and programs against a real local server: `make clients`.

The server is the command `mixer serve` with a token, the embedded voice and an empty store. A
program that needs what is not on this machine is named and left out.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.clients.seaweedfs import find_program, run_store

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PYTHON = ROOT / ".venv-clients/bin"
MODULES = ROOT / ".venv-clients/node_modules"
TOKEN = "a token for the clients' tests"  # noqa: S105 - of a server on this machine
TEXT = "The lamp went out at nine. The sea was calm."
CONTRACT = "tests/contract/test_object_store.py"
STORE_TESTS = "endpoint and not key_order"
"""All but the order of keys of several folders: SeaweedFS lists one folder after the other."""

TIMEOUT_S = 300.0
MIN_SOUND_BYTES = 4_000


@dataclass(frozen=True)
class Client:
    """A command, the programs that it needs, and the file that it must write, if any."""

    name: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    sound: str = ""


CLIENTS = (
    Client("openai, Python", ("python", str(HERE / "openai_calls.py"), "{url}", TOKEN)),
    Client("elevenlabs, Python", ("python", str(HERE / "elevenlabs_calls.py"), "{url}", TOKEN)),
    Client(
        "openai and ai, JavaScript", ("node", "javascript_calls.mjs", "{url}", TOKEN), ("node",)
    ),
    Client("aisay", ("aisay", TEXT, "-v", "marin", "-o", "aisay.opus"), (), "aisay.opus"),
    Client(
        "ospeak",
        ("ospeak", TEXT, "-v", "onyx", "-x", "1.2", "-o", "ospeak.mp3"),
        ("ffmpeg", "ffprobe"),
        "ospeak.mp3",
    ),
    Client(
        "wyoming-openai (Home Assistant's protocol)",
        ("python", str(HERE / "wyoming_calls.py"), "{url}", TOKEN),
        ("wyoming_openai",),
    ),
)


def main() -> int:
    """0 if every client that could run made sound."""
    failed = 0
    with tempfile.TemporaryDirectory() as folder, _serve(Path(folder)) as url:
        for client in CLIENTS:
            missing = [name for name in client.needs if not _is_there(name)]
            if missing:
                print(f"left out: {client.name}: needs {', '.join(missing)}", flush=True)
                continue
            failed += not _run(client, url, Path(folder))
    failed += not _check_store()
    return 1 if failed else 0


def _check_store() -> bool:
    """Run the contract of stores against SeaweedFS."""
    program = find_program(PYTHON)
    if program is None:
        print("left out: SeaweedFS: needs weed", flush=True)
        return True
    begun_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, run_store(program, Path(folder)) as endpoint:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", CONTRACT, "-k", STORE_TESTS, "-p", "no:cacheprovider"],
            cwd=ROOT,
            env={**os.environ, "MIXER_TEST_S3_ENDPOINT": endpoint},
            check=False,
        )
    word, took_s = "FAILED" if done.returncode else "passed", time.monotonic() - begun_s
    print(f"{word}: SeaweedFS, the contract of stores ({took_s:.1f} s)", flush=True)
    return done.returncode == 0


def _is_there(name: str) -> bool:
    """Whether a program is on the path, or a module in the clients' environment."""
    return bool(shutil.which(name)) or any((PYTHON.parent / "lib").glob(f"*/site-packages/{name}"))


def _run(client: Client, url: str, folder: Path) -> bool:
    program, *arguments = (each.replace("{url}", url) for each in client.command)
    own = PYTHON / program
    environment = {
        **os.environ,
        "PATH": f"{PYTHON}:{os.environ['PATH']}",
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_API_KEY": TOKEN,
    }
    if program == "node":
        shutil.copy(HERE / arguments[0], folder)
        (folder / "node_modules").symlink_to(MODULES)
    begun_s = time.monotonic()
    done = subprocess.run(
        [str(own) if own.exists() else program, *arguments],
        cwd=folder,
        env=environment,
        timeout=TIMEOUT_S,
        check=False,
    )
    is_sound = not client.sound or (folder / client.sound).stat().st_size > MIN_SOUND_BYTES
    has_passed = done.returncode == 0 and is_sound
    took_s = time.monotonic() - begun_s
    print(f"{'passed' if has_passed else 'FAILED'}: {client.name} ({took_s:.1f} s)", flush=True)
    return has_passed


@contextmanager
def _serve(folder: Path) -> Iterator[str]:
    """Run the server for a block; its first line names its address."""
    command = [sys.executable, "-m", "mixer", "serve", "--port", "0"]
    places = ["--store", str(folder / "store"), "--music", str(folder)]
    environment = {**os.environ, "MIXER_TOKEN": TOKEN, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*command, *places],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            yield _read_address(server)
        finally:
            server.terminate()


def _read_address(server: "subprocess.Popen[str]") -> str:
    line = server.stdout.readline() if server.stdout else ""
    words = [word for word in line.split() if word.startswith("http://")]
    if not words:
        raise SystemExit("make clients: the server did not start.")
    return words[0]


if __name__ == "__main__":
    sys.exit(main())
