"""Starts a process for one call, and reads its answer until it ends or is no longer wanted."""

import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from mixer.isolation.answer import DONE, FAULT

LOOK_EVERY_S = 0.1
"""Between two looks at whether the answer is still wanted."""

BLOCK_BYTES = 1 << 16
EXIT_TIMEOUT_S = 5.0
"""For a process that has closed its output to be gone; it takes a moment."""

MAX_FAULT_CHARS = 2_000

BOOT = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from mixer.isolation.answer import main; main(sys.argv[1])"
)
"""Imports with this process's path, and nothing of its main module."""

PYTHON_OPTIONS = ("-s", "-S", "-P")
"""Without looking for packages, which are on this process's path: that starts in half the time."""

KEPT_VARIABLES = ("LD_LIBRARY_PATH", "PATH", "PYTHONHOME")
"""Of the environment, which holds secrets that the library has no use for."""

_SLOTS = threading.BoundedSemaphore(os.cpu_count() or 1)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """A module, and what calling its `main` may take.

    That gets `argument` and the content, and yields lines without line breaks.

    Attributes:
        cpu_s: seconds of computing time.
        memory_bytes: of address space; None for no limit.
        line_bytes: of a line of the answer.
    """

    module: str
    argument: str
    cpu_s: int
    memory_bytes: int | None
    line_bytes: int


class ProcessStopped(Exception):
    """The process ended before it had answered; `was_slow` if its computing time was used up."""

    def __init__(self, message: str, *, was_slow: bool = False) -> None:
        super().__init__(message)
        self.was_slow = was_slow


def iterate_answer(
    call: Call, content: bytes = b"", check_time: Callable[[], None] = lambda: None
) -> Generator[bytes]:
    """Yield the lines that a call yields in a process of its own; to be closed if not read out.

    An error that `check_time` raises ends the process, and so does an interrupt.

    Raises:
        ProcessStopped: the call failed, crashed or met a limit.
    """
    with _take_slot(check_time), _start_process(call, content) as process:
        stdout = process.stdout
        for line in _iterate_lines(stdout, call.line_bytes, check_time) if stdout else ():
            if line.startswith(DONE):
                return
            if line.startswith(FAULT):
                reason = line[1 : MAX_FAULT_CHARS + 1].decode("ascii", "replace")
                _LOG.error("%s failed: %s", call.module, reason)
                raise ProcessStopped("The call failed.")
            yield line[1:]
        with suppress(subprocess.TimeoutExpired):
            process.wait(EXIT_TIMEOUT_S)
        was_slow = process.returncode == -signal.SIGXCPU
        raise ProcessStopped(f"The process ended with {process.returncode}.", was_slow=was_slow)


@contextmanager
def _take_slot(check_time: Callable[[], None]) -> Iterator[None]:
    """Wait for one of as many slots as there are cores: each may take the whole memory limit."""
    while not _SLOTS.acquire(timeout=LOOK_EVERY_S):
        check_time()
    try:
        yield
    finally:
        _SLOTS.release()


@contextmanager
def _start_process(call: Call, content: bytes) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is sent a content; it ends with the block, or with this process.

    Not forked, since other threads may hold locks. Its standard input stays open: when that ends,
    it ends too, even if this process was killed.
    """
    request = json.dumps({**asdict(call), "size": len(content)})
    package_folder = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, *PYTHON_OPTIONS, "-c", BOOT, request, package_folder, *sys.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ},
        process_group=0,  # a terminal's Ctrl-C is for this process
    ) as process:
        sender = threading.Thread(target=_send, args=(process.stdin, content), daemon=True)
        sender.start()
        try:
            yield process
        finally:
            process.kill()
            sender.join()


def _send(stdin: IO[bytes], content: bytes) -> None:
    with suppress(OSError):  # the process has ended
        stdin.write(content)
        stdin.flush()


def _iterate_lines(
    stdout: IO[bytes], line_bytes: int, check_time: Callable[[], None]
) -> Iterator[bytes]:
    line = bytearray()
    for block in _iterate_blocks(stdout, check_time):
        rest, *following = block.split(b"\n")
        line += rest
        for each in following:
            yield bytes(line)
            line = bytearray(each)
        if len(line) > line_bytes:
            raise ProcessStopped("The process wrote too long a line.")


def _iterate_blocks(stdout: IO[bytes], check_time: Callable[[], None]) -> Iterator[bytes]:
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        while True:
            check_time()
            if selector.select(LOOK_EVERY_S):
                block = os.read(stdout.fileno(), BLOCK_BYTES)
                if not block:
                    return
                yield block
