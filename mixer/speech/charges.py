"""What an engine charges while chunks are said, also for calls whose end nobody waits for.

A call is charged for when it is answered, not when its answer is stored. Work that stops early
(its time ran out, the store took no more) leaves calls under way, which are charged for all the
same; their foreseen cost counts instead of the real one: the safe side.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from mixer.errors import OutOfTime
from mixer.speech.prices import cost_usd


class Charges:
    """Counts what a piece of work is charged for. Safe for many threads.

    Args:
        engine: by its name in the price list.
        times_paid: how often each character of a chunk is charged for.
    """

    def __init__(self, engine: str, billing_factor: int = 1) -> None:
        self._engine = engine
        self._billing_factor = billing_factor
        self._lock = Lock()
        self._paid_chars = 0
        self._pending_chars = 0
        self._is_closed = False

    @property
    def paid_chars(self) -> int:
        """What answered calls were charged with."""
        return self._paid_chars

    @property
    def paid_usd(self) -> float:
        """What answered calls have cost."""
        return cost_usd(self._paid_chars, self._engine)

    def max_usd(self) -> float:
        """What answered calls have cost, and what those under way will."""
        with self._lock:
            return cost_usd(self._paid_chars + self._pending_chars, self._engine)

    def close(self) -> None:
        """Let no call begin from now on; those under way end as they may."""
        with self._lock:
            self._is_closed = True

    @contextmanager
    def charge_call(self, chunk_chars: int) -> Iterator[Callable[[int], None]]:
        """A block that has one chunk said; it is given what notes the characters charged.

        Args:
            chunk_chars: that the chunk will be charged with, once.

        Raises:
            OutOfTime: nothing more is to be paid.
        """
        foreseen_chars = chunk_chars * self._billing_factor
        self._begin_call(foreseen_chars)
        charged: list[int] = []
        try:
            yield charged.append
        finally:
            with self._lock:
                self._pending_chars -= foreseen_chars
                self._paid_chars += sum(charged)

    def _begin_call(self, foreseen_chars: int) -> None:
        with self._lock:
            if self._is_closed:
                raise OutOfTime("The work was stopped before this chunk was said.")
            self._pending_chars += foreseen_chars
