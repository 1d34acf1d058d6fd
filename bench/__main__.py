"""`python -m bench [NAME…]`: run benchmarks, print a table, leave the figures in out/bench.json.

Each module of this folder measures one thing and says which figure it has to reach. The figures
are ratios against something fair measured in the same run; nothing here is a test. Benches that are
not named keep their figures of the last run on the same machine; out/bench.png shows the rendering.

All of it takes about 45 minutes on two cores, and the machine to itself: `rendering` and `books`
some fifteen each, `story_speech` three, `story_mix` eight; the others a few seconds each.
"""

import importlib
import json
import sys
import traceback
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.picture import draw_picture
from bench.processes import describe_machine

NAMES = (
    *("planning", "around_speech", "speech_pool", "endpoints", "sanitation"),
    *("story_speech", "story_mix", "rendering", "books"),
)
RESULTS = Path("out", "bench.json")
PICTURE = Path("out", "bench.png")


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; how many figures were missed."""
    rows = [row | {"bench": name} for name in names or NAMES for row in _run_bench(name)]
    here = describe_machine()
    kept = [row for row in _load_previous_rows(here) if row["bench"] not in (names or NAMES)]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"machine": here, "rows": [*kept, *rows]}, indent=2))
    draw_picture([*kept, *rows], here, PICTURE)
    Console().print(_build_table(rows, here))
    print(RESULTS, PICTURE)
    return sum(not row["ok"] for row in rows)


def _load_previous_rows(here: str) -> list[dict[str, object]]:
    """The rows of the last run, if it was on this machine."""
    if not RESULTS.exists():
        return []
    last = json.loads(RESULTS.read_text())
    rows: list[dict[str, object]] = last["rows"] if last["machine"] == here else []
    return rows


def _run_bench(name: str) -> list[dict[str, object]]:
    """The rows of one benchmark; one that breaks off is a figure missed, and the others go on."""
    print(f"measuring {name} …", file=sys.stderr)
    try:
        rows: list[dict[str, object]] = importlib.import_module(f"bench.{name}").run()
    except Exception as error:  # noqa: BLE001 - whatever it was, it is told and counted
        traceback.print_exc()
        return [{"what": "broke off", "measured": repr(error), "figure": "a figure", "ok": False}]
    return rows


def _build_table(rows: list[dict[str, object]], here: str) -> Table:
    table = Table(title=here, title_justify="left")
    for column in ("bench", "what", "measured", "figure", "ok"):
        table.add_column(column)
    for row in rows:
        cells = [str(row[column]) for column in ("bench", "what", "measured", "figure")]
        table.add_row(*cells, "yes" if row["ok"] else "NO")
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
