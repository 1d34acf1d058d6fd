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
class ObjectSlice:
    """Some bytes of an object, copied without being fetched where they are a part of their own."""

    key: str
    begin: int
    end: int


Piece = bytes | ObjectSlice
Part = ObjectSlice | tuple[Piece, ...]
"""A span to be copied, or pieces to be sent together."""


def plan_parts(pieces: Sequence[Piece]) -> Iterator[Part]:
    """The parts of an object that consists of some pieces, in order.

    No more than two parts' least size are fetched for the beginning, and nothing behind it where
    all objects but the last are as large as a part must be.
    """
    gathered: list[Piece] = []
    for piece in pieces:
        rest: Piece | None = piece
        if gathered or isinstance(piece, bytes) or piece_bytes(piece) < MIN_PART_BYTES:
            taken, rest = _split_piece(piece, MIN_PART_BYTES - sum(map(piece_bytes, gathered)))
            gathered.append(taken)
        if sum(map(piece_bytes, gathered)) >= MIN_PART_BYTES:
            yield tuple(gathered)
            gathered = []
        if isinstance(rest, ObjectSlice):
            yield from _slice_copies(rest)
    if len(gathered) == 1 and isinstance(gathered[0], ObjectSlice):
        yield gathered[0]
    elif gathered:
        yield tuple(gathered)


def piece_bytes(piece: Piece) -> int:
    """How many bytes a piece holds."""
    return len(piece) if isinstance(piece, bytes) else piece.end - piece.begin


def _split_piece(piece: Piece, needed: int) -> tuple[Piece, ObjectSlice | None]:
    """What has to be sent of a piece so that a part is full, and what can be copied behind it."""
    if isinstance(piece, bytes) or piece_bytes(piece) - needed < MIN_PART_BYTES:
        return piece, None
    cut = piece.begin + needed
    return replace(piece, end=cut), replace(piece, begin=cut)


def _slice_copies(span: ObjectSlice) -> Iterator[ObjectSlice]:
    """A span in stretches of which each may be a part."""
    count = -(-piece_bytes(span) // MAX_PART_BYTES)
    cuts = [span.begin + piece_bytes(span) * number // count for number in range(count + 1)]
    for begin, end in pairwise(cuts):
        yield ObjectSlice(span.key, begin, end)
