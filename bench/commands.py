"""Whole commands, from their start to the file at its place, or to their answer.

Mixed are forty recordings that were never measured: the bench's chunks as MP3 at 24 and 22.05 kHz
and WAV at 48 kHz, with looped music; then the chunks as they are, which pydub and the usual passes
of FFmpeg mix too. All ways take turns; medians count, as ratios to LAME's CPU time for the finished
samples in the same run. The book is the demo's story in twelve chapters with their paragraphs in
different order: no two segments are equal, and little is spoken twice. Nine minutes on two idle
cores, several times that under load.
"""

import os
import random
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil

from bench.material import STORY, list_chunk_files, make_material
from bench.mixdown import build_ratio_row, measure_encoder
from bench.processes import ProcessCost, build_environment, measure_cost
from mixer.parallel import usable_cores
from mixer.sound.ffmpeg import binary_path

RUNS, LONG_RUNS = 5, 3
"""Of stories and starts, and of mixes and edits, which take a minute a turn."""

PASSES, PASSES_RUNS = "passes", 1
"""The usual passes of FFmpeg take longer than all other ways together."""

EDITS = ("windy", "stormy", "foggy")
"""Words that make a sentence new, one for each run."""

CHAPTERS = 12
POLL_S, TIMEOUT_S = 0.01, 30.0
FOREIGN = ((".mp3", "-ar 24000 -b:a 48k"), (".mp3", "-ar 22050 -b:a 64k"), (".wav", "-ar 48000"))
LAME = "LAME"
MEASURE = (
    "import sys; from pathlib import Path; from mixer.sound.analysis import measure;"
    "[measure(Path(each)) for each in sys.argv[1:]]"
)
CHECK = (
    "import sys; from pathlib import Path; from mixer.sound.analysis import verify;"
    "verify(Path(sys.argv[1]), 1600.0, 1800)"
)
FIRST_ANSWER = """
import os, types, polly_handler
os.environ |= {"OUTPUT_BUCKET": "b", "AWS_DEFAULT_REGION": "us-east-1"}
http = {"method": "POST", "path": "/synthesize"}
event = {"version": "2.0", "rawPath": "/synthesize", "requestContext": {"http": http}, "body": "{}"}
context = types.SimpleNamespace(
    function_name="f", memory_limit_in_mb=1, invoked_function_arn="a:b:c", aws_request_id="r",
    get_remaining_time_in_millis=lambda: 30_000,
)
assert polly_handler.handler(event, context)["statusCode"] == 401
"""
Ways = Mapping[str, Callable[[], ProcessCost]]


def run() -> list[dict[str, object]]:
    """Measure all rows."""
    with TemporaryDirectory(prefix="bench-commands-") as scratch:
        folder = Path(scratch)
        make_material(folder)
        return [*_measure_mixes(folder), *_measure_stories(folder), *_measure_starts(folder)]


def _measure_mixes(folder: Path) -> list[dict[str, object]]:
    foreign = _write_foreign(folder)
    own = [str(each) for each in list_chunk_files(folder)]
    _mix(folder, foreign, "foreign.mp3")
    costs = _take_turns(
        {
            LAME: lambda: measure_encoder(
                folder, "foreign.mp3", ("libmp3lame", "-b:a", "128k"), "mp3"
            ),
            "mix": lambda: _mix(folder, foreign, "foreign.mp3"),
            "own": lambda: _mix(folder, own, "own.mp3"),
            "measure": lambda: measure_cost(["-c", MEASURE, *foreign]),
            "check": lambda: measure_cost(["-c", CHECK, str(folder / "foreign.mp3")]),
            "pydub": lambda: _mix_otherwise(folder, "in-memory"),
            PASSES: lambda: _mix_otherwise(folder, "several-passes"),
        },
        LONG_RUNS,
    )
    cpu_s = {name: median(each.cpu_s for each in runs) for name, runs in costs.items()}
    wall_s = {name: median(each.wall_s for each in runs) for name, runs in costs.items()}
    against, lame_s = "against LAME, CPU", cpu_s[LAME]

    def build_row(what: str, name: str, most: float) -> dict[str, object]:
        return build_ratio_row(
            what, cpu_s[name] / lame_s, most, f"{cpu_s[name]:.1f} of {lame_s:.1f} CPU s"
        )

    return [
        build_row(f"mixer mix of foreign recordings {against}", "mix", 1.6),
        build_row(f"… of our own recordings {against}", "own", 1.6),
        build_row(f"… measuring {against}", "measure", 0.15),
        build_row(f"… checking {against}", "check", 0.2),
        build_ratio_row("… wall time × cores against LAME",
            wall_s["mix"] * usable_cores() / lame_s, 1.7, f"{wall_s['mix']:.1f} s"),
        build_ratio_row("… wall time against pydub", wall_s["own"] / wall_s["pydub"], 0.5,
            f"{wall_s['own']:.1f} of {wall_s['pydub']:.1f} s"),
        build_ratio_row("… wall time against passes of FFmpeg",
            wall_s["own"] / wall_s[PASSES], 0.25,
            f"{wall_s['own']:.1f} of {wall_s[PASSES]:.1f} s"),
    ]  # fmt: skip


def _write_foreign(folder: Path) -> list[str]:
    names = []
    for number, chunk in enumerate(list_chunk_files(folder)):
        suffix, options = FOREIGN[number % len(FOREIGN)]
        path = folder / f"foreign{number:02}{suffix}"
        command = [binary_path(), "-v", "error", "-y", "-i", str(chunk), *options.split()]
        subprocess.run([*command, str(path)], check=True)
        names.append(str(path))
    return names


