"""The short form of the attack campaign."""

import pytest

from tests.attack.__main__ import ROWS

SEED = 1


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.short])
def test_attacks_hold(name):
    row = ROWS[name]
    tally = row.run(SEED, row.short).tally
    assert tally.attempts >= row.short
    assert tally.failures == []
