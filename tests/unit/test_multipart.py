"""Objects joined inside S3: which parts are copied, which are fetched and sent."""

from hypothesis import given
from hypothesis import strategies as st

from mixer.store.multipart import (
    MAX_PART_BYTES,
    MIN_PART_BYTES,
    ObjectSlice,
    Part,
    Piece,
    piece_bytes,
    plan_parts,
)

MIB = 1 << 20
LARGE = st.integers(MIN_PART_BYTES, 20 * MIB)
HEADS = st.binary(max_size=200)


def objects(sizes: list[int]) -> list[Piece]:
    return [ObjectSlice(f"reel{number}", 0, length) for number, length in enumerate(sizes)]


def content(part: Part) -> list[Piece]:
    return [part] if isinstance(part, ObjectSlice) else list(part)


def fetched_bytes(made: list[Part]) -> int:
    sent = [part for part in made if not isinstance(part, ObjectSlice)]
    return sum(
        piece_bytes(piece) for part in sent for piece in part if isinstance(piece, ObjectSlice)
    )


def in_a_row(pieces: list[Piece]) -> list[Piece]:
    """Spans of one object that follow one another put together, empty pieces left out."""
    row: list[Piece] = []
    for piece in pieces:
        last = row[-1] if row else b""
        if (
            isinstance(piece, ObjectSlice)
            and isinstance(last, ObjectSlice)
            and last.key == piece.key
        ):
            assert last.end == piece.begin
            row[-1] = ObjectSlice(piece.key, last.begin, piece.end)
        elif piece_bytes(piece):
            row.append(piece)
    return row


@given(HEADS, st.lists(st.integers(1, 20 * MIB), min_size=1, max_size=12))
def test_parts_are_the_pieces_in_order_and_large_enough(head: bytes, sizes: list[int]):
    pieces = [head, *objects(sizes)]
    made = list(plan_parts(pieces))
    assert in_a_row([piece for part in made for piece in content(part)]) == in_a_row(pieces)
    for part in made[:-1]:
        assert sum(map(piece_bytes, content(part))) >= MIN_PART_BYTES


@given(HEADS, st.lists(LARGE, min_size=1, max_size=12), st.integers(1, 20 * MIB))
def test_large_objects_behind_a_head_cost_ten_mebibytes_at_most(
    head: bytes, sizes: list[int], last: int
):
    assert fetched_bytes(list(plan_parts([head, *objects([*sizes, last])]))) < 2 * MIN_PART_BYTES


def test_small_objects_are_sent_together_and_no_more_than_they_need():
    made = list(plan_parts(objects([3 * MIB, 3 * MIB, 30 * MIB])))
    assert [sum(map(piece_bytes, content(part))) for part in made] == [6 * MIB, 30 * MIB]
    assert fetched_bytes(made) == 6 * MIB


def test_object_larger_than_a_part_is_copied_in_several():
    made = list(plan_parts(objects([2 * MAX_PART_BYTES + 1])))
    assert len(made) == 3
    assert fetched_bytes(made) == 0