def _mix(folder: Path, chunks: Sequence[str], out: str) -> ProcessCost:
    files = ["--music", str(folder / "music.flac"), "--out", str(folder / out), "--force"]
    return measure_cost(["-m", "mixer", "mix", *files, *chunks])


def _mix_otherwise(folder: Path, way: str) -> ProcessCost:
    out = folder / f"{way}.mp3"
    return measure_cost(["-W", "ignore", "-m", "bench.baselines", way, str(folder), str(out)])


def _take_turns(ways: Ways, runs: int = RUNS) -> dict[str, list[ProcessCost]]:
    costs: dict[str, list[ProcessCost]] = {name: [] for name in ways}
    for turn in range(runs):
        for name, way in ways.items():
            if name == PASSES and turn >= PASSES_RUNS:
                continue
            costs[name].append(way())
            summary = costs[name][-1].summary
            print(f"turn {turn + 1}, {name}: {summary}", file=sys.stderr, flush=True)
    return costs


def _measure_stories(folder: Path) -> list[dict[str, object]]:
    os.environ["MIXER_STORE"] = str(folder / "store")
    book = folder / "book.md"
    book.write_text(_write_book())
    narrate(folder, STORY)
    narrate(folder, book)
    words = iter(EDITS)
    again = _take_turns(
        {"demo": lambda: narrate(folder, STORY), "book": lambda: narrate(folder, book)}
    )
    edits = _take_turns({"edit": lambda: _narrate_edit(folder, book, next(words))}, len(EDITS))
    rows = [
        ("mixer narrate of the demo, all kept", median(each.cpu_s for each in again["demo"]), 4.5),
        ("… of an unchanged book of two hours", median(each.cpu_s for each in again["book"]), 3.0),
        (
            "… of the book with one changed sentence",
            median(each.cpu_s for each in edits["edit"]),
            6.0,
        ),
    ]
    return [build_seconds_row(what, cpu_s, most_s) for what, cpu_s, most_s in rows]


def _write_book() -> str:
    paragraphs = [each for each in STORY.read_text().split("\n\n") if not re.match("#|---", each)]
    chance, chapters = random.Random(1), []
    for number in range(CHAPTERS):
        shuffled = chance.sample(paragraphs, len(paragraphs))
        chapters.append("\n\n".join([f"# Chapter {number + 1}", *shuffled]))
    return "\n\n".join(chapters)


def _narrate_edit(folder: Path, book: Path, word: str) -> ProcessCost:
    text = book.read_text()
    book.write_text(text.replace("wet Tuesday", f"wet and {word} Tuesday", 1))
    cost = narrate(folder, book)
    book.write_text(text)
    return cost


def narrate(folder: Path, story: Path) -> ProcessCost:
    """Measure `mixer narrate` of a story with music, into its file in a folder."""
    out = folder / f"{story.stem}.mp3"
    files = ["--music", str(folder / "music.flac"), "--out", str(out), "--force"]
    return measure_cost(["-m", "mixer", "narrate", str(story), *files])


def _measure_starts(folder: Path) -> list[dict[str, object]]:
    page = folder / "page.md"
    page.write_text(STORY.read_text()[:3_000])
    costs = _take_turns(
        {
            "help": lambda: measure_cost(["-m", "mixer", "--help"]),
            "plan": lambda: measure_cost(["-m", "mixer", "plan", str(page)]),
            "serve": lambda: _serve(folder),
            "boto3": lambda: measure_cost(["-c", "import boto3"]),
            "answer": lambda: measure_cost(["-c", FIRST_ANSWER]),
        }
    )
    cpu_s = {name: median(each.cpu_s for each in runs) for name, runs in costs.items()}
    return [
        build_ratio_row(
            "first answer of the speech function, CPU against import boto3",
            cpu_s["answer"] / cpu_s["boto3"],
            2.0,
            f"{cpu_s['answer']:.2f} of {cpu_s['boto3']:.2f} CPU s",
        ),
        build_seconds_row("mixer --help", cpu_s["help"], 0.15),
        build_seconds_row("mixer plan of a page", cpu_s["plan"], 0.3),
        build_seconds_row("mixer serve until its first answer", cpu_s["serve"], 1.0),
    ]


def _serve(folder: Path) -> ProcessCost:
    """Start a server, wait for the answer to one request, and stop it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mixer", "serve", "--port", str(port)]
    begun_s = time.monotonic()
    with subprocess.Popen(
        [*command, "--store", str(folder / "served")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=build_environment(),
    ) as server:
        while not _is_answering(f"http://127.0.0.1:{port}/capabilities"):
            time.sleep(POLL_S)
        spent = psutil.Process(server.pid).cpu_times()
        wall_s = time.monotonic() - begun_s
        server.terminate()
    return ProcessCost(wall_s, spent.user + spent.system)


def _is_answering(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S):  # noqa: S310 - our own server
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def build_seconds_row(what: str, cpu_s: float, most_s: float) -> dict[str, object]:
    """Build a row whose target is an upper bound on CPU seconds."""
    return {
        "what": what,
        "measured": f"{cpu_s:.2f} CPU s",
        "figure": f"at most {most_s:g} CPU s",
        "ok": cpu_s <= most_s,
    }
