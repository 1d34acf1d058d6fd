"""Content-defined boundaries: splits a sequence so that an edit moves few boundaries.

An item with a low hash is a *mark*; a mark becomes a boundary unless another mark is within
`spacing` before it, boundary or not. So one inserted or deleted item changes at most two parts (the
proof is in docs/adr, "Content-defined chunk boundaries").
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b

HASH_BYTES = 8


def hash_fraction(content: str) -> float:
    """Hash content to a number from 0 to below 1."""
    digest = blake2b(content.encode(), digest_size=HASH_BYTES).digest()
    return int.from_bytes(digest) / float(1 << 8 * HASH_BYTES)


def find_boundaries(
    candidates: Sequence[bool], lengths: Sequence[float], spacing: float
) -> Iterator[int]:
    """Find the ends of parts, as indices one past their last item; the last is the end of all.

    `candidates` says after which items a part may end; `spacing` has the unit of `lengths`.
    """
    since_mark = spacing + 1.0
    for index, (is_mark, length) in enumerate(zip(candidates, lengths, strict=True), start=1):
        since_mark += length
        if index == len(candidates):
            yield index
        elif is_mark:
            if since_mark > spacing:
                yield index
            since_mark = 0.0
