"""Content-defined boundaries: where to part a sequence so that an edit moves few of them.

Every item carries a draw, a number taken from the hash of its own content. A low draw makes it a
*mark*, and a mark becomes a boundary unless another mark is within `spacing` before it. Marks
suppress whether or not they are boundaries themselves. That is what keeps an edit from rippling:
one inserted or deleted item adds, removes or moves boundaries in one place only, so at most two of
the stretches between them change (the proof is in docs/adr, "Content-defined chunk boundaries").
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b

HASH_BYTES = 8


def hash_fraction(content: str) -> float:
    """A number from 0 to below 1 that the same content always draws again."""
    digest = blake2b(content.encode(), digest_size=HASH_BYTES).digest()
    return int.from_bytes(digest) / float(1 << 8 * HASH_BYTES)


def find_boundaries(
    candidates: Sequence[bool], lengths: Sequence[float], spacing: float
) -> Iterator[int]:
    """Where stretches end, as indices one past their last item; the end of all included.

    Args:
        candidates: for each item, whether a stretch may end after it.
        lengths: for each item, its length.
        spacing: no boundary follows a mark more closely, measured like the lengths.
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
