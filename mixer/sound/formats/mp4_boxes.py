"""Reads and changes boxes of an MP4 file in place.

Sources: ISO/IEC 14496-12 (boxes; movie header, track header, edit list), Apple's QuickTime File
Format (metadata item list, free-form items), and the item names that Mp3tag documents.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mixer.errors import RenderFailed
from mixer.sound.formats.tags import NAMED_FIELDS

PLACEHOLDER = "lyrics"
"""FFmpeg's name of an item whose place is taken by items that FFmpeg cannot write."""

_PLACEHOLDER_BOX = b"\xa9lyr"
_ITEM_OVERHEAD_BYTES = 24
"""Headers of an item and of its text."""

_HEADER_BYTES = 8
_LARGE = 1
_FULL_BOX_BYTES = 4
_ENTRY_COUNT_BYTES = 4
_TEXT, _INTEGER = 1, 21
"""Types of values (QuickTime File Format, well-known types)."""

MAX_PART_DIGITS = 4
"""Of a number in two bytes."""

_ITEM_LIST = (b"moov", b"udta", b"meta", b"ilst")

_NAMED_ITEMS = (*NAMED_FIELDS, "publisher", "language")
"""Audiobookshelf reads publisher and language by name; Apple has another item for the first."""


def set_duration(path: Path, samples: int) -> None:
    """Set how many samples the first track plays, without those that its edit list skips.

    The movie must count time in samples; raises RenderFailed without an edit list.
    """
    with path.open("r+b") as file:
        whole = _Box(b"", 0, path.stat().st_size)
        edits = _find_box(file, whole, b"moov", b"trak", b"edts", b"elst")
        file.seek(edits.begin)
        is_wide = file.read(1) == b"\x01"
        file.seek(edits.begin + _FULL_BOX_BYTES + _ENTRY_COUNT_BYTES)
        file.write(samples.to_bytes(8 if is_wide else 4))


def build_items(fields: Mapping[str, str]) -> bytes:
    """Build the items that FFmpeg cannot write, such as series and ISBN; empty without any."""
    series, part = fields.get("series", ""), fields.get("series-part", "")
    items = [_build_named_item(name, fields[name]) for name in _NAMED_ITEMS if fields.get(name)]
    if fields.get("publisher"):
        items.append(_build_item(b"\xa9pub", _TEXT, fields["publisher"].encode()))
    if series:
        items.append(_build_item(b"\xa9mvn", _TEXT, series.encode()))
        items.append(_build_item(b"shwm", _INTEGER, b"\1"))
    if series and part.isdecimal() and len(part) <= MAX_PART_DIGITS:
        items.append(_build_item(b"\xa9mvi", _INTEGER, int(part).to_bytes(2)))
    return b"".join(items)


def reserve_items(items: bytes) -> dict[str, str]:
    """The field that makes FFmpeg leave exactly the room for some items."""
    return {PLACEHOLDER: "-" * (len(items) - _ITEM_OVERHEAD_BYTES)} if items else {}


def write_items(path: Path, items: bytes) -> None:
    """Write items where room was reserved for them."""
    if not items:
        return
    with path.open("r+b") as file:
        whole = _Box(b"", 0, path.stat().st_size)
        room = _find_box(file, whole, *_ITEM_LIST, _PLACEHOLDER_BOX)
        if room.end - room.begin + _HEADER_BYTES != len(items):
            raise RenderFailed("FFmpeg wrote an MP4 with other tags than requested.")
        file.seek(room.begin - _HEADER_BYTES)
        file.write(items)


def _build_named_item(name: str, value: str) -> bytes:
    mean = _build_box(b"mean", bytes(4) + b"com.apple.iTunes")
    named = _build_box(b"name", bytes(4) + name.upper().encode("ascii"))
    return _build_box(b"----", mean + named + _build_value(_TEXT, value.encode()))


def _build_item(kind: bytes, value_type: int, value: bytes) -> bytes:
    return _build_box(kind, _build_value(value_type, value))


def _build_value(value_type: int, value: bytes) -> bytes:
    return _build_box(b"data", value_type.to_bytes(4) + bytes(4) + value)


def _build_box(kind: bytes, content: bytes) -> bytes:
    return (_HEADER_BYTES + len(content)).to_bytes(4) + kind + content


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    begin: int
    end: int


def _find_box(file: BinaryIO, parent: _Box, *kinds: bytes) -> _Box:
    for kind in kinds:
        found = next((box for box in _read_boxes(file, parent) if box.kind == kind), None)
        if found is None:
            raise RenderFailed(f"FFmpeg wrote an MP4 without {kind.decode('latin-1')}.")
        parent = found
    return parent


def _read_boxes(file: BinaryIO, parent: _Box) -> Iterator[_Box]:
    at = parent.begin + (_FULL_BOX_BYTES if parent.kind == b"meta" else 0)
    while at + _HEADER_BYTES <= parent.end:
        file.seek(at)
        header = file.read(_HEADER_BYTES)
        size, begin = int.from_bytes(header[:4]), at + _HEADER_BYTES
        if size == _LARGE:
            size, begin = int.from_bytes(file.read(_HEADER_BYTES)), begin + _HEADER_BYTES
        end = at + size if size else parent.end
        yield _Box(header[4:], begin, end)
        at = end
