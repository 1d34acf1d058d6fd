"""`python -m bench [NAME…]`: run benchmarks, print a table, leave the figures in out/bench.json.

Each module of this folder measures one thing and says which figure it has to reach. The figures
are ratios against something fair measured in the same run; nothing here is a test.
"""

import importlib
import json
import os
import platform
import sys
import traceback
from pathlib import Path

from rich.console import Console
from rich.table import Table

NAMES = ("planning", "mixing", "around_speech", "speech_pool", "endpoints", "sanitation")
RESULTS = Path("out", "bench.json")


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; how many figures were missed."""
    rows = [row | {"bench": name} for name in names or NAMES for row in _measured(name)]
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"machine": machine, "rows": rows}, indent=2))
    Console().print(_table(rows, machine))
    print(RESULTS)
    return sum(not row["ok"] for row in rows)


def _measured(name: str) -> list[dict[str, object]]:
    """The rows of one benchmark; one that breaks off is a figure missed, and the others go on."""
    print(f"measuring {name} …", file=sys.stderr)
    try:
        rows: list[dict[str, object]] = importlib.import_module(f"bench.{name}").run()
    except Exception as error:  # noqa: BLE001 - whatever it was, it is told and counted
        traceback.print_exc()
        return [{"what": "broke off", "measured": repr(error), "figure": "a figure", "ok": False}]
    return rows


def _table(rows: list[dict[str, object]], machine: str) -> Table:
    table = Table(title=machine, title_justify="left")
    for column in ("bench", "what", "measured", "figure", "ok"):
        table.add_column(column)
    for row in rows:
        cells = [str(row[column]) for column in ("bench", "what", "measured", "figure")]
        table.add_row(*cells, "yes" if row["ok"] else "NO")
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
