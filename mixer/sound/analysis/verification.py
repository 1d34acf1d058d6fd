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
from mixer.parallel import run_in_parallel, usable_cores
from mixer.sound import ffmpeg
from mixer.sound.analysis.loudness import (
    FINE_BIN_LU,
    STEP_S,
    histogram,
    integrated_lufs,
    loudness_range_lu,
)
from mixer.sound.analysis.measurement import (
    MUSIC_CHANNELS,
    SILENCE_DBFS,
    TIMEOUT_S,
    parse_momentary_lufs,
    parse_true_peak_dbtp,
)
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats.mp3 import (
    DECODER_DELAY_SAMPLES,
    ENCODER_DELAY_SAMPLES,
    FRAME_SAMPLES,
    EncodedSpan,
)
from mixer.sound.timeline import MIX_RATE_HZ

BLOCK_S = 0.1
"""In which plain levels are told, at most."""

SILENCE_POWER = 1e-12
"""Power of -120 dBFS: what rounding leaves of silence."""

ENERGY_SCALE = 1_000_000
"""Energy is printed with six digits behind the point."""

FRAMES_AT_ONCE = 4_410
ONE_THREAD = ("-filter_complex_threads", "1", "-threads", "1")
"""For each stretch: the stretches share the cores among themselves."""

NOISE_FLOOR_WINDOW_S = 0.5
"""The quietest stretch of this length is the noise floor."""


@dataclass(frozen=True, slots=True)
class Verification:
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
        width = max(1, round(NOISE_FLOOR_WINDOW_S / self.block_s)) if self.block_s else 0
        if not width or len(self.levels_dbfs) < width:
            return None
        powers = [10 ** (level / 10) for level in self.levels_dbfs]
        sums = accumulate(powers, initial=0.0)
        reached = list(sums)
        least = min(after - before for before, after in zip(reached, reached[width:], strict=False))
        return 10 * math.log10(least / width) if least > SILENCE_POWER else -math.inf

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
        return 10 * math.log10(power) if power > SILENCE_POWER else -math.inf


def verify(
    path: Path,
    duration_s: float,
    columns: int,
    *,
    spans: Sequence[EncodedSpan] = (),
    processes: ProcessGroup | None = None,
) -> Verification:
    """Measure and outline a finished file.

    Args:
        path: the file.
        duration_s: how long it plays.
        columns: into how many its outline is gathered.
        spans: parts of it that can be decoded by themselves, on all cores; the file as one
            where there are none.
        processes: the job that it belongs to.
    """
    samples = max(1, round(duration_s * MIX_RATE_HZ / columns))
    blocks = _Blocks.of(samples)
    parts = spans or [EncodedSpan(0, path.stat().st_size, 0)]

    def judged(part: EncodedSpan) -> Verification:
        return _verify_span(path, part, blocks, processes)

    found: dict[EncodedSpan, Verification] = {}
    for part, outcome in run_in_parallel(parts, judged, usable_cores()):
        found[part] = outcome.result()
    return _combine_parts([found[part] for part in parts])


