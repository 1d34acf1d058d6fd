"""The finished file, decoded once as a listener's player would: what it measures, how it looks.

A file of our own making can be decoded in stretches, since its frames stand for themselves; then
all cores share the work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import regex

from mixer.errors import RenderFailed
from mixer.parallel import in_parallel, usable_cores
from mixer.sound import ffmpeg
from mixer.sound.ffmpeg import Children
from mixer.sound.loudness import FINE_BIN_LU, STEP_S, histogram, integrated_lufs
from mixer.sound.measure import MUSIC_CHANNELS, TIMEOUT_S, momentary_lufs, true_peak_dbtp
from mixer.sound.mp3 import FRAME_SAMPLES, Stretch
from mixer.sound.timeline import MIX_RATE_HZ


@dataclass(frozen=True, slots=True)
class Check:
    """What was found in a finished file.

    Attributes:
        integrated_lufs: gated loudness; None for silence.
        true_peak_dbtp: oversampled peak.
        momentary_lufs: one window every 100 ms.
        peaks: lowest and highest sample of each column, -1 to 1.
    """

    integrated_lufs: float | None
    true_peak_dbtp: float
    momentary_lufs: tuple[float, ...]
    peaks: tuple[tuple[float, float], ...]


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
    parts = stretches or [Stretch(0, path.stat().st_size, 0)]

    def judged(part: Stretch) -> Check:
        return _check_stretch(path, part, samples, children)

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
    )


def _check_stretch(
    path: Path, part: Stretch, samples_per_column: int, children: Children | None
) -> Check:
    roll = part.roll_frames * FRAME_SAMPLES
    with TemporaryDirectory(prefix="check-") as folder:
        peaks_file = Path(folder, "peaks.txt")
        graph = _graph(samples_per_column, roll, peaks_file.name)
        done = ffmpeg.run(
            [*_input(path, part), *graph],
            files=[path],
            cwd=Path(folder),
            timeout_s=TIMEOUT_S,
            children=children,
        )
        peaks = _peaks(peaks_file.read_text())
    momentary = momentary_lufs(done.stdout.decode())[round(roll / MIX_RATE_HZ / STEP_S) :]
    if not momentary and not part.roll_frames:
        raise RenderFailed(f"There is not a moment of sound in {path}.")
    return Check(
        integrated_lufs=integrated_lufs(histogram(momentary, FINE_BIN_LU)),
        true_peak_dbtp=true_peak_dbtp(done.stderr),
        momentary_lufs=tuple(momentary),
        peaks=peaks,
    )


def _input(path: Path, part: Stretch) -> list[str]:
    """A whole file opened confined, or some bytes of one of our own making."""
    if part.begin_byte == 0 and part.end_byte == path.stat().st_size:
        return ffmpeg.confined_input(0)
    bytes_of_it = f"subfile,,start,{part.begin_byte},end,{part.end_byte},,:{path.resolve()}"
    return ["-f", "mp3", "-i", bytes_of_it]


def _graph(samples_per_column: int, skip_samples: int, peaks_file: str) -> list[str]:
    """Two branches over one decoding: loudness and true peak, lowest and highest samples."""
    levels = "ebur128=metadata=1:peak=true:framelog=quiet,ametadata=print:key=lavfi.r128.M:file=-"
    extremes = (
        "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=Min_level+Max_level"
    )
    own = f"atrim=start_sample={skip_samples}," if skip_samples else ""
    columns = f"{own}aformat=sample_fmts=fltp,asetnsamples={samples_per_column}:p=0"
    outline = f"{columns},{extremes},ametadata=print:file={peaks_file}"
    graph = f"[0:a:0]{MUSIC_CHANNELS},asplit[a][b];[a]{levels}[c];[b]{outline}[d]"
    nowhere = ["-f", "null", "-"]
    return ["-filter_complex", graph, "-map", "[c]", *nowhere, "-map", "[d]", *nowhere]


def _peaks(printed: str) -> tuple[tuple[float, float], ...]:
    lowest = [float(match["value"]) for match in _LOWEST.finditer(printed)]
    highest = [float(match["value"]) for match in _HIGHEST.finditer(printed)]
    return tuple(zip(lowest, highest, strict=True))


_LOWEST = regex.compile(r"Overall\.Min_level=(?P<value>\S+)")
_HIGHEST = regex.compile(r"Overall\.Max_level=(?P<value>\S+)")
