"""Decodes a finished file once, as a player would, to measure it and draw its waveform.

A file made of segments is decoded in pieces on all cores, and what was measured of a piece is
stored: a few pieces at a time are in memory and in temporary files; the result takes 220 bytes a
second.
"""

import math
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise, repeat
from pathlib import Path
from typing import Any, Protocol

from mixer.errors import RenderFailed
from mixer.files import open_scratch_folder
from mixer.parallel import run_in_parallel, usable_cores
from mixer.sound import SILENCE_DBFS
from mixer.sound.analysis.decoding import (
    PEAK_SCALE,
    SILENCE_POWER,
    DecodedLevels,
    Skips,
    decode_levels,
    file_block_samples,
    piece_block_samples,
)
from mixer.sound.arithmetic import Values, np
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.loudness import FINE_BIN_LU, STEP_S, histogram, integrated_lufs, loudness_range_lu
from mixer.sound.timeline import MIX_RATE_HZ

VERIFICATION_VERSION = 5
"""Increase it when a piece is measured differently."""

LOADS = 8
"""Measurements loaded at a time."""

SILENT_LUFS = -99.0

NOISE_FLOOR_WINDOW_S = 0.5
"""The quietest stretch of this length gives the noise floor."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Measurements of a finished file: a momentary window every 100 ms, peaks from -1 to 1.

    Loudness is None and the true peak -inf for silence; blocks of plain levels have `block_s`.
    """

    integrated_lufs: float | None
    true_peak_dbtp: float
    momentary_lufs: Sequence[float]
    peaks: tuple[tuple[float, float], ...]
    levels_dbfs: Sequence[float] = ()
    block_s: float = 0.0

    @property
    def range_lu(self) -> float | None:
        """Loudness range; None if the file is too short."""
        return loudness_range_lu(self.momentary_lufs)

    def outline_loudness(self, count: int) -> tuple[float, ...]:
        """The mean loudness in at most `count` equal parts of the file; SILENT_LUFS for silence."""
        windows = self.momentary_lufs
        parts = min(count, len(windows))
        bounds = [len(windows) * number // parts for number in range(parts + 1)] if parts else []
        return tuple(_mean_lufs(windows[begin:end]) for begin, end in pairwise(bounds))

    @property
    def rms_dbfs(self) -> float | None:
        """Plain level of the whole; None for silence."""
        power = float(_powers(self.levels_dbfs).sum())
        return 10 * math.log10(power / len(self.levels_dbfs)) if power else None

    @property
    def noise_floor_dbfs(self) -> float | None:
        """Plain level of the quietest half second; -inf for digital silence."""
        width = max(1, round(NOISE_FLOOR_WINDOW_S / self.block_s)) if self.block_s else 0
        if not width or len(self.levels_dbfs) < width:
            return None
        sums = np.concatenate([[0.0], _powers(self.levels_dbfs).cumsum()])
        least = float((sums[width:] - sums[:-width]).min())
        return 10 * math.log10(least / width) if least > SILENCE_POWER else -math.inf

    @property
    def silent_ends_s(self) -> tuple[float, float] | None:
        """Room tone before the first and after the last sound; None without sound."""
        head, tail = (
            next((n for n, level in enumerate(levels) if level > SILENCE_DBFS), None)
            for levels in (self.levels_dbfs, reversed(self.levels_dbfs))
        )
        if head is None or tail is None:
            return None
        return head * self.block_s, tail * self.block_s

    @property
    def room_tone_dbfs(self) -> float | None:
        """Plain level of the quieter end; -inf for digital silence, None without ends."""
        if self.silent_ends_s is None:
            return None
        head, tail = (round(each_s / self.block_s) for each_s in self.silent_ends_s)
        ends = [self.levels_dbfs[:head], self.levels_dbfs[len(self.levels_dbfs) - tail :]]
        if not all(ends):
            return None
        power = min(sum(10 ** (each / 10) for each in end) / len(end) for end in ends)
        return 10 * math.log10(power) if power > SILENCE_POWER else -math.inf


def _powers(levels_db: Sequence[float]) -> Values:
    return 10 ** (np.fromiter(levels_db, np.float64) / 10)


def _mean_lufs(windows: Sequence[float]) -> float:
    power = sum(10 ** (level / 10) for level in windows) / len(windows)
    return max(SILENT_LUFS, round(10 * math.log10(power), 1)) if power > 0 else SILENT_LUFS


@dataclass(frozen=True, slots=True)
class EncodedPiece:
    """Part of a finished file that can be decoded by itself.

    `preroll_samples` fill the decoder's and the meters' memory (0 for the first piece),
    `end_sample` is the one after the last, preroll included (0: all), and `name` identifies the
    content for VerificationMemory (empty to measure it again). Unless it `is_last`, the next piece
    begins where it ends.
    """

    parts: tuple[bytes, ...]
    demuxer: str
    preroll_samples: int = 0
    end_sample: int = 0
    name: str = ""
    is_last: bool = False


PieceReader = Callable[[range], Generator[EncodedPiece]]


class VerificationMemory(Protocol):
    """Stores the measurements of pieces."""

    def load(self, name: str, fingerprint: str) -> DecodedLevels | None:
        """Load the measurements of a piece that was decoded in the same way, if any."""
        ...

    def save(self, name: str, fingerprint: str, levels: DecodedLevels) -> None:
        """Save the measurements of a piece."""
        ...


def verify(
    path: Path, duration_s: float, columns: int, *, processes: ProcessGroup | None = None
) -> Verification:
    """Measure a finished file of any format, and its waveform in `columns` columns."""
    block_samples = file_block_samples(duration_s, columns)
    found = decode_levels(path, block_samples, processes=processes)
    if not found.momentary_lufs:
        raise RenderFailed("The finished file contains no audio.")
    return _combine_parts([found], columns, block_samples)


@dataclass(frozen=True, slots=True)
class PieceDecoder:
    """Measures the pieces of a file on all cores, and stores what it finds.

    `columns` and `duration_s` are those of the whole file.
    """

    duration_s: float
    columns: int
    memory: VerificationMemory
    processes: ProcessGroup

    def verify(self, pieces: Sequence[EncodedPiece], read: PieceReader) -> Verification:
        """Measure a file from its pieces, in order; only those that are not stored are read.

        `pieces` have no content, `read` yields consecutive ones, by number, with theirs.
        """
        numbered = run_in_parallel(enumerate(pieces), lambda each: self._recall(each[1]), LOADS)
        found = {number: outcome.result() for (number, _), outcome in numbered}
        missing = [number for number in range(len(pieces)) if found[number] is None]
        with closing(_read_numbered(missing, read)) as contents:
            for (number, _), outcome in run_in_parallel(
                contents, lambda each: self._measure(each[1]), usable_cores()
            ):
                found[number] = outcome.result()
        parts = [each for _, each in sorted(found.items()) if each is not None]
        return _combine_parts(parts, self.columns, self._block_samples)

    @property
    def _block_samples(self) -> int:
        return piece_block_samples(self.duration_s, self.columns)

    def _measure(self, piece: EncodedPiece) -> DecodedLevels:
        """Measure a piece, unless an equal one was measured meanwhile."""
        if (found := self._recall(piece)) is None:
            found = self._decode(piece)
            if piece.name:
                self.memory.save(piece.name, self._fingerprint(piece), found)
        return found

    def _recall(self, piece: EncodedPiece) -> DecodedLevels | None:
        """Load the measurements of a piece, whose content is not needed."""
        return self.memory.load(piece.name, self._fingerprint(piece)) if piece.name else None

    def _fingerprint(self, piece: EncodedPiece) -> str:
        skips = _skip_parts(piece)
        ends = (skips.end, int(skips.is_last))
        parameters = (skips.preroll, skips.unmeasured_samples, *ends, self._block_samples)
        return " ".join(map(str, (VERIFICATION_VERSION, *parameters)))

    def _decode(self, piece: EncodedPiece) -> DecodedLevels:
        with open_scratch_folder("check") as folder:
            path = Path(folder, "piece")  # from a pipe, FFmpeg would not trim the last frame
            with path.open("wb") as file:
                file.writelines(piece.parts)
            return decode_levels(
                path,
                self._block_samples,
                _skip_parts(piece),
                is_piece=True,
                processes=self.processes,
            )


def _read_numbered(
    numbers: Sequence[int], read: PieceReader
) -> Generator[tuple[int, EncodedPiece]]:
    for _, run in groupby(enumerate(numbers), lambda each: each[1] - each[0]):
        places = [number for _, number in run]
        with closing(read(range(places[0], places[-1] + 1))) as pieces:
            yield from zip(places, pieces, strict=True)


def _skip_parts(piece: EncodedPiece) -> Skips:
    return Skips.of_piece(piece.preroll_samples, piece.end_sample, is_last=piece.is_last)


def _combine_parts(
    parts: Sequence[DecodedLevels], columns: int, block_samples: int
) -> Verification:
    momentary = _join_windows(parts, block_samples)
    return Verification(
        integrated_lufs=integrated_lufs(histogram(momentary, FINE_BIN_LU)),
        true_peak_dbtp=max(part.true_peak_dbtp for part in parts),
        momentary_lufs=momentary,
        peaks=tuple(_column_peaks(parts, columns)),
        levels_dbfs=_chain_values("d", (part.levels_dbfs for part in parts)),
        block_s=block_samples / MIX_RATE_HZ,
    )


def _join_windows(parts: Sequence[DecodedLevels], block_samples: int) -> Sequence[float]:
    """Join the windows of pieces, one every STEP_S of the file.

    A piece is not a whole number of steps long: sometimes its last window is left out or stays for
    two steps.
    """
    joined, blocks = array("d"), 0.0
    for part in parts[:-1]:
        blocks += part.blocks
        count = round(blocks * block_samples / (STEP_S * MIX_RATE_HZ)) - len(joined)
        joined.extend(part.momentary_lufs[:count])
        missing = count - len(part.momentary_lufs)
        joined.extend(repeat(part.momentary_lufs[-1], missing) if missing > 0 else ())
    joined.extend(parts[-1].momentary_lufs)
    return joined


def _chain_values(kind: str, parts: Iterable[Sequence[Any]]) -> "array[Any]":
    joined: array[Any] = array(kind)
    for part in parts:
        joined.extend(part)
    return joined


def _column_peaks(parts: Sequence[DecodedLevels], columns: int) -> Iterator[tuple[float, float]]:
    lows = _chain_values("h", (part.lows for part in parts))
    highs = _chain_values("h", (part.highs for part in parts))
    if not lows:
        return
    ends = list(accumulate(part.blocks for part in parts))
    begins = zip(parts, [0.0, *ends], strict=False)
    places = np.concatenate([np.arange(len(part.lows)) + at for part, at in begins])
    count = max(1, min(columns, int(ends[-1])))  # none without a block
    edges = np.searchsorted(places, np.arange(count) * ends[-1] / count)
    for begin, end in pairwise([*edges.tolist(), len(lows)]):
        yield min(lows[begin:end]) / PEAK_SCALE, max(highs[begin:end]) / PEAK_SCALE
