"""Work on many items in threads, with a bounded queue, and stop at once when something breaks."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

QUEUED_PER_WORKER = 2
"""Items waiting behind each one at work: enough to keep busy, few enough to stop quickly."""


def in_parallel(
    items: Iterable[Item], work: Callable[[Item], Outcome], workers: int
) -> Iterator[tuple[Item, Future[Outcome]]]:
    """Each item with its finished future, in the order in which they finish.

    Leaving the iteration early (an error, an interrupt) starts no further item and does not wait
    for those at work: whoever leaves ends them, by closing what they work with.

    Args:
        items: taken as needed, never all at once.
        work: called with each, in threads.
        workers: how many at a time.
    """
    waiting = iter(items)
    pool = ThreadPoolExecutor(workers)
    try:
        pending = _submitted(pool, work, islice(waiting, workers * QUEUED_PER_WORKER))
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield pending.pop(future), future
            pending |= _submitted(pool, work, islice(waiting, len(done)))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def usable_cores() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _submitted(
    pool: ThreadPoolExecutor, work: Callable[[Item], Outcome], items: Iterable[Item]
) -> dict[Future[Outcome], Item]:
    return {pool.submit(work, item): item for item in items}
