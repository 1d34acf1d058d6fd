"""What was deployed, called and measured: a row each, with the time it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Row:
    """One line of the table."""

    part: str
    what: str
    result: str = ""
    took_s: float = 0.0


@dataclass(slots=True)
class Table:
    """All rows; each is printed when it is done."""

    rows: list[Row] = field(default_factory=list)

    @contextmanager
    def row(self, part: str, what: str) -> Iterator[Row]:
        """A row for a block; the block fills in the result."""
        row, start_s = Row(part, what), time.monotonic()
        yield row
        row.took_s = time.monotonic() - start_s
        self.rows.append(row)
        sys.stderr.write(f"  {part}: {what}: {row.result} ({row.took_s:.1f} s)\n")

    def render(self) -> str:
        """The whole table."""
        cells = [("part", "what", "result", "s")]
        cells += [(r.part, r.what, r.result, f"{r.took_s:.1f}") for r in self.rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join(c.ljust(w) for c, w in zip(each, widths, strict=True)) for each in cells]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join(line.rstrip() for line in lines)
