"""A bounded pool of worker processes that answer requests, one at a time each.

Not multiprocessing's own pools: those need shared semaphores, which AWS Lambda lacks; run the
main module again in each worker; leave a resource tracker behind; and fail every request when one
worker dies. Here a worker is a plain child process with a connection to it. It starts when a
request finds no idle one; one that died or was interrupted is not used again, and only the
request it had is lost.
"""

import contextlib
import multiprocessing
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

from mixer.errors import MixerError, OutOfTime

BOOT = (
    "import sys; sys.path[:] = sys.argv[3:]; import importlib; "
    "importlib.import_module(sys.argv[1]).main(int(sys.argv[2]))"
)
"""Imports what this process would import, and nothing of its main module."""

CLOSING_TIMEOUT_S = 5.0
"""For those who wait for a killed worker to notice; far more than they need."""

Request = TypeVar("Request")
Reply = TypeVar("Reply")


class WorkerDied(MixerError):
    """A worker process ended before it had answered."""


class Worker(Generic[Request, Reply]):
    """One child process. Its standard input only tells it whether this process still lives."""

    def __init__(self, module: str) -> None:
        self._connection, theirs = multiprocessing.Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", BOOT, module, str(theirs.fileno()), *sys.path],
                stdin=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                process_group=0,
            )

    def call(self, request: Request) -> Reply:
        """Send a request and wait for the reply.

        Raises:
            WorkerDied: the process ended in between.
        """
        try:
            self._connection.send(request)
            reply: Reply = self._connection.recv()
        except (EOFError, OSError) as error:
            raise WorkerDied("A speaking process died in the middle of a chunk.") from error
        return reply

    def kill(self) -> None:
        """End the process at once; those who wait for its reply meet WorkerDied."""
        self._process.kill()

    def close(self) -> None:
        """End the process, reap it and close what leads to it."""
        self.kill()
        with self._process:
            self._connection.close()


class WorkerPool(Generic[Request, Reply]):
    """Workers, at most `size`. Safe from threads.

    Args:
        module: whose `main(descriptor)` a worker runs.
        size: so many requests are answered at once; further ones wait.
    """

    def __init__(self, module: str, size: int) -> None:
        self._module, self._size = module, size
        self._idle: list[Worker[Request, Reply]] = []
        self._all: set[Worker[Request, Reply]] = set()
        self._changed = threading.Condition()
        self._closed = False

    def call(self, request: Request) -> Reply:
        """Have a request answered by a worker.

        Raises:
            WorkerDied: the worker ended before it had answered.
            OutOfTime: the pool was closed meanwhile.
            MixerError: the pool was closed before.
        """
        try:
            with self._borrow_worker() as worker:
                return worker.call(request)
        except WorkerDied as error:
            if self._closed:
                raise OutOfTime("The engine was closed in the middle of a chunk.") from error
            raise

    def close(self) -> None:
        """End all workers, also those at work; safe to call twice."""
        with self._changed:
            self._closed = True
            for worker in self._all:
                worker.kill()
            at_work = self._all.difference(self._idle)
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._all & at_work, CLOSING_TIMEOUT_S)
            left = tuple(self._all)
        for worker in left:
            self._discard_worker(worker)

    @contextlib.contextmanager
    def _borrow_worker(self) -> Iterator[Worker[Request, Reply]]:
        """A worker for one request; it comes back only when that went through."""
        worker = self._acquire_worker()
        done = False
        try:
            yield worker
            done = True
        finally:
            if not (done and self._return_worker(worker)):
                self._discard_worker(worker)

    def _acquire_worker(self) -> Worker[Request, Reply]:
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._idle or len(self._all) < self._size
            )
            if self._closed:
                raise MixerError("The engine is closed and speaks no more.")
            if self._idle:
                return self._idle.pop()
            worker: Worker[Request, Reply] = Worker(self._module)
            self._all.add(worker)
            return worker

    def _return_worker(self, worker: Worker[Request, Reply]) -> bool:
        """Keep a worker for the next request, unless the pool is closed."""
        with self._changed:
            if not self._closed:
                self._idle.append(worker)
                self._changed.notify()
            return not self._closed

    def _discard_worker(self, worker: Worker[Request, Reply]) -> None:
        worker.close()
        with self._changed:
            self._all.discard(worker)
            self._changed.notify_all()
