"""The finished file, decoded once as a listener's player would: what it measures, how it looks."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import regex

from mixer.errors import RenderFailed
from mixer.sound import ffmpeg
from mixer.sound.ffmpeg import Children
from mixer.sound.loudness import histogram, integrated_lufs
from mixer.sound.measure import MUSIC_CHANNELS, TIMEOUT_S, momentary_lufs, true_peak_dbtp
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


def check(path: Path, duration_s: float, columns: int, children: Children | None = None) -> Check:
    """Measure and outline a finished file.

    Args:
        path: the file.
        duration_s: how long it plays.
        columns: into how many its outline is gathered.
        children: the job that it belongs to.
    """
    samples = max(1, round(duration_s * MIX_RATE_HZ / columns))
    with TemporaryDirectory(prefix="check-") as folder:
        peaks_file = Path(folder, "peaks.txt")
        command = [*ffmpeg.confined_input(0), *_graph(samples, peaks_file.name)]
        done = ffmpeg.run(
            command, files=[path], cwd=Path(folder), timeout_s=TIMEOUT_S, children=children
        )
        peaks = _peaks(peaks_file.read_text())
    momentary = momentary_lufs(done.stdout.decode())
    if not momentary:
        raise RenderFailed(f"There is not a moment of sound in {path}.")
    return Check(
        integrated_lufs=integrated_lufs(histogram(momentary)),
        true_peak_dbtp=true_peak_dbtp(done.stderr),
        momentary_lufs=tuple(momentary),
        peaks=peaks,
    )


def _graph(samples_per_column: int, peaks_file: str) -> list[str]:
    """Two branches over one decoding: loudness and true peak, lowest and highest samples."""
    levels = "ebur128=metadata=1:peak=true:framelog=quiet,ametadata=print:key=lavfi.r128.M:file=-"
    extremes = (
        "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=Min_level+Max_level"
    )
    columns = f"aformat=sample_fmts=fltp,asetnsamples={samples_per_column}:p=0"
    outline = f"{columns},{extremes},ametadata=print:file={peaks_file}"
    graph = f"[0:a:0]{MUSIC_CHANNELS},asplit[a][b];[a]{levels}[c];[b]{outline}[d]"
    return [
        "-filter_complex",
        graph,
        *(["-map", "[c]", "-f", "null", "-", "-map", "[d]", "-f", "null", "-"]),
    ]


def _peaks(printed: str) -> tuple[tuple[float, float], ...]:
    lowest = [float(match["value"]) for match in _LOWEST.finditer(printed)]
    highest = [float(match["value"]) for match in _HIGHEST.finditer(printed)]
    return tuple(zip(lowest, highest, strict=True))


_LOWEST = regex.compile(r"Overall\.Min_level=(?P<value>\S+)")
_HIGHEST = regex.compile(r"Overall\.Max_level=(?P<value>\S+)")
