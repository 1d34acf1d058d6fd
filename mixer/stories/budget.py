"""Limits what each caller spends in a day, without a lock.

Every reservation is an object, `spending/{day}/{caller}/{millionths of a dollar}-{random}`, with
`-{story}` for a story that is not settled yet. A caller writes its entry first and adds up all
entries afterwards, so two requests cannot both slip under the limit; close to it, both may be
refused. A process that dies leaves its full reservation.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import TypeVar

from mixer.errors import CapReached, MixerError, format_usd
from mixer.store import LeaseKeeper, ObjectStore

PREFIX = "spending/"
MICRO = 1_000_000

PAYMENTS = "speaking/chunks/payments/"
"""Leases of requests, by caller, that name the chunks that they pay for."""

Reserved = TypeVar("Reserved")


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class DailyBudget:
    """Counts what callers spend per UTC day. Safe for many threads and processes."""

    store: ObjectStore
    max_daily_usd: float
    now: Callable[[], datetime] = field(default=utc_now)

    @contextmanager
    def reservation(
        self, caller: str, predicted_usd: float, max_paid_usd: Callable[[], float]
    ) -> Iterator[None]:
        """Reserve a predicted cost for a block, and settle it when the block ends.

        Args:
            max_paid_usd: called at the end; includes calls still under way.

        Raises:
            CapReached: the daily limit would be exceeded; nothing was paid.
            StoreFailed: the entry cannot be written.
        """
        entry = self.reserve(caller, predicted_usd)
        try:
            yield
        finally:
            if entry:
                self._replace_entry(entry, max_paid_usd())

    def reserve(self, caller: str, predicted_usd: float, story: str = "") -> str:
        """Reserve a predicted cost until `settle`; the entry is empty if the cost is 0.

        Raises CapReached or StoreFailed, as `reservation` does.
        """
        if predicted_usd <= 0:
            return ""
        folder = self._folder(caller)
        name = _name_entry(predicted_usd, token_hex(8))
        entry = f"{folder}{name}{story and f'-{story}'}"
        try:
            self.store.put(entry, b"")
            self._check_cap(folder, predicted_usd)
        except BaseException:  # also of a write that failed but was carried out
            with suppress(MixerError):
                self.store.delete(entry)
            raise
        return entry

    @contextmanager
    def hold_payment(
        self,
        caller: str,
        chunk_keys: Sequence[str],
        missing: Sequence[str],
        reserve: Callable[[bool], Reserved],
        pause: Callable[[float], None],
    ) -> Iterator[Reserved]:
        """Reserve what a caller's missing chunks cost, alone among equal requests.

        Of equal requests at once, all but one then cost nothing. If the cap is reached, requests
        that pay for some of the missing chunks are awaited first.

        Args:
            reserve: raises CapReached, otherwise its result is yielded; True asks it to look up
                the chunks once more.
            pause: waits for so many seconds, or raises.
        """
        leases, folder = LeaseKeeper(self.store), _payments_folder(caller)
        name = folder + sha256("\n".join(sorted(chunk_keys)).encode()).hexdigest()
        is_again = False
        while True:
            others = leases.find_leases(folder, missing) if is_again else set()
            with leases.hold_lease(name, pause, missing) as was_held:
                try:
                    reserved = reserve(was_held or is_again)
                except CapReached:
                    others = (others | leases.find_leases(folder, missing)) - {name}
                    if is_again and not others:
                        raise
                else:
                    yield reserved
                    return
            leases.await_releases(others, pause)
            is_again = True

    def list_payers(self, caller: str) -> set[str]:
        """List the stories of a caller that have reserved a cost today and not settled it."""
        folder = self._folder(caller)
        return {_parse_story(each.key) for each in self.store.list(folder)} - {""}

    def has_room(self, caller: str, predicted_usd: float) -> bool:
        """Check whether a cost could be reserved at the moment."""
        return self._sum_usd(self._folder(caller)) + predicted_usd <= self.max_daily_usd

    def list_claimed_chunks(self, caller: str) -> set[str]:
        """List the chunks that requests of a caller pay for while they are answered."""
        return LeaseKeeper(self.store).list_subjects(_payments_folder(caller))

    def settle(self, entry: str, paid_usd: float) -> None:
        """Replace a reserved amount by the amount paid; safe to call twice."""
        if entry and self.store.head(entry) is not None:
            self._replace_entry(entry, paid_usd)

    def _check_cap(self, folder: str, predicted_usd: float) -> None:
        spent_usd = self._sum_usd(folder)
        if spent_usd > self.max_daily_usd:
            raise CapReached(
                f"This would cost about {format_usd(predicted_usd)}, which exceeds what is left "
                f"of the {format_usd(self.max_daily_usd)} that a caller may spend per day; "
                "nothing was spent.",
                retry_after_s=self._until_midnight_s(),
            )

    def _sum_usd(self, folder: str) -> float:
        names = (each.key.removeprefix(folder) for each in self.store.list(folder))
        return sum(int(name.partition("-")[0]) for name in names) / MICRO

    def _folder(self, caller: str) -> str:
        return f"{PREFIX}{self.now():%Y-%m-%d}/{_shorten(caller)}/"

    def _replace_entry(self, entry: str, paid_usd: float) -> None:
        """Replace an entry that changes; a concurrent listing may miss both.

        The new one keeps the token, so that a repetition after a failure does not add another.
        """
        folder, _, name = entry.rpartition("/")
        settled = f"{folder}/{_name_entry(paid_usd, name.split('-')[1])}"
        if settled == entry:
            return
        if paid_usd > 0:
            self.store.put(settled, b"")
        self.store.delete(entry)

    def _until_midnight_s(self) -> int:
        now = self.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return max(1, round((midnight - now).total_seconds()))


def _payments_folder(caller: str) -> str:
    return f"{PAYMENTS}{_shorten(caller)}/"


def _name_entry(usd: float, token: str) -> str:
    return f"{round(usd * MICRO):012d}-{token}"


def _parse_story(entry: str) -> str:
    """Parse the story of an entry that is not settled; empty for others."""
    _, _, rest = entry.rpartition("/")[2].partition("-")
    return rest.partition("-")[2]


def _shorten(caller: str) -> str:
    return sha256(caller.encode()).hexdigest()[:16]