def _combine_parts(parts: Sequence[Verification]) -> Verification:
    """What the stretches of a file measure as a whole."""
    momentary = tuple(window for part in parts for window in part.momentary_lufs)
    return Verification(
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


def _verify_span(
    path: Path, span: EncodedSpan, blocks: _Blocks, processes: ProcessGroup | None
) -> Verification:
    skips = _Skips.of(span)
    with TemporaryDirectory(prefix="check-") as folder:
        extremes, energies = Path(folder, "extremes.txt"), Path(folder, "energies.txt")
        done = ffmpeg.run(
            [
                *ONE_THREAD,
                *_input_arguments(path, span),
                *_filter_arguments(blocks.samples, skips, extremes.name, energies.name),
            ],
            files=[path],
            cwd=Path(folder),
            timeout_s=TIMEOUT_S,
            processes=processes,
        )
        peaks, levels_dbfs = (
            _parse_peaks(extremes.read_text()),
            _parse_levels(energies.read_text(), blocks),
        )
    momentary = parse_momentary_lufs(done.stdout.decode())[skips.windows :]
    if not momentary and not span.preroll_frames:
        raise RenderFailed(f"There is not a moment of sound in {path}.")
    return Verification(
        integrated_lufs=integrated_lufs(histogram(momentary, FINE_BIN_LU)),
        true_peak_dbtp=parse_true_peak_dbtp(done.stderr),
        momentary_lufs=tuple(momentary),
        peaks=_column_peaks(peaks, blocks.per_column),
        levels_dbfs=levels_dbfs,
        block_s=blocks.samples / MIX_RATE_HZ,
    )


@dataclass(frozen=True, slots=True)
class _Skips:
    """What is decoded of a stretch and does not count.

    Attributes:
        preroll: samples before its own.
        unmeasured_samples: samples before the first loudness window, so that windows end at whole
            STEP_S
            of the whole file, whatever stretch they lie in.
        windows: loudness windows that end before its own samples begin.
    """

    preroll: int
    unmeasured_samples: int
    windows: int

    @classmethod
    def of(cls, span: EncodedSpan) -> "_Skips":
        roll, step = span.preroll_frames * FRAME_SAMPLES, round(STEP_S * MIX_RATE_HZ)
        if not roll:
            return cls(0, 0, 0)
        delay = ENCODER_DELAY_SAMPLES + DECODER_DELAY_SAMPLES
        begin = (span.first_frame - span.preroll_frames) * FRAME_SAMPLES - delay
        unmeasured = -begin % step
        return cls(roll, unmeasured, (roll - unmeasured) // step)


def _column_peaks(
    peaks: Sequence[tuple[float, float]], blocks_per_column: int
) -> tuple[tuple[float, float], ...]:
    """The extremes of each column, of those of its blocks."""
    columns = (peaks[at : at + blocks_per_column] for at in range(0, len(peaks), blocks_per_column))
    return tuple((min(low for low, _ in each), max(high for _, high in each)) for each in columns)


def _input_arguments(path: Path, span: EncodedSpan) -> list[str]:
    """A whole file opened confined, or some bytes of one of our own making."""
    if span.begin_byte == 0 and span.end_byte == path.stat().st_size:
        return ffmpeg.confined_input(0)
    bytes_of_it = f"subfile,,start,{span.begin_byte},end,{span.end_byte},,:{path.resolve()}"
    return ["-f", "mp3", "-i", bytes_of_it]


def _filter_arguments(
    block_samples: int, skips: _Skips, extremes_file: str, energies_file: str
) -> list[str]:
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
        f"[a]{_skip_filter(skips.unmeasured_samples)}{levels}[c]",
        f"[b]{_skip_filter(skips.preroll)}aresample={MIX_RATE_HZ},asplit[d][e]",
        f"[d]aformat=sample_fmts=fltp,{blocks},{stats}Min_level+Max_level,{extremes},anullsink",
        "[e]aformat=sample_fmts=dblp,asplit[g][h]",
        f"[g][h]amultiply,{mono},{added},{blocks},{stats}Max_level,{energies},anullsink",
    ]
    return ["-filter_complex", ";".join(graph), "-map", "[c]", "-f", "null", "-"]


def _skip_filter(samples: int) -> str:
    """A filter that takes the first samples away, where there are some to take."""
    return f"atrim=start_sample={samples}," if samples else ""


def _parse_levels(output: str, blocks: _Blocks) -> tuple[float, ...]:
    """Plain level of each block, told by the energy up to its end; -inf for silence.

    The last block of a stretch may be shorter, and is told as if silence filled it up.
    """
    upto = [float(match["value"]) for match in _HIGHEST.finditer(output)]
    whole = blocks.samples * ENERGY_SCALE
    powers = ((after - before) / whole for before, after in pairwise([0.0, *upto]))
    return tuple(10 * math.log10(power) if power > SILENCE_POWER else -math.inf for power in powers)


def _parse_peaks(output: str) -> tuple[tuple[float, float], ...]:
    lowest = [float(match["value"]) for match in _LOWEST.finditer(output)]
    highest = [float(match["value"]) for match in _HIGHEST.finditer(output)]
    return tuple(zip(lowest, highest, strict=True))


_LOWEST = regex.compile(r"Overall\.Min_level=(?P<value>\S+)")
_HIGHEST = regex.compile(r"Overall\.Max_level=(?P<value>\S+)")
