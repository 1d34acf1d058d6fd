"""What every worker process of speech does: answer requests, one at a time.

Its standard input is a lifeline: when it ends, the process that asks is gone, and so is this one.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TypeVar

from mixer.sound.ffmpeg import ProcessGroup

LIFELINE_DESCRIPTOR = 0

RequestT = TypeVar("RequestT")
ReplyT = TypeVar("ReplyT")


def serve_requests(
    descriptor: int, build_handler: Callable[[ProcessGroup], Callable[[RequestT], ReplyT]]
) -> None:
    """Answer requests over a connection, given by its descriptor, with one handler."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is imported
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # for packages that print
    processes = ProcessGroup()
    threading.Thread(target=_exit_with_parent, args=(processes,), daemon=True).start()
    handle = build_handler(processes)
    with Connection(descriptor) as parent:
        while True:
            try:
                request: RequestT = parent.recv()
            except (EOFError, OSError):
                return
            parent.send(handle(request))


def _exit_with_parent(processes: ProcessGroup) -> None:
    while os.read(LIFELINE_DESCRIPTOR, 1):
        pass
    processes.stop()
    os._exit(0)
