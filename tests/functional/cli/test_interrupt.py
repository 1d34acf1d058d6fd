"""Ctrl-C and its kin end a command at once, leave nothing behind and lose no speech."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.commands import MIXER, build_environ, run
from tests.emulators.strict_polly import Latency, StrictPolly
from tests.sounds import speech, write_sound

PATIENCE_S, NEVER_S = 30.0, 120.0
"""How long a command may take to end; and an answer that comes long after that."""

PATIENT = "from mixer.cli import exit_codes, main; exit_codes.THREAD_GRACE_S = 60; main()"
"""A command that gives answers under way the time that a busy machine takes."""

INTERRUPTED = 130

CHAPTERS = "\n\n".join(f"# Part {number}\n\nAnna saw ship {number}." for number in range(1, 7))

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@contextmanager
def start_command(
    *arguments: str, cwd: Path, program: Sequence[str] = MIXER, **env: str
) -> Iterator[subprocess.Popen[str]]:
    """A command under way; killed at the end if it still is."""
    with subprocess.Popen(
        [*program, *arguments],
        cwd=cwd,
        env=build_environ(cwd, **env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def meets(condition: Callable[[], object]) -> bool:
    """Whether a condition holds; files that it looks at may go away meanwhile."""
    with suppress(FileNotFoundError):
        return bool(condition())
    return False


def until(condition: Callable[[], object], timeout_s: float = NEVER_S) -> None:
    until_s = time.monotonic() + timeout_s
    while not meets(condition):
        assert time.monotonic() < until_s, "it never came to that"
        time.sleep(0.01)


def runs(process: psutil.Process) -> bool:
    """Whether a process is still at work; one that has ended may wait for init to take note."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def interrupt(process: subprocess.Popen[str], *numbers: signal.Signals) -> str:
    """Ask it to end; what it printed on stderr. It must be gone in time, with all its children."""
    children = psutil.Process(process.pid).children(recursive=True)
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.02)
    _, printed = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == INTERRUPTED
    assert printed.rstrip().endswith("mixer: interrupted; finished work is kept.")
    assert "Traceback" not in printed
    _, left = psutil.wait_procs(children, timeout=60)
    assert not [each for each in left if runs(each)]
    return printed


def chunks_in(folder: Path) -> list[Path]:
    return [path for path in folder.glob("store/narration_chunks/*") if path.name[0] != "."]


def assert_nothing_is_left(folder: Path) -> None:
    assert not list((folder / "temp").iterdir())
    assert not list((folder / "out").glob("*"))
    assert not [path for path in folder.rglob(".*") if path.name not in {".metadata", ".cache"}]


def count_new_chunks(printed: str) -> int:
    found = re.search(r"(\d+) of 12 chunks synthesized", printed)
    assert found
    return int(found[1])


@BOTH
def test_while_planning(number, tmp_path):
    (tmp_path / "long.txt").write_text("The ship came home at 5 p.m. with Dr. Hale. " * 40_000)
    words = ["narrate", "long.txt", "--out", "out/long.mp3", "--store", "store"]
    with start_command(*words, cwd=tmp_path) as process:
        until(lambda: _cpu_s(process) > 1.2)
        assert "planning: done" not in interrupt(process, number)
    assert_nothing_is_left(tmp_path)


def _cpu_s(process: subprocess.Popen[str]) -> float:
    times = psutil.Process(process.pid).cpu_times()
    return times.user + times.system


def test_while_speaking_chunks_are_kept_for_the_next_run(tmp_path):
    (tmp_path / "story.md").write_text(CHAPTERS)
    words = ["narrate", "story.md", "--out", "out/story.mp3", "--store", "store"]
    kept = 0
    for number in (signal.SIGINT, signal.SIGTERM):
        with start_command(*words, cwd=tmp_path) as process:
            until(lambda kept=kept: len(chunks_in(tmp_path)) > kept)
            interrupt(process, number, number, number)  # people press it more than once
        assert_nothing_is_left(tmp_path)
        kept = len(chunks_in(tmp_path))
        assert 1 <= kept < 12
    done = run(*words, cwd=tmp_path)
    assert done.code == 0
    assert count_new_chunks(done.out) == 12 - kept


@BOTH
def test_while_mixing(number, tmp_path):
    write_sound(tmp_path / "chunk.wav", speech(20.0), 24_000)
    words = ["mix", *["chunk.wav"] * 90, "--out", "out/mix.mp3"]
    with start_command(*words, cwd=tmp_path) as process:
        until(lambda: list(tmp_path.glob("temp/mixer-*/**/*.mp3")))
        assert "mixing: done" not in interrupt(process, number)
    assert_nothing_is_left(tmp_path)


def test_answers_that_are_paid_for_are_kept_and_hanging_ones_not_waited_for(tmp_path):
    (tmp_path / "story.md").write_text(CHAPTERS)
    cloud = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "a"}
    words = ["narrate", "story.md", "--engine", "polly", "--out", "out/x.mp3", "--store", "store"]
    patient = (sys.executable, "-c", PATIENT)
    for program, latency_s, kept in ((patient, 0.3, True), (MIXER, NEVER_S, False)):
        with StrictPolly(latency=Latency(base_s=latency_s)) as polly:
            secret = {"AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": polly.endpoint_url}
            env = {**cloud, **secret}
            with start_command(*words, cwd=tmp_path, program=program, **env) as process:
                until(lambda polly=polly: polly.counts.calls)
                interrupt(process, signal.SIGINT)
        assert bool(chunks_in(tmp_path)) == kept
        assert_nothing_is_left(tmp_path)
        for path in chunks_in(tmp_path):
            path.unlink()


def test_a_terminal_shows_a_bar_with_the_time_left(tmp_path):
    (tmp_path / "story.md").write_text("The ship came home.")
    ours, theirs = pty.openpty()
    env = build_environ(tmp_path, TERM="xterm", COLUMNS="100")
    command = [*MIXER, "narrate", "story.md", "--store", "store"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=env, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b"".join(_pieces(ours))
        process.wait(30)
    os.close(ours)
    screen = shown.decode()
    assert process.returncode == 0
    assert "━" in screen
    assert re.search(r"speech .*\d%.*\d+:\d\d", screen)
    assert re.search(r"done .*100%.*\d+:\d\d.*0:00 left", screen)
    assert "story.mp3" in screen
    assert "\x1b[?25h" in screen  # the cursor is back


def _pieces(terminal: int) -> Iterator[bytes]:
    """What a program writes to a terminal; its end reads as an input error on Linux."""
    with suppress(OSError):
        while piece := os.read(terminal, 4096):
            yield piece
