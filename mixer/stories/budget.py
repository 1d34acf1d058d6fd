"""What each caller may spend in a day, counted in the object store, without a lock.

A spending is an object of its own whose key says how much:

    spending/{day}/{caller}/{millionths of a dollar}-{random}

Before anything is paid, its foreseen cost is written down; then all of the caller's spendings of
the day are listed and added up. Whoever finds the sum over the cap takes the own entry back and is
refused. As everybody writes before adding up, and S3 lists what was written, no two requests can
both slip under the cap; at the very edge both may be refused. Afterwards the entry is replaced by
what was really paid, with the foreseen cost of calls that are still under way. A process that dies
leaves its foreseen cost standing: the safe side.

The price: a listing for every paid request, one page for a thousand requests of a caller in a day.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from secrets import token_hex

from mixer.errors import CapReached
from mixer.store import ObjectStore

PREFIX = "spending/"
MICRO = 1_000_000


def utc_now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class DailyBudget:
    """Counts what callers spend. Safe for many threads and processes.

    Attributes:
        store: where it is written down.
        max_daily_usd: for one caller and day.
        now: the moment, in UTC; days change at its midnight.
    """

    store: ObjectStore
    max_daily_usd: float
    now: Callable[[], datetime] = field(default=utc_now)

    @contextmanager
    def reservation(
        self, caller: str, predicted_usd: float, max_paid_usd: Callable[[], float]
    ) -> Iterator[None]:
        """A block that may pay so much.

        Args:
            caller: who pays.
            predicted_usd: at most; nothing is written down for nothing.
            max_paid_usd: asked when the block ends: what was paid, or may be yet.

        Raises:
            CapReached: it would be more than the day allows; nothing was paid.
            StoreFailed: it cannot be written down.
        """
        entry = self.reserve(caller, predicted_usd)
        try:
            yield
        finally:
            if entry:
                self._replace_entry(entry, max_paid_usd())

    def reserve(self, caller: str, predicted_usd: float) -> str:
        """Write down what work of many processes may pay; `settle` ends it.

        Args:
            caller: who pays.
            predicted_usd: at most.

        Returns:
            The entry; empty where nothing will be paid.

        Raises:
            CapReached: it would be more than the day allows; nothing was written down.
            StoreFailed: it cannot be written down.
        """
        if predicted_usd <= 0:
            return ""
        folder = self._folder(caller)
        entry = self._write_entry(folder, predicted_usd)
        try:
            self._check_cap(folder, predicted_usd)
        except BaseException:
            self.store.delete(entry)
            raise
        return entry

    def settle(self, entry: str, paid_usd: float) -> None:
        """Replace what was foreseen by what was paid; safe to call twice.

        Args:
            entry: from `reserve`.
            paid_usd: in the end.
        """
        if entry and self.store.head(entry) is not None:
            self._replace_entry(entry, paid_usd)

    def today_usd(self, caller: str) -> float:
        """What a caller has spent today, with what is reserved just now."""
        return self._sum_usd(self._folder(caller))

    def _check_cap(self, folder: str, predicted_usd: float) -> None:
        spent_usd = self._sum_usd(folder)
        if spent_usd > self.max_daily_usd:
            raise CapReached(
                f"This would cost about ${predicted_usd:.2f}, which exceeds what is left of the "
                f"${self.max_daily_usd:.2f} that a caller may spend per day; nothing was spent.",
                retry_after_s=self._until_midnight_s(),
            )

    def _sum_usd(self, folder: str) -> float:
        names = (each.key.removeprefix(folder) for each in self.store.list(folder))
        return sum(int(name.partition("-")[0]) for name in names) / MICRO

    def _folder(self, caller: str) -> str:
        """A caller's entries of today; a name may hold what a key may not, so it is hashed."""
        name = sha256(caller.encode()).hexdigest()[:16]
        return f"{PREFIX}{self.now():%Y-%m-%d}/{name}/"

    def _replace_entry(self, entry: str, paid_usd: float) -> None:
        """Put what was paid in the place of an entry; one that says it already is left alone.

        Whoever lists just then may miss both, so it is done only where it must be.
        """
        folder, _, name = entry.rpartition("/")
        if int(name.partition("-")[0]) == round(paid_usd * MICRO):
            return
        if paid_usd > 0:
            self._write_entry(f"{folder}/", paid_usd)
        self.store.delete(entry)

    def _write_entry(self, folder: str, usd: float) -> str:
        key = f"{folder}{round(usd * MICRO):012d}-{token_hex(8)}"
        self.store.put(key, b"")
        return key

    def _until_midnight_s(self) -> int:
        now = self.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return max(1, round((midnight - now).total_seconds()))
