"""Places in a bed: played on and on, it repeats its loop and nothing else."""

from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mixer.sound.render.bed import Bed


@st.composite
def beds(draw: st.DrawFn) -> Bed:
    frames = draw(st.integers(1, 5_000))
    return Bed(Path("bed"), frames, draw(st.integers(0, frames - 1)))


def place(bed: Bed, frame: int) -> int:
    """Where a frame of endless music lies in the file, found by walking there."""
    at = 0
    for _ in range(frame):
        at = at + 1 if at + 1 < bed.frames else bed.loop_from
    return at


@given(beds(), st.integers(0, 100_000), st.integers(0, 20_000))
def test_pieces_are_as_long_as_asked_and_lie_in_the_file(bed: Bed, start: int, length: int):
    pieces = list(bed.pieces(start, length))
    assert sum(end - begin for begin, end in pieces) == length
    assert all(0 <= begin < end <= bed.frames for begin, end in pieces)


@given(beds(), st.integers(0, 100_000), st.integers(1, 20_000))
def test_every_piece_but_the_first_goes_on_at_the_loop(bed: Bed, start: int, length: int):
    for (_, end), (begin, _) in pairwise(bed.pieces(start, length)):
        assert (end, begin) == (bed.frames, bed.loop_from)


@given(beds(), st.integers(0, 9_000))
def test_a_place_is_where_playing_would_have_come(bed: Bed, start: int):
    assert next(bed.pieces(start, 1))[0] == place(bed, start)


@given(beds(), st.integers(0, 50_000), st.integers(1, 5_000), st.integers(1, 5_000))
def test_two_stretches_in_a_row_are_one(bed: Bed, start: int, first: int, second: int):
    def frames(pieces: list[tuple[int, int]]) -> list[int]:
        return [frame for begin, end in pieces for frame in range(begin, end)]

    whole = frames(list(bed.pieces(start, first + second)))
    apart = frames([*bed.pieces(start, first), *bed.pieces(start + first, second)])
    assert whole == apart
