"""`python -m tests.characterisation record` and `compare`."""

import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from tests.characterisation.golden import GOLDEN, compare, load_golden, save_golden
from tests.characterisation.machine import fingerprint
from tests.characterisation.observations import ALL
from tests.characterisation.workplace import Workplace

golden_option = click.option(
    "--golden", type=click.Path(path_type=Path), default=GOLDEN, help="The recorded observations."
)
only_option = click.option("--only", multiple=True, type=click.Choice(list(ALL)), help="A group.")
keep_option = click.option(
    "--keep", type=click.Path(path_type=Path), help="A new folder for all files, to look into."
)


@click.group()
def main() -> None:
    """Pin what a user gets, and hold it against what was pinned."""


@main.command()
@golden_option
@only_option
@keep_option
def record(golden: Path, only: Sequence[str], keep: Path | None) -> None:
    """Write the golden file anew; with --only these groups of it."""
    kept = load_golden(golden)["observations"] if only and golden.exists() else {}
    observed = {**kept, **observe(only or list(ALL), keep)}
    save_golden({"machine": fingerprint(), "observations": observed}, golden)


@main.command("compare")
@golden_option
@only_option
@keep_option
def compare_command(golden: Path, only: Sequence[str], keep: Path | None) -> None:
    """Print every difference from the golden file; exit 1 where there is one."""
    recorded, here = load_golden(golden), fingerprint()
    exactly = recorded["machine"] == here
    if not exactly:
        click.echo(f"Bytes are not compared: recorded on {recorded['machine']}, this is {here}.")
    groups = only or list(ALL)
    wanted = {name: recorded["observations"].get(name) for name in groups}
    lines = list(compare(wanted, observe(groups, keep), exactly=exactly))
    click.echo("\n".join(lines) or "No difference.")
    sys.exit(1 if lines else 0)


def observe(groups: Sequence[str], keep: Path | None = None) -> dict[str, Any]:
    """Observe groups, and say how long each took.

    Args:
        groups: their names.
        keep: a folder for all files; a temporary one when None.
    """
    with TemporaryDirectory() as temporary:
        place = Workplace.make(keep or Path(temporary, "place"))
        return {name: _observe_group(name, place) for name in groups}


def _observe_group(name: str, place: Workplace) -> dict[str, Any]:
    begun_s, begun_cpu_s = time.monotonic(), _cpu_s()
    observed = ALL[name](place)
    took_s, cpu_s = time.monotonic() - begun_s, _cpu_s() - begun_cpu_s
    click.echo(f"{name}: {took_s:.1f} s, {cpu_s:.1f} s of CPU", err=True)
    return observed


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
