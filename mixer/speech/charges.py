"""What speech costs, and what an engine charges while chunks are synthesized.

A call is charged for when it is answered, not when its answer is stored. A try whose answer is
lost on the way may have been charged for, so it counts (`MixerError.billed_chars`). Work that stops
early (its time ran out, the store took no more) leaves calls under way, which are charged for all
the same; their predicted cost counts instead of the real one: the safe side.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from types import MappingProxyType

from mixer.errors import OutOfTime

POLLY_USD_PER_MILLION_CHARS = MappingProxyType(
    {"standard": 4.0, "neural": 16.0, "generative": 30.0, "long-form": 100.0}
)
"""By the engine's name in Polly's API. Source: Amazon Polly's price list, October 2026."""


def cost_usd(characters: int, engine: str) -> float:
    """The cost of billed characters with an engine; 0 with one that has no price."""
    return characters * POLLY_USD_PER_MILLION_CHARS.get(engine, 0.0) / 1_000_000


def costs_usd(characters: int) -> dict[str, float]:
    """The cost of billed characters with each of Polly's engines, cheapest first."""
    return {engine: cost_usd(characters, engine) for engine in POLLY_USD_PER_MILLION_CHARS}


class Charges:
    """Counts what a piece of work is charged for, each chunk at its own price. Thread-safe.

    `billing_factor` is how often each character of a chunk is charged for.
    """

    def __init__(self, billing_factor: int = 1) -> None:
        self._billing_factor = billing_factor
        self._lock = Lock()
        self._paid_chars = 0
        self._paid_usd = 0.0
        self._pending_usd = 0.0
        self._is_closed = False

    @property
    def paid_chars(self) -> int:
        """Characters charged for answered calls."""
        return self._paid_chars

    @property
    def paid_usd(self) -> float:
        """The cost of answered calls."""
        return self._paid_usd

    def max_usd(self) -> float:
        """The cost of answered calls, and the predicted cost of those under way."""
        with self._lock:
            return self._paid_usd + self._pending_usd

    def close(self) -> None:
        """Let no further call begin; those under way continue."""
        with self._lock:
            self._is_closed = True

    def reopen(self) -> None:
        """Let calls begin again, for further takes of what is there."""
        with self._lock:
            self._is_closed = False

    @contextmanager
    def charge_call(
        self, chunk_chars: int, price: Callable[[int], float]
    ) -> Iterator[Callable[[int], None]]:
        """A block for one call; it gets the recorder of characters. OutOfTime once closed.

        `price` is the cost of characters in USD.
        """
        predicted_usd = price(chunk_chars * self._billing_factor)
        self._begin_call(predicted_usd)
        charged: list[int] = []
        try:
            yield charged.append
        finally:
            with self._lock:
                self._pending_usd -= predicted_usd
                self._paid_chars += sum(charged)
                self._paid_usd += price(sum(charged))

    def _begin_call(self, predicted_usd: float) -> None:
        with self._lock:
            if self._is_closed:
                raise OutOfTime("The work was stopped before this chunk was synthesized.")
            self._pending_usd += predicted_usd
