"""Images without a daemon: buildah, told by its files where to store, push and look.

All of it lies in one folder, so that nothing of the machine's own containers is touched and
nothing stays behind.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
"""What the emulator's account calls its registry."""

BASE = "localhost/mixer-base:1"
SUITE = "bookworm"
PACKAGES = "python3-minimal,python3-venv,python3-pip,ca-certificates"
RUNTIME = "/var/runtime"
"""Where Lambda's own images keep their runtime interface client."""

CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
"""The runtime interface client and what it needs; pinned in requirements-dev.txt."""

CERTIFICATES = "/etc/ssl/certs"
PIPS_OWN = ("/etc/pip.conf", "/root/.config/pip", "/root/.pip")


BUILDER = """#!/bin/bash
there=("${{@/{registry}/127.0.0.1:{port}}}")
case "$1" in
  login) exec buildah login --tls-verify=false "${{there[@]:1}}" ;;
  push) exec buildah push --tls-verify=false "$2" "docker://${{there[1]}}" ;;
  *) exec buildah "$@" ;;
esac
"""
"""registries.conf tells buildah where to fetch a registry's images, but not where to put them."""


@dataclass(frozen=True, slots=True)
class Containers:
    """A place for images.

    Attributes:
        folder: where everything lies.
        registry_port: of the emulator, which answers for REGISTRY.
    """

    folder: Path
    registry_port: int

    @property
    def environ(self) -> dict[str, str]:
        """Variables by which buildah finds its files; they hold for everybody who calls it."""
        return {
            "HOME": str(self.folder / "home"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(self.folder / "registries.conf"),
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "REGISTRY_AUTH_FILE": str(self.folder / "auth.json"),
            "BUILDAH_ISOLATION": "chroot",
            "TMPDIR": str(self.folder / "tmp"),
        }

    def prepare(self) -> None:
        """Write the files."""
        home = self.folder / "home" / ".config" / "containers"
        for each in (home, self.folder / "tmp"):
            each.mkdir(parents=True, exist_ok=True)
        policy = {"default": [{"type": "insecureAcceptAnything"}]}
        (home / "policy.json").write_text(json.dumps(policy))
        (self.folder / "auth.json").write_text("{}")
        (self.folder / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{self.folder}/storage"\n'
            f'runroot = "{self.folder}/run"\n'
        )
        (self.folder / "registries.conf").write_text(
            f'unqualified-search-registries = []\n[[registry]]\nprefix = "{REGISTRY}"\n'
            f'location = "127.0.0.1:{self.registry_port}"\ninsecure = true\n'
        )
        (self.folder / "containers.conf").write_text(_format_containers_conf())

        self.builder.write_text(BUILDER.format(registry=REGISTRY, port=self.registry_port))
        self.builder.chmod(0o755)

    @property
    def builder(self) -> Path:
        """A buildah that logs in where the emulator listens; the rest its files tell it."""
        return self.folder / "builder"

    def run(self, *arguments: str, stdin: bytes | None = None) -> str:
        """What buildah says; it must end well."""
        done = subprocess.run(
            ["buildah", *arguments],
            env={**os.environ, **self.environ},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise RuntimeError(f"buildah {' '.join(arguments)}: {said}")
        return done.stdout.decode().strip()

    def make_base(self) -> None:
        """A Debian with Python and Lambda's runtime interface client, as BASE."""
        container = self.run("from", "scratch")
        command = ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={PACKAGES}"]
        log = self.folder / "mmdebstrap.log"
        with log.open("wb") as written:
            done = subprocess.run(
                [*command, SUITE, self.run("mount", container)],
                stdout=written,
                stderr=written,
                check=False,
            )
        if done.returncode:
            raise RuntimeError(f"mmdebstrap: {log.read_text(errors='replace')[-2000:]}")
        self._add_client(container)
        self.run("commit", "--rm", container, BASE)

    def _add_client(self, container: str) -> None:
        locked = self.folder / "client.txt"
        locked.write_text(select_pins((ROOT / "requirements-dev.txt").read_text(encoding="utf-8")))
        self.run("copy", container, str(locked), "/tmp/client.txt")  # noqa: S108 - in the image
        install = ["python3", "-m", "pip", "install", "--quiet", "--require-hashes"]
        target = ["--target", RUNTIME, "-r", "/tmp/client.txt"]  # noqa: S108 - in the image
        self.run("run", container, "--", *install, *target)
        self.run(
            "config",
            "--env", f"PYTHONPATH={RUNTIME}",
            "--env", "PATH=/usr/local/bin:/usr/bin:/bin",
            "--entrypoint", json.dumps(["python3", "-m", "awslambdaric"]),
            container,
        )  # fmt: skip

    def pull_image(self, uri: str) -> "ImageRoot":
        """An image of the registry as a folder, and how it is started."""
        container = self.run("from", "--pull-always", uri)
        config = json.loads(self.run("inspect", "--type", "container", container))
        return ImageRoot(Path(self.run("mount", container)), config["OCIv1"]["config"])

    def close(self) -> None:
        """Unmount everything and remove the folder."""
        self.run("umount", "--all")
        self.run("rm", "--all")
        shutil.rmtree(self.folder)


@dataclass(frozen=True, slots=True)
class ImageRoot:
    """A mounted image.

    Attributes:
        path: its root.
        config: as the image says it (OCI image specification).
    """

    path: Path
    config: dict[str, Any]


def _format_containers_conf() -> str:
    """Build steps see the certificates and the pip settings of the machine, read-only."""
    places = [CERTIFICATES, *(each for each in PIPS_OWN if Path(each).exists())]
    volumes = ", ".join(f'"{each}:{each}:ro"' for each in places)
    passed = ("PIP_", "SSL_CERT_", "REQUESTS_CA_BUNDLE")
    given = {key: value for key, value in os.environ.items() if key.startswith(passed)}
    environ = ", ".join(json.dumps(f"{key}={value}") for key, value in given.items())
    return f"[containers]\nvolumes = [{volumes}]\nenv = [{environ}]\n"


def select_pins(lock: str) -> str:
    """The lines of a lock that pin CLIENT, hashes included."""
    blocks = re.findall(r"^[a-z][^\n]*(?:\n    [^\n]*)*", lock, re.MULTILINE)
    chosen = [each for each in blocks if each.partition("==")[0] in CLIENT]
    assert len(chosen) == len(CLIENT), chosen
    return "\n".join(chosen) + "\n"
