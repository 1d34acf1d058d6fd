"""The finished file, decoded once as a listener's player would: what it measures, how it looks.

A file of our own making can be decoded in stretches, since its frames stand for themselves; then
all cores share the work.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
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
from mixer.sound.mp3 import (
    DECODER_DELAY_SAMPLES,
    ENCODER_DELAY_SAMPLES,
    FRAME_SAMPLES,
    Stretch,
)
from mixer.sound.timeline import MIX_RATE_HZ

BLOCK_S = 0.1
"""In which plain levels are told, at most."""

NOTHING = 1e-12
"""Power of -120 dBFS: what rounding leaves of silence."""

ENERGY_SCALE = 1_000_000
"""Energy is printed with six digits behind the point."""

FRAMES_AT_ONCE = 4_410
ONE_THREAD = ("-filter_complex_threads", "1", "-threads", "1")
"""For each stretch: the stretches share the cores among themselves."""

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
    skips = _Skips.of(part)
    with TemporaryDirectory(prefix="check-") as folder:
        extremes, energies = Path(folder, "extremes.txt"), Path(folder, "energies.txt")
        done = ffmpeg.run(
            [
                *ONE_THREAD,
                *_input(path, part),
                *_graph(blocks.samples, skips, extremes.name, energies.name),
            ],
            files=[path],
            cwd=Path(folder),
            timeout_s=TIMEOUT_S,
            children=children,
        )
        peaks, levels_dbfs = _peaks(extremes.read_text()), _levels(energies.read_text(), blocks)
    momentary = momentary_lufs(done.stdout.decode())[skips.windows :]
    if not momentary and not part.roll_frames:
        raise RenderFailed(f"There is not a moment of sound in {path}.")
    return Check(
        integrated_lufs=integrated_lufs(histogram(momentary, FINE_BIN_LU)),
        true_peak_dbtp=true_peak_dbtp(done.stderr),
        momentary_lufs=tuple(momentary),
        peaks=_columns(peaks, blocks.per_column),
        levels_dbfs=levels_dbfs,
        block_s=blocks.samples / MIX_RATE_HZ,
    )


@dataclass(frozen=True, slots=True)
class _Skips:
    """What is decoded of a stretch and does not count.

    Attributes:
        roll: samples before its own.
        unmeasured: samples before the first loudness window, so that windows end at whole STEP_S
            of the whole file, whatever stretch they lie in.
        windows: loudness windows that end before its own samples begin.
    """

    roll: int
    unmeasured: int
    windows: int

    @classmethod
    def of(cls, part: Stretch) -> "_Skips":
        roll, step = part.roll_frames * FRAME_SAMPLES, round(STEP_S * MIX_RATE_HZ)
        if not roll:
            return cls(0, 0, 0)
        delay = ENCODER_DELAY_SAMPLES + DECODER_DELAY_SAMPLES
        begin = (part.first_frame - part.roll_frames) * FRAME_SAMPLES - delay
        unmeasured = -begin % step
        return cls(roll, unmeasured, (roll - unmeasured) // step)


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


def _graph(block_samples: int, skips: _Skips, extremes_file: str, energies_file: str) -> list[str]:
    """Three branches over one decoding: loudness and true peak, extreme samples, energy.

    Telling levels itself, `astats` takes twice as long as decoding and loudness together; telling
    extremes it is quick. So squares are added up from the beginning on, and the highest sum in a
    block is its last. Two of the branches end inside the graph, and frames go through it in large
    ones: handing them from thread to thread took a fifth of the time.
    """
    levels = "ebur128=metadata=1:peak=true:framelog=quiet,ametadata=print:key=lavfi.r128.M:file=-"
    stats = "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall="
    blocks = f"asetnsamples={block_samples}:p=0"
    mono = "aresample=ochl=mono:rematrix_maxval=1"
    added = f"biquad=b0={ENERGY_SCALE}:b1=0:b2=0:a0=1:a1=-1:a2=0"
    extremes = f"ametadata=print:file={extremes_file}"
    energies = f"ametadata=print:file={energies_file}"
    graph = [
        f"[0:a:0]{MUSIC_CHANNELS},asetnsamples={FRAMES_AT_ONCE}:p=0,asplit[a][b]",
        f"[a]{_without(skips.unmeasured)}{levels}[c]",
        f"[b]{_without(skips.roll)}aresample={MIX_RATE_HZ},asplit[d][e]",
        f"[d]aformat=sample_fmts=fltp,{blocks},{stats}Min_level+Max_level,{extremes},anullsink",
        "[e]aformat=sample_fmts=dblp,asplit[g][h]",
        f"[g][h]amultiply,{mono},{added},{blocks},{stats}Max_level,{energies},anullsink",
    ]
    return ["-filter_complex", ";".join(graph), "-map", "[c]", "-f", "null", "-"]


def _without(samples: int) -> str:
    """A filter that takes the first samples away, where there are some to take."""
    return f"atrim=start_sample={samples}," if samples else ""


def _levels(printed: str, blocks: _Blocks) -> tuple[float, ...]:
    """Plain level of each block, told by the energy up to its end; -inf for silence.

    The last block of a stretch may be shorter, and is told as if silence filled it up.
    """
    upto = [float(match["value"]) for match in _HIGHEST.finditer(printed)]
    whole = blocks.samples * ENERGY_SCALE
    powers = ((after - before) / whole for before, after in pairwise([0.0, *upto]))
    return tuple(10 * math.log10(power) if power > NOTHING else -math.inf for power in powers)


def _peaks(printed: str) -> tuple[tuple[float, float], ...]:
    lowest = [float(match["value"]) for match in _LOWEST.finditer(printed)]
    highest = [float(match["value"]) for match in _HIGHEST.finditer(printed)]
    return tuple(zip(lowest, highest, strict=True))


_LOWEST = regex.compile(r"Overall\.Min_level=(?P<value>\S+)")
_HIGHEST = regex.compile(r"Overall\.Max_level=(?P<value>\S+)")
