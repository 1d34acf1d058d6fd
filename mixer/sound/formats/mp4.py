"""The end of an MP4 file's sound, told to the sample.

A container that is filled with finished frames plays them to the end of the last, up to 23 ms
longer than the mix. Its edit list says how much is played; that number is mended in place.

Source: ISO/IEC 14496-12 (boxes; movie header, track header, edit list).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mixer.errors import RenderFailed

_HEADER_BYTES = 8
_LARGE = 1
_FULL_BOX_BYTES = 4
_ENTRY_COUNT_BYTES = 4


@dataclass(frozen=True, slots=True)
class _Box:
    """A box of a file: its kind, where its content begins, and where it ends."""

    kind: bytes
    begin: int
    end: int


def set_duration(path: Path, samples: int) -> None:
    """Let the first track play so many samples and no more.

    Args:
        path: an MP4 whose movie counts time in samples.
        samples: how many are heard, those that its edit list skips not counted.

    Raises:
        RenderFailed: it has no edit list.
    """
    with path.open("r+b") as file:
        whole = _Box(b"", 0, path.stat().st_size)
        edits = _find_box(file, whole, b"moov", b"trak", b"edts", b"elst")
        file.seek(edits.begin)
        wide = file.read(1) == b"\x01"
        file.seek(edits.begin + _FULL_BOX_BYTES + _ENTRY_COUNT_BYTES)
        file.write(samples.to_bytes(8 if wide else 4))


def _find_box(file: BinaryIO, parent: _Box, *kinds: bytes) -> _Box:
    """The first box of a kind, inside the first of another, and so on."""
    for kind in kinds:
        found = next((box for box in _read_boxes(file, parent) if box.kind == kind), None)
        if found is None:
            raise RenderFailed(f"FFmpeg wrote an MP4 without {kind.decode()}.")
        parent = found
    return parent


def _read_boxes(file: BinaryIO, parent: _Box) -> Iterator[_Box]:
    at = parent.begin
    while at + _HEADER_BYTES <= parent.end:
        file.seek(at)
        header = file.read(_HEADER_BYTES)
        size, begin = int.from_bytes(header[:4]), at + _HEADER_BYTES
        if size == _LARGE:
            size, begin = int.from_bytes(file.read(_HEADER_BYTES)), begin + _HEADER_BYTES
        end = at + size if size else parent.end
        yield _Box(header[4:], begin, end)
        at = end
