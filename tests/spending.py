"""What a caller has spent and reserved today, read from the entries in the store."""

from datetime import UTC, datetime
from hashlib import sha256

from mixer.stories.budget import MICRO, PREFIX, DailyBudget


def count_today_usd(budget: DailyBudget, caller: str) -> float:
    """Add up the entries of today."""
    folder = f"{PREFIX}{datetime.now(UTC):%Y-%m-%d}/{sha256(caller.encode()).hexdigest()[:16]}/"
    amounts = [
        each.key.removeprefix(folder).partition("-")[0] for each in budget.store.list(folder)
    ]
    return sum(map(int, amounts)) / MICRO
