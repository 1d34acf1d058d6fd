"""Decodes a finished file, or part of it, once: loudness, true peak, extremes, plain levels."""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import regex

from mixer.sound import ffmpeg
from mixer.sound.analysis.measurement import DECODE_TIMEOUT_S, MUSIC_CHANNELS
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.loudness import STEP_S, parse_momentary_lufs, parse_true_peak_dbtp
from mixer.sound.timeline import MIX_RATE_HZ

BLOCK_S = 0.1
"""Longest block in which plain levels are measured."""

SILENCE_POWER = 1e-12
"""Power of -120 dBFS, the remainder of silence after rounding."""

ENERGY_SCALE = 1_000_000
"""FFmpeg prints energy with six decimal places."""

FRAMES_AT_ONCE = 4_410
ONE_THREAD = ("-filter_complex_threads", "1", "-threads", "1")
"""Pieces are decoded in parallel, so each gets one thread."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """A column as blocks of equal length, at most BLOCK_S each."""

    samples: int
    per_column: int

    @classmethod
    def for_file(cls, duration_s: float, columns: int) -> "Blocks":
        """Choose blocks for a waveform of so many columns."""
        column_samples = max(1, round(duration_s * MIX_RATE_HZ / columns))
        count = math.ceil(column_samples / (BLOCK_S * MIX_RATE_HZ))
        return cls(max(1, round(column_samples / count)), count)


@dataclass(frozen=True, slots=True)
class Skips:
    """Parts of a decoded piece that are not measured.

    `unmeasured_samples` come before the first loudness window, so that windows end at whole STEP_S
    of the whole file; `windows` are those that end before the piece's own samples begin.
    """

    preroll: int = 0
    unmeasured_samples: int = 0
    windows: int = 0

    @classmethod
    def of_piece(cls, preroll: int, starts_at: int) -> "Skips":
        """Compute the skips of a piece with this preroll that starts at a sample of the file."""
        step = round(STEP_S * MIX_RATE_HZ)
        if not preroll:
            return cls()
        unmeasured = -starts_at % step
        return cls(preroll, unmeasured, (preroll - unmeasured) // step)


@dataclass(frozen=True, slots=True)
class DecodedLevels:
    """Results of one decoding: a momentary window every 100 ms, peaks from -1 to 1."""

    true_peak_dbtp: float
    momentary_lufs: Sequence[float]
    peaks: tuple[tuple[float, float], ...]
    levels_dbfs: Sequence[float]


def decode_levels(
    source: Sequence[str],
    files: Sequence[Path],
    blocks: Blocks,
    skips: Skips,
    processes: ProcessGroup | None,
) -> DecodedLevels:
    """Decode an FFmpeg input (arguments and `files` as in `ffmpeg.run`) once."""
    with TemporaryDirectory(prefix="check-") as folder:
        extremes, energies = Path(folder, "extremes.txt"), Path(folder, "energies.txt")
        shaped = _filter_arguments(blocks.samples, skips, extremes.name, energies.name)
        done = ffmpeg.run(
            [*ONE_THREAD, *source, *shaped],
            files=[path.resolve() for path in files],
            cwd=Path(folder),
            timeout_s=DECODE_TIMEOUT_S,
            processes=processes,
        )
        return DecodedLevels(
            true_peak_dbtp=parse_true_peak_dbtp(done.stderr),
            momentary_lufs=parse_momentary_lufs(done.stdout.decode())[skips.windows :],
            peaks=_column_peaks(_parse_peaks(extremes.read_text()), blocks.per_column),
            levels_dbfs=_parse_levels(energies.read_text(), blocks),
        )


def _column_peaks(
    peaks: Sequence[tuple[float, float]], blocks_per_column: int
) -> tuple[tuple[float, float], ...]:
    columns = (peaks[at : at + blocks_per_column] for at in range(0, len(peaks), blocks_per_column))
    return tuple((min(low for low, _ in each), max(high for _, high in each)) for each in columns)


def _filter_arguments(
    block_samples: int, skips: Skips, extremes_file: str, energies_file: str
) -> list[str]:
    """Build three branches over one decoding: loudness and true peak, extreme samples, energy.

    `astats` prints extremes quickly, but levels at twice the cost of all the rest, so squares are
    summed and the highest sum in a block is its last. Large frames, and branches that end inside
    the graph, save a fifth of the time.
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
    return f"atrim=start_sample={samples}," if samples else ""


def _parse_levels(output: str, blocks: Blocks) -> Sequence[float]:
    """Convert cumulative energy to levels of blocks; silence fills a short last block."""
    upto = [float(match["value"]) for match in _HIGHEST.finditer(output)]
    whole = blocks.samples * ENERGY_SCALE
    powers = ((after - before) / whole for before, after in pairwise([0.0, *upto]))
    return array(
        "d", (10 * math.log10(power) if power > SILENCE_POWER else -math.inf for power in powers)
    )


def _parse_peaks(output: str) -> tuple[tuple[float, float], ...]:
    lowest = [float(match["value"]) for match in _LOWEST.finditer(output)]
    highest = [float(match["value"]) for match in _HIGHEST.finditer(output)]
    return tuple(zip(lowest, highest, strict=True))


_LOWEST = regex.compile(r"Overall\.Min_level=(?P<value>\S+)")
_HIGHEST = regex.compile(r"Overall\.Max_level=(?P<value>\S+)")
