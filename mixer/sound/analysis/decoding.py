"""Decodes a finished file, or part of it, once: loudness, true peak, extremes, plain levels."""

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from mixer.sound.analysis.measurement import MUSIC_CHANNELS
from mixer.sound.analysis.meters import LevelMeter, LoudnessMeter
from mixer.sound.analysis.samples import SampleReader, decode_piece, decode_samples
from mixer.sound.analysis.true_peak import OPEN_SAMPLES, TruePeakMeter
from mixer.sound.arithmetic import Samples, Values, np
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.loudness import STEP_S
from mixer.sound.timeline import MIX_RATE_HZ

BLOCK_S = 0.1
"""Longest block in which plain levels are measured."""

PIECE_BLOCK_SAMPLES = 4_032
"""A fourteenth of the grid, of which most pieces are a multiple."""

MIN_BLOCK_SAMPLES = 63

PEAK_SCALE = 32_767
"""Extreme samples are kept with 16 bits."""

SILENCE_POWER = 1e-12
"""Power of -120 dBFS, the remainder of silence after rounding."""


def file_block_samples(duration_s: float, columns: int) -> int:
    """Choose blocks of which a whole number makes one of so many columns, at most BLOCK_S each."""
    column_samples = max(1, round(duration_s * MIX_RATE_HZ / columns))
    count = math.ceil(column_samples / (BLOCK_S * MIX_RATE_HZ))
    return max(1, round(column_samples / count))


def piece_block_samples(duration_s: float, columns: int) -> int:
    """Choose blocks that are the same for all files longer than some minutes."""
    samples = PIECE_BLOCK_SAMPLES
    while samples > MIN_BLOCK_SAMPLES and 2 * samples * columns > duration_s * MIX_RATE_HZ:
        samples //= 2
    return samples


@dataclass(frozen=True, slots=True)
class Skips:
    """Parts of a decoded piece that are not measured; after `end` nothing is (0: to the end).

    `unmeasured_samples` come before the first loudness window, so that a window begins with the
    piece's own samples; `windows` are those that begin before. Unless it `is_last`, another piece
    is behind it.
    """

    preroll: int = 0
    unmeasured_samples: int = 0
    windows: int = 0
    end: int = 0
    is_last: bool = True

    @property
    def peak_from(self) -> int:
        """Where the true peak begins: with what the piece before has left."""
        return max(0, self.preroll - OPEN_SAMPLES)

    @classmethod
    def of_piece(cls, preroll: int, end: int, *, is_last: bool) -> "Skips":
        """Compute the skips of a piece, wherever in a file it is."""
        windows, unmeasured = divmod(preroll, round(STEP_S * MIX_RATE_HZ))
        return cls(preroll, unmeasured, windows, end, is_last)


NO_SKIPS = Skips()


@dataclass(frozen=True, slots=True)
class DecodedLevels:
    """Results of one decoding: a momentary window every 100 ms, then figures of each block.

    `lows` and `highs` are its extreme samples, as shares of PEAK_SCALE. The last block may be
    shorter than the others; `blocks` is how many whole ones the sound would fill.
    """

    true_peak_dbtp: float
    momentary_lufs: Sequence[float]
    lows: Sequence[int]
    highs: Sequence[int]
    levels_dbfs: Sequence[float]
    blocks: float


def decode_levels(
    path: Path,
    block_samples: int,
    skips: Skips = NO_SKIPS,
    *,
    is_piece: bool = False,
    processes: ProcessGroup | None = None,
) -> DecodedLevels:
    """Decode a file once, and measure it in blocks; a piece is a file that we encoded ourselves.

    Raises RenderFailed if it contains no audio.
    """

    def consume(reader: SampleReader) -> DecodedLevels:
        return _LevelsMeter(reader, block_samples, skips).measure()

    if is_piece:
        return decode_piece(path, MUSIC_CHANNELS, consume, processes)
    return decode_samples(path, MUSIC_CHANNELS, consume, processes=processes).result


class _LevelsMeter:
    """All meters of a finished file or a piece of it.

    The true peak begins before the piece, where its first samples are interpolated from.
    """

    def __init__(self, reader: SampleReader, block_samples: int, skips: Skips) -> None:
        rate_hz, channels = reader.rate_hz, reader.channels
        self._samples = _cut(reader.read(), 0, skips.end)
        self._block_samples = Fraction(block_samples * rate_hz, MIX_RATE_HZ)
        self._skips = skips
        self._loudness = LoudnessMeter(rate_hz, channels)
        self._true_peak = TruePeakMeter(rate_hz, channels, follows=skips.preroll > 0)
        self._levels = LevelMeter(self._block_samples)

    def measure(self) -> DecodedLevels:
        """Measure everything."""
        position = 0
        for samples in self._samples:
            self._loudness.add(samples[:, max(0, self._skips.unmeasured_samples - position) :])
            self._true_peak.add(samples[:, max(0, self._skips.peak_from - position) :])
            own = samples[:, max(0, self._skips.preroll - position) :]
            if own.shape[1]:
                self._levels.add(own)
            position += samples.shape[1]
        lowest, highest, energies = self._levels.finish()
        blocks = max(0, position - self._skips.preroll) / self._block_samples
        powers = energies / float(self._block_samples)
        powers[-1:] /= float(blocks - len(powers) + 1)
        powers[powers <= SILENCE_POWER] = 0.0
        with np.errstate(divide="ignore"):
            levels = 10 * np.log10(powers)
        return DecodedLevels(
            true_peak_dbtp=round(self._find_true_peak_dbtp(), 1),
            momentary_lufs=array("d", self._loudness.finish_lufs()[self._skips.windows :].round(3)),
            lows=_scale_peaks(lowest),
            highs=_scale_peaks(highest),
            levels_dbfs=array("d", levels.round(6)),
            blocks=float(blocks),
        )

    def _find_true_peak_dbtp(self) -> float:
        return self._true_peak.finish_dbtp(is_followed=not self._skips.is_last)


def _cut(parts: Iterator[Samples], position: int, end: int) -> Iterator[Samples]:
    """Leave out what comes after `end`, unless that is 0."""
    for samples in parts:
        kept = samples[:, : max(0, end - position)] if end else samples
        if kept.shape[1]:
            yield kept
        position += samples.shape[1]


def _scale_peaks(peaks: Values) -> Sequence[int]:
    return array("h", np.clip(peaks * PEAK_SCALE, -PEAK_SCALE, PEAK_SCALE).round().astype(int))
