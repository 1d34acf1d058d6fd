"""Which part of a file a request asks for (RFC 9110, sections 13 and 14). Pure."""

import re
from dataclasses import dataclass

_SINGLE_RANGE = re.compile(r"bytes=\s*([0-9]{0,19})-([0-9]{0,19})\s*", re.IGNORECASE)


class Unsatisfiable(ValueError):
    """The range begins behind the end of the file."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A part of a file.

    Attributes:
        start_bytes: its first byte.
        length_bytes: how many there are, at least one.
    """

    start_bytes: int
    length_bytes: int

    def content_range(self, size_bytes: int) -> str:
        """The part as the header `Content-Range` says it."""
        return f"bytes {self.start_bytes}-{self.start_bytes + self.length_bytes - 1}/{size_bytes}"


def parse_range(header: str, size_bytes: int) -> ByteRange | None:
    """The part that a `Range` header asks for; None for the whole.

    Several ranges at once, other units and what is malformed are answered with the whole, as
    section 14.2 allows.

    Args:
        header: the header's value, empty where there is none.
        size_bytes: of the file.

    Raises:
        Unsatisfiable: no byte of the file is in the range.
    """
    match = _SINGLE_RANGE.fullmatch(header)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(size_bytes - int(last), 0)
    end = min(int(last) + 1, size_bytes) if first and last else size_bytes
    if start >= end:
        raise Unsatisfiable(header)
    return ByteRange(start, end - start)


def is_match(header: str, etag: str) -> bool:
    """Whether an `If-None-Match` header names the file as it is; weak tags count (13.1.2)."""
    tags = (each.strip().removeprefix("W/") for each in header.split(","))
    return any(tag in ("*", etag) for tag in tags)


def allows_partial(if_range: str, etag: str) -> bool:
    """Whether a range may be served: with `If-Range`, only of the very same file (13.1.5)."""
    return if_range in ("", etag)
