"""The image's bill of materials, from its lock: `make sbom` writes out/sbom.cdx.json.

CycloneDX 1.6 (ECMA-424). It lists everything in requirements.txt by name, version and hashes;
FFmpeg, a program inside one of the packages, is listed with its own licence. Needs the standard
library only.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

ROOT = Path(__file__).parents[1]
PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9_.-]+)==(?P<version>[^\s;\\]+)(?P<rest>(?:.*\\\n)*.*)$", re.MULTILINE
)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
FFMPEG_PACKAGE = "imageio-ffmpeg"


def build_bill(lock: str, version: str, revision: str) -> dict[str, Any]:
    """Build the bill of materials of a lock with hashes; the same commit gives the same bill."""
    parts = sorted(_list_components(lock), key=lambda part: part["bom-ref"])
    mixer = {"type": "application", "name": "mixer", "version": version, "bom-ref": "mixer"}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, f'mixer:{revision}')}",
        "version": 1,
        "metadata": {
            "component": {**mixer, "properties": [{"name": "revision", "value": revision}]}
        },
        "components": parts,
        "dependencies": [{"ref": "mixer", "dependsOn": [part["bom-ref"] for part in parts]}],
    }


def _list_components(lock: str) -> Iterator[dict[str, Any]]:
    for pin in PIN.finditer(lock):
        name, version = pin["name"].lower(), pin["version"]
        purl = f"pkg:pypi/{name}@{version}"
        files = [
            {"type": "distribution", "url": purl, "hashes": [{"alg": "SHA-256", "content": each}]}
            for each in HASH.findall(pin["rest"])
        ]
        part = {"type": "library", "name": name, "version": version, "purl": purl}
        yield {**part, "bom-ref": purl, "externalReferences": files}
        if name == FFMPEG_PACKAGE:
            yield _ffmpeg_component(version)


def _ffmpeg_component(carried_by: str) -> dict[str, Any]:
    return {
        "type": "application",
        "name": "ffmpeg",
        "bom-ref": "ffmpeg",
        "licenses": [{"license": {"id": "GPL-3.0-or-later"}}],
        "properties": [{"name": "carried by", "value": f"{FFMPEG_PACKAGE} {carried_by}"}],
    }


def main() -> int:
    """Write the bill of the given or checked-out commit."""
    given = sys.argv[1:]
    revision = given[0] if given else _read_revision()
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (version,) = re.findall(r'^version = "([^"]+)"$', project, re.MULTILINE)
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    path = ROOT / "out" / "sbom.cdx.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        json.dumps(build_bill(lock, version, revision), indent=1) + "\n", encoding="utf-8"
    )
    sys.stdout.write(f"{path.relative_to(ROOT)} was written\n")
    return 0


def _read_revision() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
