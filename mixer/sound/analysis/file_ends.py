"""Finds sound files behind one another in one file, of which FFmpeg plays only the first.

WAV, AIFF and W64 state their length at their start; MP4 and CAF are rows of elements that state
theirs. Where one ends, no other file may begin.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

HEAD_BYTES = 24
MAX_ELEMENTS = 10_000
"""A film in fragments has one for some seconds; a row of empty ones ends here."""


@dataclass(frozen=True, slots=True)
class _Container:
    """A format: the head of its files, and the size of the element that a head begins.

    `first` is where the first element begins; only files that are a row have more than one.
    """

    head: re.Pattern[bytes]
    find_size: Callable[[bytes], int]
    first: int = 0
    is_row: bool = False


def _find_box_size(head: bytes) -> int:
    size = int.from_bytes(head[:4], "big")
    return int.from_bytes(head[8:16], "big") if size == 1 else size


_CONTAINERS = (
    _Container(
        re.compile(rb"RIFF.{4}WAVE", re.DOTALL),
        lambda head: 8 + int.from_bytes(head[4:8], "little"),
    ),
    _Container(
        re.compile(rb"FORM.{4}AIF[FC]", re.DOTALL),
        lambda head: 8 + int.from_bytes(head[4:8], "big"),
    ),
    _Container(
        re.compile(rb"riff\x2e\x91\xcf\x11"),
        lambda head: int.from_bytes(head[16:24], "little"),
    ),
    _Container(re.compile(rb".{4}ftyp", re.DOTALL), _find_box_size, is_row=True),
    _Container(
        re.compile(rb"caff\x00\x01"),
        lambda head: 12 + int.from_bytes(head[4:12], "big", signed=True),
        first=8,
        is_row=True,
    ),
)


def has_second_file(path: Path) -> bool:
    """Whether a second file of the same format follows the first one."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        container = next((each for each in _CONTAINERS if each.head.match(head)), None)
        return container is not None and _finds_second(file, container)


def _finds_second(file: IO[bytes], container: _Container) -> bool:
    position = container.first
    for _ in range(MAX_ELEMENTS if container.is_row else 1):
        size = container.find_size(_read_head(file, position))
        if size <= 0:  # to the end of the file
            return False
        position += size
        head = _read_head(file, position)
        if container.head.match(head) or container.head.match(head[1:]):  # behind a padding byte
            return True
    return False


def _read_head(file: IO[bytes], position: int) -> bytes:
    file.seek(position)
    return file.read(HEAD_BYTES)
