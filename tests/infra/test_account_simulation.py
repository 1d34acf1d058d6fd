"""Books are rendered in accounts of 10 and of 1,000 executions, alone and two at once."""

import pytest

from deploy.preflight import choose_render_concurrency
from tests.infra.account_simulation import Book, Retrier, count_failures, load_retrier

ELEVEN_HOURS = Book(60, (15.0, 20.0))
NINETY_HOURS = Book(60, (140.0, 170.0))
TWO = [ELEVEN_HOURS, Book(60, (15.0, 20.0), begins_s=20.0)]
RUNS = 400

BEFORE = Retrier(interval_s=2, backoff=2.0, attempts=8, longest_s=60)
"""One list for everything, and 60 groups at once: what was deployed before."""


@pytest.mark.parametrize(
    ("books", "limit", "taken"),
    [
        ([ELEVEN_HOURS], 10, 0),
        ([ELEVEN_HOURS], 10, 3),
        (TWO, 10, 0),
        (TWO, 10, 3),
        ([NINETY_HOURS], 10, 0),
        (TWO, 50, 0),
        (TWO, 1_000, 0),
    ],
)
def test_less_than_one_run_in_a_hundred_loses_a_book(books, limit, taken):
    concurrency = choose_render_concurrency(limit)
    failures = count_failures(books, limit=limit, taken=taken, concurrency=concurrency, runs=RUNS)
    assert failures < RUNS / 100


def test_sixty_groups_at_once_survive_the_retries_of_throttling_alone():
    failures = count_failures([ELEVEN_HOURS], limit=10, concurrency=60, runs=RUNS)
    assert failures < RUNS / 100


def test_simulation_shows_what_was_wrong_before():
    failures = count_failures(
        [ELEVEN_HOURS], limit=10, concurrency=60, retrier=BEFORE, runs=RUNS // 4
    )
    assert failures > RUNS / 10


def test_throttling_is_retried_apart_from_everything_else():
    assert load_retrier().attempts >= 60
