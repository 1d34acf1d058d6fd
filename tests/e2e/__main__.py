"""Run the proof and print its table: `make e2e`."""

import shutil
import sys
import tempfile
import time
from pathlib import Path

from mixer.script.limits import POLLY_LIMITS
from tests.e2e import emulator, needs
from tests.e2e.containers import ROOT, Containers
from tests.e2e.launcher import Launch
from tests.e2e.proof import Proof
from tests.e2e.table import Table
from tests.emulators.strict_polly import Allowance, StrictPolly
from tests.ports import find_free_port

OPEN_ALLOWANCES = dict.fromkeys(POLLY_LIMITS, Allowance(100, 100, 26))
"""A quota of Polly that stands in nobody's way."""

LOGS = ROOT / "out" / "e2e"
"""Where logs are copied when something failed."""


def main() -> int:
    """0 when everything went as it should."""
    problems = needs.find_missing(emulator.PYTHON)
    if problems:
        sys.stderr.write("\n".join(f"make e2e: {each}" for each in problems) + "\n")
        return 1
    (ROOT / ".mixer").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="e2e-", dir=ROOT / ".mixer"))
    (folder / "logs").mkdir()
    start_s, table = time.monotonic(), Table()
    try:
        _prove(folder, table)
    except BaseException:
        _keep_build_logs(folder)
        shutil.copytree(folder / "logs", LOGS, dirs_exist_ok=True)
        sys.stderr.write(f"{table.render()}\n\nmake e2e: failed; the logs are in {LOGS}\n")
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    took_s = time.monotonic() - start_s
    sys.stdout.write(
        f"{table.render()}\n\nIn {took_s:.0f} s:\n{len(table.rows)} passed, 0 failed\n"
    )
    return 0


def _keep_build_logs(folder: Path) -> None:
    for number, log in enumerate(sorted(folder.glob("builds/*/log"))):
        shutil.copy(log, folder / "logs" / f"build-{number}.log")


def _prove(folder: Path, table: Table) -> None:
    containers = Containers(folder / "containers", find_free_port())
    containers.prepare()
    try:
        with StrictPolly(allowances=OPEN_ALLOWANCES) as polly:
            launch = Launch(str(folder), containers.registry_port, polly.endpoint_url)
            with table.row("image", "Debian base with Lambda's runtime client") as row:
                containers.make_base()
                row.result = "made with mmdebstrap and buildah"
            with emulator.start_emulator(launch):
                Proof(launch, containers, polly, table).run()
    finally:
        containers.close()


if __name__ == "__main__":
    sys.exit(main())
