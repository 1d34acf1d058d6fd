"""The finished file, decoded once as a listener's player would: what it measures, how it looks.

A file of our own making can be decoded in stretches, since its frames stand for themselves; then
all cores share the work.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import regex

from mixer.errors import RenderFailed
from mixer.parallel import in_parallel, usable_cores
from mixer.sound import ffmpeg
from mixer.sound.ffmpeg import Children
from mixer.sound.loudness import (
    FINE_BIN_LU,
    STEP_S,
    histogram,
    integrated_lufs,
    loudness_range_lu,
)
from mixer.sound.measure import (
    MUSIC_CHANNELS,
    SILENCE_DBFS,
    TIMEOUT_S,
    momentary_lufs,
    true_peak_dbtp,
)
from mixer.sound.mp3 import FRAME_SAMPLES, Stretch
from mixer.sound.timeline import MIX_RATE_HZ

BLOCK_S = 0.1
"""In which plain levels are told, at most."""

NOTHING = 1e-12
"""Power of -120 dBFS: what rounding leaves of silence."""

QUIET_S = 0.5
"""The quietest stretch of this length is the noise floor."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was found in a finished file.

    Attributes:
        integrated_lufs: gated loudness; None for silence.
        true_peak_dbtp: oversampled peak; not a number where it was not looked at.
        momentary_lufs: one window every 100 ms.
        peaks: lowest and highest sample of each column, -1 to 1.
        levels_dbfs: plain level of each block; empty: not looked at.
        block_s: length of a block.
    """

    integrated_lufs: float | None
    true_peak_dbtp: float
    momentary_lufs: tuple[float, ...]
    peaks: tuple[tuple[float, float], ...]
    levels_dbfs: tuple[float, ...] = ()
    block_s: float = 0.0

    @property
    def range_lu(self) -> float | None:
        """Loudness range; None where it was not looked at, or there is too little."""
        return loudness_range_lu(self.momentary_lufs)

    @property
    def rms_dbfs(self) -> float | None:
        """Plain level of the whole; None where it was not looked at, or for silence."""
        power = sum(10 ** (level / 10) for level in self.levels_dbfs)
        return 10 * math.log10(power / len(self.levels_dbfs)) if power else None

    @property
    def noise_floor_dbfs(self) -> float | None:
        """Plain level of the quietest half second; -inf where that is silent."""
        width = max(1, round(QUIET_S / self.block_s)) if self.block_s else 0
        if not width or len(self.levels_dbfs) < width:
            return None
        powers = [10 ** (level / 10) for level in self.levels_dbfs]
        sums = accumulate(powers, initial=0.0)
        reached = list(sums)
        least = min(after - before for before, after in zip(reached, reached[width:], strict=False))
        return 10 * math.log10(least / width) if least > NOTHING else -math.inf

    @property
    def silent_ends_s(self) -> tuple[float, float] | None:
        """Room tone before the first and after the last sound; None where all of it is."""
        heard = [at for at, level in enumerate(self.levels_dbfs) if level > SILENCE_DBFS]
        if not heard:
            return None
        return heard[0] * self.block_s, (len(self.levels_dbfs) - 1 - heard[-1]) * self.block_s

    @property
    def room_tone_dbfs(self) -> float | None:
        """Plain level of the quieter of both ends; -inf for digital silence, None without ends."""
        if self.silent_ends_s is None:
            return None
        head, tail = (round(each_s / self.block_s) for each_s in self.silent_ends_s)
        ends = [self.levels_dbfs[:head], self.levels_dbfs[len(self.levels_dbfs) - tail :]]
        if not all(ends):
            return None
        power = min(sum(10 ** (each / 10) for each in end) / len(end) for end in ends)
        return 10 * math.log10(power) if power > NOTHING else -math.inf


def check(
    path: Path,
    duration_s: float,
    columns: int,
    *,
    stretches: Sequence[Stretch] = (),
    children: Children | None = None,
) -> Check:
    """Measure and outline a finished file.

    Args:
        path: the file.
        duration_s: how long it plays.
        columns: into how many its outline is gathered.
        stretches: parts of it that can be decoded by themselves, on all cores; the file as one
            where there are none.
        children: the job that it belongs to.
    """
    samples = max(1, round(duration_s * MIX_RATE_HZ / columns))
    blocks = _Blocks.of(samples)
    parts = stretches or [Stretch(0, path.stat().st_size, 0)]

    def judged(part: Stretch) -> Check:
        return _check_stretch(path, part, blocks, children)

    found: dict[Stretch, Check] = {}
    for part, outcome in in_parallel(parts, judged, usable_cores()):
        found[part] = outcome.result()
    return _together([found[part] for part in parts])


def _together(parts: Sequence[Check]) -> Check:
    """What the stretches of a file measure as a whole."""
    momentary = tuple(window for part in parts for window in part.momentary_lufs)
    return Check(
        integrated_lufs=integrated_lufs(histogram(momentary, FINE_BIN_LU)),
        true_peak_dbtp=max(part.true_peak_dbtp for part in parts),
        momentary_lufs=momentary,
        peaks=tuple(column for part in parts for column in part.peaks),
        levels_dbfs=tuple(level for part in parts for level in part.levels_dbfs),
        block_s=parts[0].block_s,
    )


@dataclass(frozen=True, slots=True)
class _Blocks:
    """A column as blocks of equal length, none longer than BLOCK_S."""

    samples: int
    per_column: int

    @classmethod
    def of(cls, column_samples: int) -> "_Blocks":
        count = math.ceil(column_samples / (BLOCK_S * MIX_RATE_HZ))
        return cls(max(1, round(column_samples / count)), count)


def _check_stretch(path: Path, part: Stretch, blocks: _Blocks, children: Children | None) -> Check:
    roll = part.roll_frames * FRAME_SAMPLES
    with TemporaryDirectory(prefix="check-") as folder:
        peaks_file = Path(folder, "peaks.txt")
        graph = _graph(blocks.samples, roll, peaks_file.name)
        done = ffmpeg.run(
            [*_input(path, part), *graph],
            files=[path],
            cwd=Path(folder),
            timeout_s=TIMEOUT_S,
            children=children,
        )
        printed = peaks_file.read_text()
    momentary = momentary_lufs(done.stdout.decode())[round(roll / MIX_RATE_HZ / STEP_S) :]
    if not momentary and not part.roll_frames:
        raise RenderFailed(f"There is not a moment of sound in {path}.")
    return Check(
        integrated_lufs=integrated_lufs(histogram(momentary, FINE_BIN_LU)),
        true_peak_dbtp=true_peak_dbtp(done.stderr),
        momentary_lufs=tuple(momentary),
        peaks=_columns(_peaks(printed), blocks.per_column),
        levels_dbfs=tuple(float(each) for each in _LEVEL.findall(printed)),
        block_s=blocks.samples / MIX_RATE_HZ,
    )


def _columns(
    peaks: Sequence[tuple[float, float]], blocks_per_column: int
) -> tuple[tuple[float, float], ...]:
    """The extremes of each column, of those of its blocks."""
    columns = (peaks[at : at + blocks_per_column] for at in range(0, len(peaks), blocks_per_column))
    return tuple((min(low for low, _ in each), max(high for _, high in each)) for each in columns)


def _input(path: Path, part: Stretch) -> list[str]:
    """A whole file opened confined, or some bytes of one of our own making."""
    if part.begin_byte == 0 and part.end_byte == path.stat().st_size:
        return ffmpeg.confined_input(0)
    bytes_of_it = f"subfile,,start,{part.begin_byte},end,{part.end_byte},,:{path.resolve()}"
    return ["-f", "mp3", "-i", bytes_of_it]


def _graph(block_samples: int, skip_samples: int, peaks_file: str) -> list[str]:
    """Two branches over one decoding: loudness and true peak, lowest and highest samples."""
    levels = "ebur128=metadata=1:peak=true:framelog=quiet,ametadata=print:key=lavfi.r128.M:file=-"
    told = "Min_level+Max_level+RMS_level"
    extremes = f"astats=metadata=1:reset=1:measure_perchannel=none:measure_overall={told}"
    own = f"atrim=start_sample={skip_samples}," if skip_samples else ""
    columns = (
        f"{own}aresample={MIX_RATE_HZ},aformat=sample_fmts=fltp,asetnsamples={block_samples}:p=0"
    )
    outline = f"{columns},{extremes},ametadata=print:file={peaks_file}"
    graph = f"[0:a:0]{MUSIC_CHANNELS},asplit[a][b];[a]{levels}[c];[b]{outline}[d]"
    nowhere = ["-f", "null", "-"]
    return ["-filter_complex", graph, "-map", "[c]", *nowhere, "-map", "[d]", *nowhere]


def _peaks(printed: str) -> tuple[tuple[float, float], ...]:
    lowest = [float(match["value"]) for match in _LOWEST.finditer(printed)]
    highest = [float(match["value"]) for match in _HIGHEST.finditer(printed)]
    return tuple(zip(lowest, highest, strict=True))


_LOWEST = regex.compile(r"Overall\.Min_level=(?P<value>\S+)")
_LEVEL = regex.compile(r"Overall\.RMS_level=(\S+)")
_HIGHEST = regex.compile(r"Overall\.Max_level=(?P<value>\S+)")
