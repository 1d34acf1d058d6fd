"""A story of 26 minutes: Mixer, several passes of FFmpeg, pydub and LAME compared.

All make the same file of the same forty chunks and music, which is checked afterwards. Each way
runs five times in turn, in its own process; the median counts. "LAME" is the CPU time of encoding
the finished samples divided by the cores: a lower bound for any mix. Only Mixer levels, ducks and
limits. CPU times are reported too: they hold on a busy machine. About twelve minutes on two cores.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.bench_mix import BenchMix
from bench.material import Material, make_material
from bench.processes import ProcessCost, measure_cost
from mixer.parallel import usable_cores
from mixer.sound import MIX_RATE_HZ
from mixer.sound.ffmpeg import binary_path

RUNS = 5
PINNED_RUNS = 3
MAX_OF_PASSES = 1 / 4
MAX_OF_PYDUB = 1 / 3
MAX_OF_PYDUB_MEMORY = 1 / 7
MAX_TIMES_LAME = 1.6
MAX_CHECK_TIMES_LAME = 0.6
LEAST_SPEEDUP = 1.8
SAME_LENGTH_S = 3.0
"""Tolerance: the ways differ by the silence after the last chunk and at its edges."""

OURS, VERIFIED, PASSES, PYDUB, LAME = (
    "Mixer", "Mixer, checked", "several passes", "pydub", "LAME alone"
)  # fmt: skip
Ways = Mapping[str, Callable[[], ProcessCost]]


def run() -> list[dict[str, object]]:
    """Measure all rows."""
    with TemporaryDirectory(prefix="bench-rendering-") as scratch:
        folder = Path(scratch)
        _report_progress("making forty chunks")
        made = make_material(folder)
        ways = _build_ways(made, folder)
        costs = {name: [] for name in ways}  # type: dict[str, list[ProcessCost]]
        for turn in range(RUNS):
            for name, way in ways.items():
                costs[name].append(way())
                _report_progress(f"turn {turn + 1} of {RUNS}, {name}: {costs[name][-1].summary}")
        memory_mb = {
            name: watched().peak_mb for name, watched in _build_memory_ways(made, folder).items()
        }
        same = _check_same_output(folder, made.story_s)
        return [
            *_build_rows(costs, memory_mb, same),
            _measure_speedup(made.build_story(folder / "cores.mp3"), folder),
        ]


def _build_ways(made: Material, folder: Path, *, watch_memory: bool = False) -> Ways:
    ours = made.build_story(folder / "ours.mp3")
    checked = replace(ours, is_verified=True)
    return {
        OURS: lambda: measure_ours(ours, folder, watch_memory=watch_memory),
        VERIFIED: lambda: measure_ours(checked, folder, watch_memory=watch_memory),
        PASSES: lambda: _measure_baseline("several-passes", folder, watch_memory=watch_memory),
        PYDUB: lambda: _measure_baseline("in-memory", folder, watch_memory=watch_memory),
        LAME: lambda: measure_encoder(folder, "ours.mp3", ("libmp3lame", "-b:a", "128k"), "mp3"),
    }


def _build_memory_ways(made: Material, folder: Path) -> Ways:
    ways = dict(_build_ways(made, folder, watch_memory=True))
    del ways[LAME]
    return ways


def measure_ours(
    mix: BenchMix, folder: Path, *, watch_memory: bool = False, core: int | None = None
) -> ProcessCost:
    """Measure the cost of some work in a process of its own."""
    path = mix.save(folder / "work.pickle")
    return measure_cost(["-m", "bench.mixer_run", str(path)], watch_memory=watch_memory, core=core)


def _measure_baseline(way: str, folder: Path, *, watch_memory: bool) -> ProcessCost:
    out = folder / f"{way}.mp3"
    words = ["-W", "ignore", "-m", "bench.baselines", way, str(folder), str(out)]
    return measure_cost(words, watch_memory=watch_memory)


def measure_encoder(folder: Path, finished: str, codec: tuple[str, ...], muxer: str) -> ProcessCost:
    """Measure the cost of only encoding a finished file's samples."""
    pcm = folder / f"{finished}.s16"
    raw = ["-f", "s16le", "-ar", str(MIX_RATE_HZ), "-ac", "2"]
    if not pcm.exists():
        _run_ffmpeg("-i", str(folder / finished), *raw, str(pcm))
    encode = [binary_path(), "-nostdin", "-y", "-v", "error", *raw, "-i", str(pcm)]
    command = [*encode, "-c:a", *codec, "-f", muxer, os.devnull]
    return measure_cost(["-c", f"import subprocess; subprocess.run({command!r}, check=True)"])


