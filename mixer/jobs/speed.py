"""How fast this process works, measured as it goes, to tell whether more would be done in time."""

import threading

NEWEST = 0.5
"""Of the latest measurement against all before: containers and services slow down and recover."""


class Speed:
    """Seconds that a unit of work takes, by its kind. Safe for many threads.

    Args:
        first_s: by kind, what is taken for it until it was measured; nothing is known of others.
    """

    def __init__(self, first_s: dict[str, float] | None = None) -> None:
        self._unit_s = dict(first_s or {})
        self._measured: set[str] = set()
        self._lock = threading.Lock()

    def note(self, kind: str, units: float, seconds: float) -> None:
        """Learn from work that was done."""
        if units <= 0:
            return
        unit_s = seconds / units
        with self._lock:
            before = self._unit_s[kind] if kind in self._measured else unit_s
            self._unit_s[kind] = NEWEST * unit_s + (1 - NEWEST) * before
            self._measured.add(kind)

    def seconds(self, kind: str, units: float) -> float:
        """How long so much work will take; 0 where nothing is known."""
        with self._lock:
            return units * self._unit_s.get(kind, 0.0)
