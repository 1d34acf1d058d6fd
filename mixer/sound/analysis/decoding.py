"""Decodes a finished file, or part of it, once: loudness, true peak, extremes, plain levels."""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import regex

from mixer.scratch import open_scratch_folder
from mixer.sound import ffmpeg
from mixer.sound.analysis.measurement import DECODE_TIMEOUT_S, MUSIC_CHANNELS
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.loudness import STEP_S, parse_momentary_lufs, parse_true_peak_dbtp
from mixer.sound.timeline import MIX_RATE_HZ

BLOCK_S = 0.1
"""Longest block in which plain levels are measured."""

PIECE_BLOCK_SAMPLES = 4_032
"""A fourteenth of the grid, so that the blocks of a piece do not depend on where it is."""

MIN_BLOCK_SAMPLES = 63

PEAK_SCALE = 32_767
"""Extreme samples are kept with 16 bits."""

SILENCE_POWER = 1e-12
"""Power of -120 dBFS, the remainder of silence after rounding."""

ENERGY_SCALE = 1_000_000
"""FFmpeg prints energy with six decimal places."""

FRAMES_AT_ONCE = 4_410
ONE_THREAD = ("-filter_complex_threads", "1", "-threads", "1")
"""Pieces are decoded in parallel, so each gets one thread."""


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
    piece's own samples; `windows` are those that begin before.
    """

    preroll: int = 0
    unmeasured_samples: int = 0
    windows: int = 0
    end: int = 0

    @classmethod
    def of_piece(cls, preroll: int, end: int) -> "Skips":
        """Compute the skips of a piece, wherever in a file it is."""
        windows, unmeasured = divmod(preroll, round(STEP_S * MIX_RATE_HZ))
        return cls(preroll, unmeasured, windows, end)


@dataclass(frozen=True, slots=True)
class DecodedLevels:
    """Results of one decoding: a momentary window every 100 ms, then figures of each block.

    `lows` and `highs` are its extreme samples, as shares of PEAK_SCALE.
    """

    true_peak_dbtp: float
    momentary_lufs: Sequence[float]
    lows: Sequence[int]
    highs: Sequence[int]
    levels_dbfs: Sequence[float]


def decode_levels(
    source: Sequence[str],
    files: Sequence[Path],
    block_samples: int,
    skips: Skips,
    processes: ProcessGroup | None,
) -> DecodedLevels:
    """Decode an FFmpeg input (arguments and `files` as in `ffmpeg.run`) once, in blocks."""
    with open_scratch_folder("check") as folder:
        extremes, energies = Path(folder, "extremes.txt"), Path(folder, "energies.txt")
        shaped = _filter_arguments(block_samples, skips, extremes.name, energies.name)
        done = ffmpeg.run(
            [*ONE_THREAD, *source, *shaped],
            files=[path.resolve() for path in files],
            cwd=Path(folder),
            timeout_s=DECODE_TIMEOUT_S,
            processes=processes,
        )
        return DecodedLevels(
            true_peak_dbtp=parse_true_peak_dbtp(done.stderr),
            momentary_lufs=array("d", parse_momentary_lufs(done.stdout.decode())[skips.windows :]),
            lows=_parse_peaks(_LOWEST, extremes.read_text()),
            highs=_parse_peaks(_HIGHEST, extremes.read_text()),
            levels_dbfs=_parse_levels(energies.read_text(), block_samples),
        )


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
    ended = f"[0:a:0]{_end_filter(skips.end)}{MUSIC_CHANNELS}"
    graph = [
        f"{ended},asetnsamples={FRAMES_AT_ONCE}:p=0,asplit[a][b]",
        f"[a]{_skip_filter(skips.unmeasured_samples)}{levels}[c]",
        f"[b]{_skip_filter(skips.preroll)}aresample={MIX_RATE_HZ},asplit[d][e]",
        f"[d]aformat=sample_fmts=fltp,{blocks},{stats}Min_level+Max_level,{extremes},anullsink",
        "[e]aformat=sample_fmts=dblp,asplit[g][h]",
        f"[g][h]amultiply,{mono},{added},{blocks},{stats}Max_level,{energies},anullsink",
    ]
    return ["-filter_complex", ";".join(graph), "-map", "[c]", "-f", "null", "-"]


def _skip_filter(samples: int) -> str:
    return f"atrim=start_sample={samples}," if samples else ""


def _end_filter(samples: int) -> str:
    return f"atrim=end_sample={samples}," if samples else ""


def _parse_levels(output: str, block_samples: int) -> Sequence[float]:
    """Convert cumulative energy to levels of blocks; silence fills a short last block."""
    upto = [float(match["value"]) for match in _HIGHEST.finditer(output)]
    whole = block_samples * ENERGY_SCALE
    powers = ((after - before) / whole for before, after in pairwise([0.0, *upto]))
    return array(
        "d", (10 * math.log10(power) if power > SILENCE_POWER else -math.inf for power in powers)
    )


def _parse_peaks(pattern: regex.Pattern[str], output: str) -> Sequence[int]:
    scaled = (round(PEAK_SCALE * float(match["value"])) for match in pattern.finditer(output))
    return array("h", (max(-PEAK_SCALE, min(PEAK_SCALE, each)) for each in scaled))


_LOWEST = regex.compile(r"Overall\.Min_level=(?P<value>\S+)")
_HIGHEST = regex.compile(r"Overall\.Max_level=(?P<value>\S+)")
