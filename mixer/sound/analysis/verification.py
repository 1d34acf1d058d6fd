"""Decodes a finished file once, as a player would, to measure it and draw its waveform.

A file with independent frames is decoded in pieces on all cores. Pieces may come from a stream: a
few at a time are in memory and in temporary files; the result takes 160 bytes a second.
"""

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from mixer.errors import RenderFailed
from mixer.parallel import run_in_parallel, usable_cores
from mixer.sound import ffmpeg
from mixer.sound.analysis.decoding import SILENCE_POWER, Blocks, Skips, decode_levels
from mixer.sound.analysis.measurement import SILENCE_DBFS
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.loudness import FINE_BIN_LU, histogram, integrated_lufs, loudness_range_lu
from mixer.sound.timeline import MIX_RATE_HZ

VERIFICATION_VERSION = 1
"""Increase it when a piece is measured differently."""

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

    @property
    def rms_dbfs(self) -> float | None:
        """Plain level of the whole; None for silence."""
        power = sum(10 ** (level / 10) for level in self.levels_dbfs)
        return 10 * math.log10(power / len(self.levels_dbfs)) if power else None

    @property
    def noise_floor_dbfs(self) -> float | None:
        """Plain level of the quietest half second; -inf for digital silence."""
        width = max(1, round(NOISE_FLOOR_WINDOW_S / self.block_s)) if self.block_s else 0
        if not width or len(self.levels_dbfs) < width:
            return None
        powers = (10 ** (level / 10) for level in self.levels_dbfs)
        sums = array("d", accumulate(powers, initial=0.0))
        least = min(after - before for before, after in zip(sums, sums[width:], strict=False))
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


@dataclass(frozen=True, slots=True)
class EncodedPiece:
    """Part of a finished file that can be decoded by itself.

    `preroll_samples` fill the decoder's and the meters' memory (0 for the first piece), `starts_at`
    is the first decoded sample of the file, preroll included, and `name` identifies the content for
    VerificationMemory (empty to measure it again).
    """

    content: bytes
    demuxer: str
    preroll_samples: int = 0
    starts_at: int = 0
    name: str = ""


class VerificationMemory(Protocol):
    """Stores the measurements of pieces."""

    def load(self, name: str, fingerprint: str) -> Verification | None:
        """Load the measurements of a piece that was decoded in the same way, if any."""
        ...

    def save(self, name: str, fingerprint: str, verification: Verification) -> None:
        """Save the measurements of a piece."""
        ...


@dataclass(frozen=True, slots=True)
class EncodedSpan:
    """The position of a piece in a file; see EncodedPiece."""

    begin_byte: int
    end_byte: int
    demuxer: str
    preroll_samples: int = 0
    starts_at: int = 0


def verify(
    path: Path,
    duration_s: float,
    columns: int,
    *,
    spans: Sequence[EncodedSpan] = (),
    processes: ProcessGroup | None = None,
) -> Verification:
    """Measure a finished file of any format, and its waveform in `columns` columns.

    With `spans`, which cover the whole file, it is decoded in pieces on all cores.
    """
    if spans:
        pieces = _read_pieces(path, spans)
        return verify_pieces(pieces, duration_s, columns, processes=processes)
    decoding = _Decoding(Blocks.for_file(duration_s, columns), processes)
    return _combine_parts([decoding.verify_input(ffmpeg.confine_input(0), [path], Skips())])


def _read_pieces(path: Path, spans: Iterable[EncodedSpan]) -> Iterator[EncodedPiece]:
    with path.open("rb") as file:
        for span in spans:
            file.seek(span.begin_byte)
            content = file.read(span.end_byte - span.begin_byte)
            yield EncodedPiece(content, span.demuxer, span.preroll_samples, span.starts_at)


def verify_pieces(
    pieces: Iterable[EncodedPiece],
    duration_s: float,
    columns: int,
    *,
    memory: VerificationMemory | None = None,
    processes: ProcessGroup | None = None,
) -> Verification:
    """Measure a finished file, or some of it, from pieces in order, on all cores.

    Pieces are taken as needed; `columns` and `duration_s` are those of the whole file.
    """
    decoding = _Decoding(Blocks.for_file(duration_s, columns), processes, memory)
    found: dict[int, Verification] = {}
    for (number, _), outcome in run_in_parallel(
        enumerate(pieces), lambda numbered: decoding.verify_piece(numbered[1]), usable_cores()
    ):
        found[number] = outcome.result()
    return _combine_parts([found[number] for number in sorted(found)])


def _combine_parts(parts: Sequence[Verification]) -> Verification:
    momentary = array("d", (window for part in parts for window in part.momentary_lufs))
    return Verification(
        integrated_lufs=integrated_lufs(histogram(momentary, FINE_BIN_LU)),
        true_peak_dbtp=max(part.true_peak_dbtp for part in parts),
        momentary_lufs=momentary,
        peaks=tuple(column for part in parts for column in part.peaks),
        levels_dbfs=array("d", (level for part in parts for level in part.levels_dbfs)),
        block_s=parts[0].block_s,
    )


@dataclass(frozen=True, slots=True)
class _Decoding:
    blocks: Blocks
    processes: ProcessGroup | None
    memory: VerificationMemory | None = None

    def verify_piece(self, piece: EncodedPiece) -> Verification:
        """Measure a piece, or load its measurements if it has a name."""
        if self.memory is None or not piece.name:
            return self._decode_piece(piece)
        skips = Skips.of_piece(piece.preroll_samples, piece.starts_at)
        parameters = (piece.preroll_samples, skips.unmeasured_samples, *astuple(self.blocks))
        fingerprint = " ".join(map(str, (VERIFICATION_VERSION, *parameters)))
        if (found := self.memory.load(piece.name, fingerprint)) is None:
            found = self._decode_piece(piece)
            self.memory.save(piece.name, fingerprint, found)
        return found

    def _decode_piece(self, piece: EncodedPiece) -> Verification:
        with TemporaryDirectory(prefix="check-") as folder:
            path = Path(folder, "piece")  # from a pipe, FFmpeg would not trim the last frame
            path.write_bytes(piece.content)
            return self.verify_input(
                ["-f", piece.demuxer, "-i", str(path)],
                (),
                Skips.of_piece(piece.preroll_samples, piece.starts_at),
            )

    def verify_input(
        self, source: Sequence[str], files: Sequence[Path], skips: Skips
    ) -> Verification:
        found = decode_levels(source, files, self.blocks, skips, self.processes)
        if not found.momentary_lufs and not skips.preroll:
            raise RenderFailed("The finished file contains no audio.")
        return Verification(
            integrated_lufs=integrated_lufs(histogram(found.momentary_lufs, FINE_BIN_LU)),
            true_peak_dbtp=found.true_peak_dbtp,
            momentary_lufs=array("d", found.momentary_lufs),
            peaks=found.peaks,
            levels_dbfs=found.levels_dbfs,
            block_s=self.blocks.samples / MIX_RATE_HZ,
        )
