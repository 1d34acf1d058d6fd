"""What runs in the process of a call: it sets its limits, calls, and writes the answer's lines."""

import json
import os
import resource
import sys
import threading
from contextlib import suppress
from importlib import import_module

from mixer.errors import locate_error

DONE, FAULT, LINE = b".", b"!", b" "
"""How the last line begins, whether the call returned or raised an error; and the others."""


def main(request: str) -> None:
    """Answer a call, which `Call` describes, on standard output; then the process ends."""
    call = json.loads(request)
    output = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # for packages that print
    content = sys.stdin.buffer.read(call["size"])
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    module = import_module(call["module"])
    _set_limits(call["cpu_s"], call["memory_bytes"])
    with os.fdopen(output, "wb") as answer:
        try:
            for line in module.main(call["argument"], content):
                answer.write(LINE + line + b"\n")
                answer.flush()
            answer.write(DONE + b"\n")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported by its place
            answer.write(FAULT + _describe_fault(error) + b"\n")
        answer.flush()
        os._exit(0)


def _describe_fault(error: Exception) -> bytes:
    """Where an error was raised, without its message, which may quote a text."""
    places = "; ".join([type(error).__name__, *locate_error(error)])
    return places.encode("ascii", "replace").replace(b"\n", b" ")


def _set_limits(cpu_s: int, memory_bytes: int | None) -> None:
    """Bound computing time and memory; nothing is written to a disk, not even what a crash leaves.

    What a system does not know, or has bounded lower, is left as it is.
    """
    limits = {resource.RLIMIT_CPU: cpu_s, resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0}
    if memory_bytes is not None:
        limits[resource.RLIMIT_AS] = memory_bytes
    for kind, limit in limits.items():
        hard = limit + (kind == resource.RLIMIT_CPU)  # at the hard limit no reason is given
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (limit, hard))


def _exit_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)
