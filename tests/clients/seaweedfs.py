"""SeaweedFS on this machine, from its wheel: a store with S3's protocol that is not AWS."""

import json
import os
import random
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

START_TIMEOUT_S = 120.0
KEY = "test"
IDENTITIES = {
    "identities": [
        {
            "name": "mixer",
            "credentials": [{"accessKey": KEY, "secretKey": KEY}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
    ]
}


def find_program(folder: Path) -> str | None:
    """The program `weed` of an environment; None where it is not installed."""
    return shutil.which("weed", path=str(folder))


@contextmanager
def run_store(program: str, folder: Path) -> Iterator[str]:
    """Run it for a block; yields its endpoint."""
    (folder / "s3.json").write_text(json.dumps(IDENTITIES), encoding="utf-8")
    names = ("master", "volume", "filer", "s3")
    ports = dict(zip(names, _find_free_ports(len(names)), strict=True))
    options = [f"-{name}.port={port}" for name, port in ports.items()]
    command = [program, "server", "-ip=127.0.0.1", f"-dir={folder}", "-s3", *options]
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"-s3.config={folder / 's3.json'}", "-volume.max=64"],
            stdout=log,
            stderr=log,
            env={**os.environ, "HOME": str(folder)},
        )
    try:
        endpoint = f"http://127.0.0.1:{ports['s3']}"
        _wait_for(endpoint)
        yield endpoint
    finally:
        process.kill()
        process.wait()


def _find_free_ports(count: int) -> list[int]:
    """Find ports such that they and those 10,000 above them, for its other protocol, are free."""
    ports: list[int] = []
    while len(ports) < count:
        port = random.randint(20_000, 50_000)
        if _is_free(port) and _is_free(port + 10_000):
            ports.append(port)
    return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _wait_for(endpoint: str) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline_s:
        with suppress(urllib.error.URLError, ConnectionError):
            try:
                urllib.request.urlopen(f"{endpoint}/", timeout=2)
            except urllib.error.HTTPError:
                return
            return
        time.sleep(0.2)
    raise SystemExit("make clients: SeaweedFS did not start.")
