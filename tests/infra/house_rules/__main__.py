"""Print the figures, and fail where an enforced rule is broken."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.infra.house_rules import borders, literals, naming, shape, usage
from tests.infra.house_rules.source import Finding, Source

ROOT = Path(__file__).parents[3]


class Mode(StrEnum):
    """What a rule that does not hold leads to."""

    FAIL = "fail"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table: what is counted, and how much of it there may be.

    Attributes:
        measure: finds the places that count, or a figure; its docstring is the row's name.
        share_of: what the number of findings is a percentage of.
    """

    mode: Mode
    limit: float
    measure: Callable[[Source], list[Finding] | float]
    share_of: Callable[[Source], int] | None = None

    @property
    def name(self) -> str:
        """The row's name."""
        title = (self.measure.__doc__ or "").splitlines()[0].partition(":")[0].rstrip(".")
        return f"{title}, %" if self.share_of else title


FAIL, REPORT = Mode.FAIL, Mode.REPORT
RULES = (
    Rule(FAIL, 1, naming.find_participles, naming.count_functions),
    Rule(FAIL, 0, naming.find_test_participles),
    Rule(FAIL, 4, naming.find_gerunds),
    Rule(FAIL, 0, naming.find_repeated_classes),
    Rule(FAIL, 0, naming.find_banned_identifiers),
    Rule(FAIL, 0, naming.find_banned_texts),
    Rule(FAIL, 0, naming.find_banned_pages),
    Rule(REPORT, 200, shape.count_modules),
    Rule(REPORT, 20_000, shape.count_code_lines),
    Rule(FAIL, 15, shape.docstring_share),
    Rule(FAIL, 0, shape.find_repeating_docstrings),
    Rule(FAIL, 0, shape.find_many_parameters),
    Rule(FAIL, 0, shape.find_tuple_splats),
    Rule(REPORT, 0, shape.find_long_functions),
    Rule(REPORT, 0, shape.find_long_files),
    Rule(FAIL, 0, borders.find_loops),
    Rule(FAIL, 0, borders.find_handler_imports),
    Rule(FAIL, 0, borders.find_layer_modules),
    Rule(FAIL, 0, borders.find_inner_imports),
    Rule(FAIL, 0, borders.find_large_exports),
    Rule(REPORT, 200, borders.find_crossing_names),
    Rule(REPORT, 20, borders.find_single_importers, shape.count_modules),
    Rule(FAIL, 0, literals.find_adapter_calls),
    Rule(FAIL, 0, literals.find_format_comparisons),
    Rule(FAIL, 0, literals.find_step_literals),
    Rule(FAIL, 0, usage.find_unused_symbols),
    Rule(FAIL, 0, borders.find_unmirrored_tests),
)
"""One line for each rule; to enforce one, make its REPORT a FAIL."""


def main(arguments: Sequence[str]) -> int:
    """Print the table; with folders or files, what stands in them.

    Args:
        arguments: paths below the root; one that holds a folder `mixer` is another root.
    """
    roots = [each for each in map(Path, arguments) if (each / "mixer").is_dir()]
    paths = tuple(each for each in arguments if Path(each) not in roots)
    source = Source(roots[0] if roots else ROOT)
    broken = 0
    for rule in RULES:
        found = rule.measure(source)
        places = found if isinstance(found, list) else []
        value = len(places) if places is found else found
        value *= 100 / max(rule.share_of(source), 1) if rule.share_of else 1
        fails = value > rule.limit and rule.mode is FAIL
        state = "ok" if value <= rule.limit else rule.mode.value
        row = f"{state:6}{value:>9,.5g} (at most {rule.limit:,g})"
        sys.stdout.write(f"{row:36}{rule.name}\n")
        shown = [each for each in places if fails or each.path.startswith(paths or "-")]
        sys.stdout.writelines(f"        {each}\n" for each in shown)
        broken += fails
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
