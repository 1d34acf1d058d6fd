"""The emulator's process, from its start to its end."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from tests.e2e.containers import ROOT
from tests.e2e.launcher import Launch

PYTHON = ROOT / ".venv-e2e" / "bin" / "python"
START_TIMEOUT_S, STOP_TIMEOUT_S = 120.0, 10.0


@contextmanager
def start_emulator(launch: Launch) -> Iterator[None]:
    """The emulator, which ends with the block, and everything that it started with it."""
    folder = Path(launch.folder)
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    with (folder / "logs" / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            [PYTHON, "-m", "tests.e2e.launcher"],
            cwd=ROOT,
            env=_build_environ(launch),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await_start(process, launch.port)
        yield
    finally:
        _end_process(process)


def _build_environ(launch: Launch) -> dict[str, str]:
    """Servers listen on this machine alone, and state stays in the folder."""
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
        "E2E_LAUNCH": json.dumps(asdict(launch)),
        "GATEWAY_PORT": str(launch.port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "localhost",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "TMPDIR": launch.folder,
        "S3_DATA_DIR": f"{launch.folder}/s3",
        "STATE_DIR": f"{launch.folder}/state",
        "LOG_LEVEL": "INFO",
    }


def _await_start(process: "subprocess.Popen[bytes]", port: int) -> None:
    until_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until_s and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise RuntimeError("The emulator does not start; its log is logs/emulator.log")


def _end_process(process: "subprocess.Popen[bytes]") -> None:
    """End it politely, then whatever of its session is left: only we put anything there."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_TIMEOUT_S)
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait()
