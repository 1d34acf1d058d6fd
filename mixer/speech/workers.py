"""A bounded pool of worker processes that answer requests, one at a time each.

Not multiprocessing's own pools: those need shared semaphores, which AWS Lambda lacks; run the
main module again in each worker; leave a resource tracker behind; and fail every request when one
worker dies. Here a worker is a plain child process with a connection to it. It starts when a
request finds no idle one; one that died or was interrupted is not used again, and only the
request it had is lost. `serve_requests` is what runs in it.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from mixer.errors import MixerError, OutOfTime

if TYPE_CHECKING:
    from mixer.sound.ffmpeg import ProcessGroup

LIFELINE_DESCRIPTOR = 0
"""Standard input: when it ends, the process that asks is gone."""

BOOT = (
    "import sys; sys.path[:] = sys.argv[3:]; import importlib; "
    "importlib.import_module(sys.argv[1]).main(int(sys.argv[2]))"
)
"""Imports with this process's path, and nothing of its main module."""

CLOSING_TIMEOUT_S = 5.0
"""For callers to notice that their worker was killed; far more than they need."""

Request = TypeVar("Request")
Reply = TypeVar("Reply")


class WorkerDied(MixerError):
    """A worker process ended before it answered."""


class WorkerProcess(Generic[Request, Reply]):
    """One child process. The end of its standard input means that this process is gone."""

    def __init__(self, module: str) -> None:
        import multiprocessing  # a plan opens an engine without a process
        import subprocess

        self._connection, child_end = multiprocessing.Pipe()
        with child_end:
            self._process = subprocess.Popen(
                [sys.executable, "-c", BOOT, module, str(child_end.fileno()), *sys.path],
                stdin=subprocess.PIPE,
                pass_fds=[child_end.fileno()],
                process_group=0,
            )

    def call(self, request: Request) -> Reply:
        """Send a request and wait for the reply; WorkerDied if the process ends in between."""
        try:
            self._connection.send(request)
            reply: Reply = self._connection.recv()
        except (EOFError, OSError) as error:
            raise WorkerDied("A speech process ended in the middle of a chunk.") from error
        return reply

    def kill(self) -> None:
        """End the process at once; callers that wait for its reply get WorkerDied."""
        self._process.kill()

    def close(self) -> None:
        """End the process, reap it and close its connection."""
        self.kill()
        with self._process:
            self._connection.close()


class WorkerPool(Generic[Request, Reply]):
    """At most `size` workers, each running the `main(descriptor)` of a module. Thread-safe."""

    def __init__(self, module: str, size: int) -> None:
        self._module, self._size = module, size
        self._idle: list[WorkerProcess[Request, Reply]] = []
        self._all: set[WorkerProcess[Request, Reply]] = set()
        self._changed = threading.Condition()
        self._closed = False

    def call(self, request: Request) -> Reply:
        """Have a worker answer a request.

        Raises:
            WorkerDied: the worker ended before it answered.
            OutOfTime: the pool was closed meanwhile.
            MixerError: the pool was already closed.
        """
        try:
            with self._borrow_worker() as worker:
                return worker.call(request)
        except WorkerDied as error:
            if self._closed:
                raise OutOfTime("The engine was closed in the middle of a chunk.") from error
            raise

    def close(self) -> None:
        """End all workers, also busy ones; safe to call twice."""
        with self._changed:
            self._closed = True
            for worker in self._all:
                worker.kill()
            busy = self._all.difference(self._idle)
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._all & busy, CLOSING_TIMEOUT_S)
            remaining = tuple(self._all)
        for worker in remaining:
            self._discard_worker(worker)

    @contextlib.contextmanager
    def _borrow_worker(self) -> Iterator[WorkerProcess[Request, Reply]]:
        """A worker for one request; it is returned only when that succeeded."""
        worker = self._acquire_worker()
        is_done = False
        try:
            yield worker
            is_done = True
        finally:
            if not (is_done and self._return_worker(worker)):
                self._discard_worker(worker)

    def _acquire_worker(self) -> WorkerProcess[Request, Reply]:
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._idle or len(self._all) < self._size
            )
            if self._closed:
                raise MixerError("The speech engine is closed.")
            if self._idle:
                return self._idle.pop()
            worker: WorkerProcess[Request, Reply] = WorkerProcess(self._module)
            self._all.add(worker)
            return worker

    def _return_worker(self, worker: WorkerProcess[Request, Reply]) -> bool:
        """Keep a worker for the next request, unless the pool is closed."""
        with self._changed:
            if not self._closed:
                self._idle.append(worker)
                self._changed.notify()
            return not self._closed

    def _discard_worker(self, worker: WorkerProcess[Request, Reply]) -> None:
        worker.close()
        with self._changed:
            self._all.discard(worker)
            self._changed.notify_all()


def serve_requests(
    descriptor: int, build_handler: "Callable[[ProcessGroup], Callable[[Request], Reply]]"
) -> None:
    """Answer requests over a connection, given by its descriptor, with one handler."""
    from multiprocessing.connection import Connection

    from mixer.sound.ffmpeg import ProcessGroup

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is imported
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # for packages that print
    processes = ProcessGroup()
    threading.Thread(target=_exit_with_parent, args=(processes,), daemon=True).start()
    handle = build_handler(processes)
    with Connection(descriptor) as parent:
        while True:
            try:
                request: Request = parent.recv()
            except (EOFError, OSError):
                return
            parent.send(handle(request))


def _exit_with_parent(processes: "ProcessGroup") -> None:
    while os.read(LIFELINE_DESCRIPTOR, 1):
        pass
    processes.stop()
    os._exit(0)
