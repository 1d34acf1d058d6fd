"""What the tests call in a process of its own."""

import ctypes
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path


def main(argument: str, content: bytes) -> Iterator[bytes]:
    """Call the function that an argument begins with."""
    name, _, rest = argument.partition(" ")
    yield from globals()[name](rest, content)


def repeat(argument: str, content: bytes) -> Iterator[bytes]:
    """Answer with what came."""
    yield argument.encode("utf-8", "surrogatepass")
    yield str(len(content)).encode()


def crash(argument: str, _content: bytes) -> Iterator[bytes]:
    """End as a library does that finds itself in a state it cannot be in."""
    yield b"begun"
    os.kill(os.getpid(), getattr(signal, argument))
    yield b"still there"


def read_nothing(_argument: str, _content: bytes) -> Iterator[bytes]:
    """Read from an address that is not mapped."""
    yield ctypes.string_at(8)


def loop(_argument: str, _content: bytes) -> Iterator[bytes]:
    """Never end."""
    while True:
        pass
    yield b""


def sleep(_argument: str, _content: bytes) -> Iterator[bytes]:
    """Say who this is, and use no computing time."""
    yield str(os.getpid()).encode()
    time.sleep(600)


def take_memory(argument: str, _content: bytes) -> Iterator[bytes]:
    """Take so many bytes."""
    yield str(len(bytearray(int(argument)))).encode()


def fail(argument: str, _content: bytes) -> Iterator[bytes]:
    """Raise an error that quotes a text."""
    yield b"begun"
    raise KeyError(argument)


def write_long_line(argument: str, _content: bytes) -> Iterator[bytes]:
    """Write a line of so many bytes."""
    yield b"x" * int(argument)


def print_words(argument: str, _content: bytes) -> Iterator[bytes]:
    """Print as some packages do, and answer."""
    print(argument, flush=True)  # noqa: T201
    yield b"answer"


def list_environment(_argument: str, _content: bytes) -> Iterator[bytes]:
    """List the names of the environment."""
    yield from (name.encode() for name in os.environ)


def write_file(argument: str, _content: bytes) -> Iterator[bytes]:
    """Try to leave something on the disk."""
    try:
        Path(argument).write_bytes(b"something")
    except OSError as error:
        yield str(error.strerror).encode()
