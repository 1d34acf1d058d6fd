"""Pieces of a rendition: where they begin, how many there are, and the playlist of them."""

import pytest

from mixer.stories.renditions.pieces import (
    Playlist,
    count_pieces,
    find_frame,
    find_piece,
    frame_start_s,
    piece_frame,
    piece_span_s,
)


@pytest.mark.parametrize("piece", [0, 1, 2, 700, 7_000])
def test_piece_is_found_at_its_times_and_begins_with_its_frame(piece):
    begin_s, end_s = piece_span_s(piece)
    assert find_piece(begin_s + 0.001) == find_piece(end_s - 0.001) == piece
    assert find_frame(begin_s) == piece_frame(piece)
    assert frame_start_s(piece_frame(piece)) == pytest.approx(begin_s)


@pytest.mark.parametrize(
    ("made_s", "is_end", "pieces"),
    [
        (0, False, 0),
        (1.2, False, 0),
        (1.29, False, 1),
        (6.5, False, 2),
        (0, True, 0),
        (0.4, True, 1),
        (1.29, True, 2),
        (6.5, True, 3),
    ],
)
def test_pieces_are_whole_until_the_end(made_s, is_end, pieces):
    assert count_pieces(made_s, is_end=is_end) == pieces


@pytest.mark.parametrize("is_complete", [False, True])
def test_playlist_lists_every_piece_and_ends_with_the_story(is_complete):
    text = Playlist(3, 7.0, is_complete).build(lambda piece: f"{piece}.ts")
    lengths = [float(line[8:-1]) for line in text.splitlines() if line.startswith("#EXTINF")]
    assert [line for line in text.splitlines() if line.endswith(".ts")] == ["0.ts", "1.ts", "2.ts"]
    assert sum(lengths) == pytest.approx(7.0 if is_complete else piece_span_s(2)[1], abs=0.01)
    assert ("VOD" in text, "ENDLIST" in text) == (is_complete, is_complete)
    assert "TIME-OFFSET" not in Playlist(3, 7.0, is_complete).build(str, "live")
