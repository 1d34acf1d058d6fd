"""Two hundred random mixes: as loud as asked, under the ceiling, and checked as FFmpeg measures.

Rendered as the service does, at most MAX_ATTEMPTS times, encoded to MP3, and measured by FFmpeg's
`ebur128`, which shares no code with Mixer's meters. The seeds are fixed. Ten minutes on two cores.
"""

import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import regex

from mixer.parallel import usable_cores
from mixer.sound.analysis import verify
from mixer.sound.ffmpeg import binary_path
from tests.random_mixes import build_random_mix

MIXES = 200
MAX_ERROR_LU = 0.2
MAX_CHECK_ERROR_LU, MAX_CHECK_ERROR_DB = 0.05, 0.1
COLUMNS = 400
REPORT = "ebur128=peak=true:metadata=1:framelog=quiet,ametadata=print:file=-"


@dataclass(frozen=True, slots=True)
class MixFigures:
    """What was asked of a mix, what FFmpeg measures, and what Mixer's own check says."""

    name: str
    target_lufs: float
    ceiling_dbtp: float
    lufs: float
    peak_dbtp: float
    checked_lufs: float
    checked_dbtp: float
    limit_dbfs: float | None

    @property
    def error_lu(self) -> float:
        """How much louder than asked it is."""
        return self.lufs - self.target_lufs


def run() -> list[dict[str, object]]:
    """Measure all rows."""
    with (
        TemporaryDirectory(prefix="bench-mixes-") as folder,
        ThreadPoolExecutor(usable_cores()) as pool,
    ):
        mixes = list(pool.map(lambda seed: _measure_mix(Path(folder), seed), range(MIXES)))
    missed = [each for each in mixes if abs(each.error_lu) > MAX_ERROR_LU]
    above = [each for each in mixes if each.peak_dbtp > each.ceiling_dbtp]
    for each in (*missed, *above):
        print(each, file=sys.stderr)
    check_lu = max(abs(each.checked_lufs - each.lufs) for each in mixes)
    check_db = max(abs(each.checked_dbtp - each.peak_dbtp) for each in mixes)
    worst_lu = max(abs(each.error_lu) for each in mixes)
    room_db = min(each.ceiling_dbtp - each.peak_dbtp for each in mixes)
    return [
        _build_row(f"random mixes within {MAX_ERROR_LU} LU of their loudness",
            f"{MIXES - len(missed)} of {MIXES}, the worst off by {worst_lu:.2f} LU",
            f"all {MIXES}", ok=not missed),
        _build_row("random mixes under their ceiling",
            f"{MIXES - len(above)} of {MIXES}, the closest {room_db:.2f} dB below",
            f"all {MIXES}", ok=not above),
        _build_row("their check against FFmpeg's ebur128",
            f"at most {check_lu:.3f} LU and {check_db:.2f} dB apart",
            f"at most {MAX_CHECK_ERROR_LU} LU and {MAX_CHECK_ERROR_DB} dB",
            ok=check_lu <= MAX_CHECK_ERROR_LU and check_db <= MAX_CHECK_ERROR_DB),
    ]  # fmt: skip


def _measure_mix(parent: Path, seed: int) -> MixFigures:
    folder = parent / str(seed)
    folder.mkdir()
    kind, mix = build_random_mix(folder, seed)
    finished = mix.render_to_target(workers=1)
    mastering = finished.timeline.mastering
    checked = verify(mix.path, finished.timeline.duration_s, COLUMNS)
    figures = MixFigures(
        f"{seed}, {kind}",
        mastering.target_lufs,
        mastering.ceiling_dbtp,
        *_measure_independently(mix.path),
        checked.integrated_lufs or -math.inf,
        checked.true_peak_dbtp,
        mastering.limit_db,
    )
    for path in folder.iterdir():
        path.unlink()
    return figures


def _measure_independently(path: Path) -> tuple[float, float]:
    command = [binary_path(), "-v", "error", "-i", str(path), "-map", "0:a:0", "-af", REPORT]
    done = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, check=True)
    integrated = regex.findall(r"r128\.I=(\S+)", done.stdout)
    peaks = regex.findall(r"r128\.true_peaks_ch\d=(\S+)", done.stdout)
    return float(integrated[-1]), 20 * math.log10(max(map(float, peaks)))


def _build_row(what: str, measured: str, figure: str, *, ok: bool) -> dict[str, object]:
    return {"what": what, "measured": measured, "figure": figure, "ok": ok}
