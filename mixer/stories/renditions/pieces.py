"""The pieces of a rendition, and its HLS playlist. Pure.

Pieces are on the grid at fixed times, so every process cuts the same ones. Sources: RFC 8216 (HLS).
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from math import ceil

from mixer.sound import GRID_S, MIX_RATE_HZ
from mixer.sound.formats import MP3

FIRST_GRIDS, PIECE_GRIDS = 1, 4
"""Grid steps of the first piece, which comes as early as possible, and of the others: 5 s."""

FRAMES_PER_GRID = round(GRID_S * MIX_RATE_HZ) // MP3.stream.frame_samples

PIECE_TYPE, PLAYLIST_TYPE = "video/mp2t", "application/vnd.apple.mpegurl"


def piece_grid(piece: int) -> int:
    """The grid step at which a piece begins."""
    return 0 if piece == 0 else FIRST_GRIDS + (piece - 1) * PIECE_GRIDS


def piece_frame(piece: int) -> int:
    """The first MP3 frame of a piece."""
    return piece_grid(piece) * FRAMES_PER_GRID


def count_pieces(made_s: float, *, is_end: bool = False) -> int:
    """Count the pieces within so many seconds; at the end of all, the last may be shorter."""
    rest = made_s / float(GRID_S) - FIRST_GRIDS
    if is_end:
        return 0 if made_s <= 0 else 1 + max(0, ceil(rest / PIECE_GRIDS))
    return 0 if rest < 0 else 1 + int(rest / PIECE_GRIDS)


def find_piece(at_s: float) -> int:
    """The piece that plays at a time."""
    grid = int(max(0.0, at_s) / GRID_S)
    return 0 if grid < FIRST_GRIDS else 1 + (grid - FIRST_GRIDS) // PIECE_GRIDS


def find_frame(at_s: float) -> int:
    """The MP3 frame that plays at a time."""
    return int(max(0.0, at_s) * MIX_RATE_HZ / MP3.stream.frame_samples + 1e-6)


def frame_start_s(frame: int) -> float:
    """When an MP3 frame begins."""
    return frame * MP3.stream.frame_samples / MIX_RATE_HZ


def cut_frames(frames: bytes, skip: int) -> bytes:
    """Leave out the first frames."""
    lengths = MP3.stream.frame_lengths
    return frames[sum(islice(lengths(frames), skip)) :] if lengths and skip else frames


def piece_span_s(piece: int) -> tuple[float, float]:
    """Begin and end of a piece, which the end of all may shorten."""
    return float(piece_grid(piece) * GRID_S), float(piece_grid(piece + 1) * GRID_S)


@dataclass(frozen=True, slots=True)
class Playlist:
    """What of a rendition can be played; `made_s` is its length so far, or in the end."""

    pieces: int
    made_s: float
    is_complete: bool

    def build(self, link: Callable[[int], str], start: str = "") -> str:
        """Build the playlist; players begin at its start, or at the `live` end."""
        kind = "VOD" if self.is_complete else "EVENT"
        longest_s = ceil(PIECE_GRIDS * GRID_S)
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:6",
            f"#EXT-X-TARGETDURATION:{longest_s}",
            f"#EXT-X-PLAYLIST-TYPE:{kind}",
            "#EXT-X-INDEPENDENT-SEGMENTS",
            "#EXT-X-MEDIA-SEQUENCE:0",
        ]
        if start != "live":
            lines.append("#EXT-X-START:TIME-OFFSET=0,PRECISE=YES")
        for piece in range(self.pieces):
            begin_s, end_s = piece_span_s(piece)
            length_s = (min(end_s, self.made_s) if self.is_complete else end_s) - begin_s
            lines += [f"#EXTINF:{max(length_s, 0.026):.5f},", link(piece)]
        if self.is_complete:
            lines.append("#EXT-X-ENDLIST")
        return "\n".join(lines) + "\n"