def _run_ffmpeg(*words: str) -> None:
    subprocess.run([binary_path(), "-nostdin", "-y", "-v", "error", *words], check=True)


def _build_rows(
    costs: Mapping[str, list[ProcessCost]], memory_mb: Mapping[str, float], same: str
) -> list[dict[str, object]]:
    wall_s = {name: median(each.wall_s for each in runs) for name, runs in costs.items()}
    lame_s = median(each.cpu_s for each in costs[LAME]) / usable_cores()
    cpu_s = {name: median(each.cpu_s for each in runs) for name, runs in costs.items()}
    seconds = wall_s | {LAME: lame_s}
    passes, pydub = wall_s[OURS] / wall_s[PASSES], wall_s[OURS] / wall_s[PYDUB]
    check_s = wall_s[VERIFIED] - wall_s[OURS]
    memory = memory_mb[OURS] / memory_mb[PYDUB]
    return [
        {
            "what": "the same file from all ways",
            "measured": same,
            "figure": "same format, length",
            "ok": True,
            "seconds": seconds,
            "megabytes": dict(memory_mb),
            "cpu_seconds": cpu_s,
        },
        build_ratio_row("wall time against several passes of FFmpeg", passes, MAX_OF_PASSES,
            f"{wall_s[OURS]:.1f} s of {wall_s[PASSES]:.1f} s; CPU {cpu_s[OURS]:.1f} s"),
        build_ratio_row("wall time against pydub", pydub, MAX_OF_PYDUB,
            f"{wall_s[OURS]:.1f} s of {wall_s[PYDUB]:.1f} s"),
        build_ratio_row("memory against pydub", memory, MAX_OF_PYDUB_MEMORY,
            f"{memory_mb[OURS]:.0f} MB of {memory_mb[PYDUB]:.0f} MB"),
        build_ratio_row("wall time against LAME", wall_s[OURS] / lame_s, MAX_TIMES_LAME,
            f"{wall_s[OURS]:.1f} s; LAME {lame_s * usable_cores():.1f} CPU s"),
        build_ratio_row("checking the finished file, against LAME", check_s / lame_s,
        MAX_CHECK_TIMES_LAME,
            f"{check_s:.1f} s more"),
    ]  # fmt: skip


def build_ratio_row(what: str, ratio: float, most: float, how: str) -> dict[str, object]:
    """Build a row whose target is an upper bound on a ratio."""
    return {
        "what": what,
        "measured": f"{ratio:.3f} × ({how})",
        "figure": f"at most {most:.3g} ×",
        "ok": ratio <= most,
        "ratio": round(ratio, 3),
    }


def _measure_speedup(mix: BenchMix, folder: Path) -> dict[str, object]:
    """Compare two workers with one on a single core."""
    two = replace(mix, workers=2)
    one = replace(mix, workers=1)
    core = min(os.sched_getaffinity(0))
    pairs = [
        (measure_ours(one, folder, core=core).wall_s, measure_ours(two, folder).wall_s)
        for _ in range(PINNED_RUNS)
    ]
    one_s, two_s = (median(each) for each in zip(*pairs, strict=True))
    return {
        "what": "two workers against one on one core",
        "measured": f"{one_s / two_s:.2f} × ({two_s:.1f} s, {one_s:.1f} s)",
        "figure": f"at least {LEAST_SPEEDUP:g} ×",
        "ok": one_s / two_s >= LEAST_SPEEDUP,
        "ratio": round(one_s / two_s, 3),
    }


def _check_same_output(folder: Path, story_s: float) -> str:
    """Check that all ways have made the same output."""
    kinds, lengths_s = set(), []
    for name in ("ours", "several-passes", "in-memory"):
        words = [binary_path(), "-hide_banner", "-i", str(folder / f"{name}.mp3")]
        report = subprocess.run(words, capture_output=True, text=True, check=False).stderr
        kinds.add(report.split("Audio: ")[1].splitlines()[0].strip())
        hours, minutes, seconds = report.split("Duration: ")[1].split(",")[0].split(":")
        lengths_s.append(int(hours) * 3600 + int(minutes) * 60 + float(seconds))
    if len(kinds) > 1 or max(abs(each - story_s) for each in lengths_s) > SAME_LENGTH_S:
        raise RuntimeError(f"The ways do not make the same file: {kinds}, {lengths_s}.")
    return f"{kinds.pop()}, {lengths_s[0] / 60:.1f} min, default effort"


def _report_progress(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
