"""Works on many items in threads, with a bounded queue, and stops at once on errors; retries."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from mixer.errors import OutOfTime

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

QUEUED_PER_WORKER = 2
"""Items waiting per worker: enough to keep it busy, few enough to stop quickly."""

MAX_WAITING = 2
"""Results that may wait for an earlier one."""

WAKE_EVERY_S = 0.2
"""Between looks at signals: one that comes just before a wait would not end that wait."""


def run_in_parallel(
    items: Iterable[Item],
    work: Callable[[Item], Outcome],
    workers: int,
    *,
    deadline_s: float | None = None,
) -> Generator[tuple[Item, Future[Outcome]]]:
    """Yield each item with its finished future, in order of completion.

    Items are taken as needed. Closing the iterator early starts no further item and does not wait
    for running ones: the caller ends those. Raises OutOfTime at `deadline_s`, on the monotonic
    clock.
    """
    waiting = iter(items)
    pool = ThreadPoolExecutor(workers)
    try:
        pending = _submit_items(pool, work, islice(waiting, workers * QUEUED_PER_WORKER))
        while pending:
            done = _wait_for_any(pending, deadline_s)
            for future in done:
                yield pending.pop(future), future
            pending |= _submit_items(pool, work, islice(waiting, len(done)))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def map_in_order(
    items: Iterable[Item],
    work: Callable[[Item], Outcome],
    workers: int,
    stop: Callable[[], object],
) -> Generator[Outcome]:
    """Yield results of parallel work, in order; a failure, or closing early, calls `stop` for all.

    Items are taken as needed: only a few wait for an earlier one.
    """
    waiting = iter(items)
    with ThreadPoolExecutor(workers, thread_name_prefix="ordered") as pool:
        pending: deque[Future[Outcome]] = deque()
        try:
            pending.extend(
                pool.submit(work, item) for item in islice(waiting, workers + MAX_WAITING)
            )
            while pending:
                _wait_for_any([pending[0]], None)
                yield pending.popleft().result()
                pending.extend(pool.submit(work, item) for item in islice(waiting, 1))
        except BaseException as error:
            if pending or not isinstance(error, GeneratorExit):
                stop()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def iterate_completed(futures: Iterable[Future[Outcome]]) -> Iterator[Future[Outcome]]:
    """Yield futures as they finish."""
    pending = set(futures)
    while pending:
        done = _wait_for_any(pending, None)
        pending -= done
        yield from done


def retry_call(
    work: Callable[[], Outcome],
    is_temporary: Callable[[Exception], bool],
    waits_s: Iterable[float],
    sleep: Callable[[float], object] = time.sleep,
) -> Outcome:
    """Call until it succeeds, with a wait before each further try; raises the last error.

    Everything but Amazon Polly is retried by this: Polly has a policy of its own.
    """
    for wait_s in waits_s:
        try:
            return work()
        except Exception as error:
            if not is_temporary(error):
                raise
        sleep(wait_s)
    return work()


@contextmanager
def interrupt_after(seconds: float, interrupt: Callable[[], object]) -> Iterator[None]:
    """Call `interrupt` from another thread if the block takes longer."""
    timer = threading.Timer(max(0.0, seconds), interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def usable_cores() -> int:
    """Count the cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _wait_for_any(
    pending: Collection[Future[Outcome]], deadline_s: float | None
) -> set[Future[Outcome]]:
    """Wait until some are finished; raises OutOfTime at the deadline."""
    while True:
        left_s = WAKE_EVERY_S if deadline_s is None else max(0.0, deadline_s - time.monotonic())
        done, _ = wait(pending, min(left_s, WAKE_EVERY_S), return_when=FIRST_COMPLETED)
        if done:
            return done
        if left_s == 0.0:
            raise OutOfTime("Time ran out before the work was finished.")


def _submit_items(
    pool: ThreadPoolExecutor, work: Callable[[Item], Outcome], items: Iterable[Item]
) -> dict[Future[Outcome], Item]:
    return {pool.submit(work, item): item for item in items}
