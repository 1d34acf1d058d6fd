"""Which parts an object is written in when it is joined from others inside S3. Pure.

S3 copies a stretch of an object as a part without sending it through anybody's hands, but a part
that is not the last holds at least 5 MiB and at most 5 GiB (its documentation, multipart upload
limits). What is smaller has to be fetched and sent together with what follows it: as little of
that as possible.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

MIN_PART_BYTES = 5 << 20
MAX_PART_BYTES = 5 << 30


@dataclass(frozen=True, slots=True)
class Span:
    """Some bytes of an object, copied without being fetched where they are a part of their own."""

    key: str
    begin: int
    end: int


Piece = bytes | Span
Part = Span | tuple[Piece, ...]
"""A span to be copied, or pieces to be sent together."""


def parts(pieces: Sequence[Piece]) -> Iterator[Part]:
    """The parts of an object that consists of some pieces, in order.

    No more than two parts' least size are fetched for the beginning, and nothing behind it where
    all objects but the last are as large as a part must be.
    """
    gathered: list[Piece] = []
    for piece in pieces:
        rest: Piece | None = piece
        if gathered or isinstance(piece, bytes) or size(piece) < MIN_PART_BYTES:
            taken, rest = _split(piece, MIN_PART_BYTES - sum(map(size, gathered)))
            gathered.append(taken)
        if sum(map(size, gathered)) >= MIN_PART_BYTES:
            yield tuple(gathered)
            gathered = []
        if isinstance(rest, Span):
            yield from _copies(rest)
    if len(gathered) == 1 and isinstance(gathered[0], Span):
        yield gathered[0]
    elif gathered:
        yield tuple(gathered)


def size(piece: Piece) -> int:
    """How many bytes a piece holds."""
    return len(piece) if isinstance(piece, bytes) else piece.end - piece.begin


def _split(piece: Piece, needed: int) -> tuple[Piece, Span | None]:
    """What has to be sent of a piece so that a part is full, and what can be copied behind it."""
    if isinstance(piece, bytes) or size(piece) - needed < MIN_PART_BYTES:
        return piece, None
    cut = piece.begin + needed
    return replace(piece, end=cut), replace(piece, begin=cut)


def _copies(span: Span) -> Iterator[Span]:
    """A span in stretches of which each may be a part."""
    count = -(-size(span) // MAX_PART_BYTES)
    cuts = [span.begin + size(span) * number // count for number in range(count + 1)]
    for begin, end in pairwise(cuts):
        yield Span(span.key, begin, end)
