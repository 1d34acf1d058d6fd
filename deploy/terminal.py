"""Questions and progress of a deployment on the terminal."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from deploy.errors import DeploymentError

FIRST_POLL_S, LAST_POLL_S = 0.2, 5.0
"""Pauses between polls: short at first, then growing."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """Reports progress and asks for consent; `sleep` waits for so many seconds."""

    print_line: Callable[[str], None]
    confirm: Callable[[str], bool]
    sleep: Callable[[float], None] = time.sleep

    def poll(self) -> Iterator[None]:
        """Iterate over a wait, with growing pauses."""
        pause_s = FIRST_POLL_S
        while True:
            yield
            self.sleep(pause_s)
            pause_s = min(pause_s * 1.5, LAST_POLL_S)

    def print_table(self, rows: Sequence[Sequence[str]], indent: str = "  ") -> None:
        """Print rows in columns."""
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.print_line((indent + "  ".join(cells)).rstrip())


def open_terminal(*, yes: bool) -> Terminal:
    """Open this terminal; `yes` agrees to everything without asking."""
    return Terminal(print_line=_print_line, confirm=_accept if yes else _ask_user)


def _print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _accept(question: str) -> bool:
    _print_line(f"{question} yes (YES=1)")
    return True


def _ask_user(question: str) -> bool:
    if not sys.stdin.isatty():
        raise DeploymentError(
            f"{question} This needs a terminal for the answer; set YES=1 to agree to everything."
        )
    sys.stdout.write(f"{question} [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
