"""What a mix costs: its wall time against LAME alone, and its memory over an hour.

LAME alone is one FFmpeg that encodes the finished PCM of the same mix with the same options; its
CPU seconds, divided by the cores, are what no mix can be faster than. Memory is the sum of PSS
over this process's whole tree, sampled by a process of its own.

The chunks are made in the bench: bursts of harmonics and pauses, FLAC at 24 kHz, as the embedded
voice leaves them. Music is 20 seconds of chords, so it loops.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mixer.jobs.mixing import Desk, Stages
from mixer.jobs.studio import mix_files
from mixer.parallel import usable_cores
from mixer.requests import Options
from mixer.sound import ffmpeg
from mixer.sound.timeline import MIX_RATE_HZ

CHUNKS = 40
CHUNK_S = 38.0
"""Forty of them with a second between make 26 minutes."""

HOUR_CHUNKS = 92
MAX_TIMES_LAME = 2.0
MAX_MEMORY_MB = 250
RUNS = 2
"""Others may use the machine: the faster counts."""
SAMPLING_S = 0.05
TIMEOUT_S = 600.0

VOICE = (
    "aevalsrc=exprs='0.3*gt(sin(2*PI*t*{speed})+0.4*sin(2*PI*t*0.23)\\,-0.2)"
    "*(sin(2*PI*{pitch}*t)+0.5*sin(4*PI*{pitch}*t)+0.3*sin(10*PI*{pitch}*t)+0.1*(2*random(0)-1))'"
    ":s=24000:d={seconds}"
)
CHORDS = (
    "aevalsrc=exprs='0.2*(sin(2*PI*220*t)+sin(2*PI*277*t)+sin(2*PI*330*t))"
    "|0.2*(sin(2*PI*221*t)+sin(2*PI*278*t)+sin(2*PI*331*t))':s=44100:d=20"
)


def run() -> list[dict[str, object]]:
    """All rows: the wall time of 26 minutes against LAME, and the memory of an hour."""
    with TemporaryDirectory(prefix="bench-mixing-") as scratch:
        folder = Path(scratch)
        chunks, music = _chunks(folder), _made(folder / "music.flac", CHORDS)
        return [_times_lame(folder, chunks, music), _hours_memory(folder, chunks, music)]


def main() -> None:
    """Print the rows."""
    for row in run():
        print(
            f"{row['what']}: {row['measured']} ({row['figure']}) {'ok' if row['ok'] else 'MISSED'}"
        )


def _times_lame(folder: Path, chunks: list[Path], music: Path) -> dict[str, object]:
    runs = [_mixed(folder, chunks, music) for _ in range(RUNS)]
    stages_s, cpu_s = min(runs, key=lambda run: run[0]["mixing"])
    lame_s = min(_lame_alone_s(folder) for _ in range(RUNS))
    times = stages_s["mixing"] / (lame_s / usable_cores())
    stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in stages_s.items())
    return {
        "what": "mix of 40 chunks, 26 min, looped music: wall time against LAME alone",
        "measured": f"{times:.2f} x (LAME {lame_s:.1f} CPU s; {stages}; {cpu_s:.1f} CPU s in all)",
        "figure": f"mixing at most {MAX_TIMES_LAME:g} x LAME's CPU seconds / cores",
        "ok": times <= MAX_TIMES_LAME,
    }


def _hours_memory(folder: Path, chunks: list[Path], music: Path) -> dict[str, object]:
    hour = [chunks[number % CHUNKS] for number in range(HOUR_CHUNKS)]
    with _peak_memory_mb(folder) as peak_mb:
        _mixed(folder, hour, music)
    return {
        "what": "peak memory of an hour's mix, sum of PSS over all processes",
        "measured": f"{peak_mb[0]:.0f} MB",
        "figure": f"below {MAX_MEMORY_MB} MB",
        "ok": peak_mb[0] < MAX_MEMORY_MB,
    }


def _mixed(folder: Path, chunks: list[Path], music: Path) -> tuple[dict[str, float], float]:
    """Mix once: wall seconds of each stage, CPU seconds of all processes."""
    stages = Stages(lambda _name, _share: None)
    cpu_s = _cpu_s()
    mix_files(
        Desk(stages, ffmpeg.Children()),
        chunks,
        music=music,
        asked=Options(),
        out=folder / "mix.mp3",
    )
    return stages.seconds, _cpu_s() - cpu_s


def _lame_alone_s(folder: Path) -> float:
    """CPU seconds of encoding the finished mix's samples and nothing else."""
    pcm = folder / "mix.s16"
    raw = ["-f", "s16le", "-ar", str(MIX_RATE_HZ), "-ac", "2"]
    if not pcm.exists():
        decoding = ["-i", str(folder / "mix.mp3"), *raw, str(pcm)]
        ffmpeg.run(decoding, timeout_s=TIMEOUT_S)
    encoder = ["-c:a", "libmp3lame", "-b:a", "128k", "-reservoir", "0", "-write_xing", "0"]
    begun_s = _cpu_s()
    ffmpeg.run([*raw, "-i", str(pcm), *encoder, "-f", "mp3", os.devnull], timeout_s=TIMEOUT_S)
    return _cpu_s() - begun_s


def _cpu_s() -> float:
    """CPU seconds of this process and of all children that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in spent)


def _chunks(folder: Path) -> list[Path]:
    return [
        _made(
            folder / f"chunk{number}.flac",
            VOICE.format(speed=1.1 + number / 50, pitch=95 + 3 * number, seconds=CHUNK_S),
        )
        for number in range(CHUNKS)
    ]


def _made(path: Path, source: str) -> Path:
    ffmpeg.run(["-f", "lavfi", "-i", source, str(path)], timeout_s=TIMEOUT_S)
    return path


@contextmanager
def _peak_memory_mb(folder: Path) -> Iterator[list[float]]:
    """What this process and its children take at most while the block runs; filled at its end."""
    peak: list[float] = []
    stop = folder / "stop-watching"
    command = [sys.executable, "-m", "bench.mixing", "watch", str(os.getpid()), str(stop)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        try:
            yield peak
        finally:
            stop.touch()
            peak.append(json.loads(watcher.communicate()[0]))


def _watch(root: int, stop: Path) -> float:
    """The largest sum of PSS seen over a process and its descendants, in MB."""
    import psutil

    peak_kb = 0
    while not stop.exists():
        tree = [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
        peak_kb = max(peak_kb, sum(_pss_kb(each.pid) for each in tree if each.pid != os.getpid()))
        time.sleep(SAMPLING_S)
    return peak_kb / 1000


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended meanwhile
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["watch"]:
        print(_watch(int(sys.argv[2]), Path(sys.argv[3])))
    else:
        main()
