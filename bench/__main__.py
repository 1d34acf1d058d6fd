"""`python -m bench [NAME…]`: run benchmarks, print their figures, write out/bench.json and .md.

Each module measures one thing and states its target. Figures are ratios measured in one run, not
tests; benchmarks that are not named keep their last figures from the same machine.

All take about an hour on two idle cores: `mixdown` and `books` about fifteen minutes each,
`commands` nine, `story_mix` eight, `ten_hours` six, `story_speech` three, `first_sound` two; the
others a few seconds each.
"""

import importlib
import json
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.processes import describe_machine

NAMES = (
    *("script_plan", "speech_overhead", "speech_pool", "endpoints", "sanitation", "feed"),
    *(
        "first_sound",
        "word_times",
        "verification",
        "story_speech",
        "edit_story",
        "story_mix",
        "mixdown",
        "random_mixes",
    ),
    *("commands", "books", "ten_hours"),
    "pauses",
    "speakers",
    "voice_distance",
)
RESULTS = Path("out", "bench.json")
TABLE = Path("out", "bench.md")

Row = Mapping[str, Any]


def main(names: Sequence[str]) -> int:
    """Run the named benchmarks, or all; return the number of missed targets."""
    unknown = sorted({*names} - {*NAMES})
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    rows = [{**row, "bench": name} for name in names or NAMES for row in _run_bench(name)]
    machine = describe_machine()
    kept = [row for row in _load_previous_rows(machine) if row["bench"] not in (names or NAMES)]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"machine": machine, "rows": [*kept, *rows]}, indent=2))
    TABLE.write_text(format_tables([*kept, *rows], machine))
    print(format_tables(rows, machine))
    print(RESULTS, TABLE)
    return sum(not row["ok"] for row in rows)


def _load_previous_rows(machine: str) -> list[dict[str, object]]:
    """Load the rows of the last run, if it was on this machine."""
    if not RESULTS.exists():
        return []
    last = json.loads(RESULTS.read_text())
    rows: list[dict[str, object]] = last["rows"] if last["machine"] == machine else []
    return rows


def _run_bench(name: str) -> list[dict[str, object]]:
    """Run one benchmark; an exception counts as a missed target, and the others go on."""
    print(f"measuring {name} …", file=sys.stderr)
    try:
        rows: list[dict[str, object]] = importlib.import_module(f"bench.{name}").run()
    except Exception as error:  # noqa: BLE001 - whatever it was, it is reported and counted
        traceback.print_exc()
        return [{"what": "failed", "measured": repr(error), "figure": "a figure", "ok": False}]
    return rows


def format_tables(rows: Sequence[Row], machine: str) -> str:
    """Format the figures as Markdown: time and memory per way to mix, then all figures."""
    tables = [f"Measured on {machine} by `make bench`.\n"]
    tables += [_format_ways(row) for row in rows if isinstance(row.get("seconds"), dict)]
    figures = [
        (row["bench"], row["what"], row["measured"], row["figure"], "yes" if row["ok"] else "no")
        for row in rows
    ]
    tables.append(_format_table(("benchmark", "what", "measured", "to reach", "reached"), figures))
    return "\n".join(tables)


def _format_ways(row: Mapping[str, Any]) -> str:
    seconds, megabytes = row["seconds"], row["megabytes"]
    cells = [
        (way, f"{seconds[way]:,.1f}", f"{megabytes[way]:,.0f}" if way in megabytes else "")
        for way in seconds
    ]
    return _format_table(("a story of 26 minutes", "seconds", "peak memory, MB"), cells)


def _format_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
