"""The command line under kills, limits and odd file systems, and two commands on one store."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.attack.campaign import Row, Tally
from tests.commands import build_environ
from tests.emulators.speech_server import KEY, SpeechServer, run_speech_server

STORY = "# One\n\nThe lamp went out at nine.\n\n# Two\n\nIt was the cat, and the cat alone.\n"
TIMEOUT_S = 300
CALL_S = 0.3
"""What a call for speech takes: long enough to be interrupted."""

KEPT_HIDDEN = (".link-secret", ".once.lock")
"""Files of a store that stay; the lock is there only without hard links."""
DAY_S = 86_400

MAIN = "import mixer.cli; mixer.cli.main()"
WITHOUT_LINKS = """
import errno, os
def refuse(source, path, **_):
    raise OSError(errno.EPERM, "Operation not permitted", str(path))
os.link = refuse
"""
"""What a FAT file system does."""

TWO_DAYS_LATER = f"""
import time
now = time.time
time.time = lambda: now() + 2 * {DAY_S}
"""


@dataclass(frozen=True)
class Case:
    """A folder with a story, its own store and home, and what an undisturbed run made of it.

    `run_s` is what that run took. The speech server counts what is paid for.
    """

    folder: Path
    server: SpeechServer
    expected: bytes = b""
    run_s: float = 0.0

    @property
    def out(self) -> Path:
        return self.folder / "out" / "story.mp3"

    def start(
        self, setup: str = "", limits: str = "", out: str = "out", **environ: str
    ) -> subprocess.Popen[str]:
        """Start narrating; `limits` are shell commands, `setup` Python before the command line."""
        arguments = ["narrate", "story.md", "--store", "store", "--out", f"{out}/story.mp3"]
        arguments += ["--engine", "http", "--engine-url", self.server.url]
        code = f"{setup}\nimport sys; sys.argv[1:] = {arguments!r}\n{MAIN}"
        command = ["bash", "-c", f'{limits}exec "$0" -c "$1"', sys.executable, code]
        project = str(Path(__file__).parents[2])
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={**build_environ(self.folder), "PYTHONPATH": project, "ENGINE_KEY": KEY, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def check_result(self) -> str:
        """What is wrong with the result of commands that nothing stopped, or nothing."""
        texts = Counter(str(body["input"]) for body in self.server.bodies)
        if paid_twice := [text for text, times in texts.items() if times > 1]:
            return f"paid twice: {paid_twice}"
        return "" if self.out.read_bytes() == self.expected else "other bytes"

    def finish(self) -> str:
        """Narrate undisturbed; what is wrong with the result or left behind, or nothing."""
        before = {path: path.stat().st_mtime_ns for path in self._chunks()}
        code, error = wait_for(self.start())
        if code:
            return f"does not recover: {error[-300:]}"
        if self.out.read_bytes() != self.expected:
            return "other bytes after recovery"
        if any(path.stat().st_mtime_ns != written for path, written in before.items()):
            return "a chunk was synthesized twice"
        left = list(self._list_leftovers())
        return f"left behind: {left[:3]}" if left else ""

    def _chunks(self) -> list[Path]:
        """Those that are stored with their measurements; others may be completed."""
        store = self.folder / "store"
        about = (store / ".metadata/narration_chunks").glob("[!.]*")  # what is not hidden is whole
        measured = (
            each for each in about if "measured" in json.loads(each.read_text())["metadata"]
        )
        paths = (store / "narration_chunks" / each.stem for each in measured)
        return [path for path in paths if path.exists()]

    def _list_leftovers(self) -> Iterator[str]:
        yield from (str(path.name) for path in (self.folder / "temp").iterdir())
        for path in (self.folder / "store").rglob("*"):
            is_temporary = path.name.startswith(".") or "speaking" in path.parts
            if path.is_file() and is_temporary and path.name not in KEPT_HIDDEN:
                yield str(path.relative_to(self.folder))


def wait_for(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and standard error."""
    error = process.communicate(timeout=TIMEOUT_S)[1]
    return process.returncode, error


def kill_once(case: Case, draw: random.Random) -> str:
    """SIGKILL for the command at a random moment; children in groups of their own outlive it."""
    process = case.start()
    time.sleep(draw.uniform(0.1, 1.1) * case.run_s)
    os.killpg(process.pid, signal.SIGKILL)
    wait_for(process)
    return ""


def kill_three_times(case: Case, draw: random.Random) -> str:
    """The same, again and again."""
    for _ in range(3):
        kill_once(case, draw)
    return ""


def limit_file_size(case: Case, draw: random.Random) -> str:
    """A disk that takes only so much of a file."""
    return _expect_sentence(case.start(limits=f"ulimit -f {draw.choice((1, 4, 10, 20))}; "))


def fill_disk(case: Case, draw: random.Random) -> str:
    """A disk that is full after some kilobytes: of the store, of results or temporary files."""
    size = f"size={draw.choice((64, 256, 512, 1024))}k"
    return _run_on_disk(case, draw.choice(("store", "temp", "out")), size, "size=1g")


def write_protect_disk(case: Case, draw: random.Random) -> str:
    """A store, or the folder of the result, that can only be read."""
    return _run_on_disk(case, draw.choice(("store", "out")), "ro", "rw")


def _run_on_disk(case: Case, name: str, options: str, repair: str) -> str:
    """Run with a folder on a disk of its own, which is repaired for the next run.

    Where disks may not be mounted, the run is undisturbed.
    """
    place = case.folder / name
    place.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o"]
    mounted = subprocess.run([*mount, options, "tmpfs", str(place)], check=False)
    if mounted.returncode:
        return ""
    try:
        failure = _expect_sentence(case.start())
        subprocess.run(["mount", "-o", f"remount,{repair}", str(place)], check=True)
        failure = failure or case.finish()
    finally:
        subprocess.run(["umount", str(place)], check=True)
    shutil.rmtree(case.folder / "out", ignore_errors=True)
    return f"{name}, {options}: {failure}" if failure else ""


def limit_open_files(case: Case, draw: random.Random) -> str:
    """Few handles."""
    return _expect_sentence(case.start(limits=f"ulimit -n {draw.choice((20, 24, 32, 48))}; "))


def use_plain_locale(case: Case, _draw: random.Random) -> str:
    """Locale C."""
    return _expect_success(case.start(LC_ALL="C", LANG="C", PYTHONUTF8="0"), case)


def work_without_links(case: Case, _draw: random.Random) -> str:
    """A file system without hard links."""
    return _expect_success(case.start(setup=WITHOUT_LINKS), case)


def put_file_in_place_of_store(case: Case, _draw: random.Random) -> str:
    """A store that cannot be written."""
    (case.folder / "store").write_bytes(b"")
    failure = _expect_sentence(case.start())
    (case.folder / "store").unlink()
    return failure


def lose_temporary_folder(case: Case, _draw: random.Random) -> str:
    """No folder for temporary files."""
    return _expect_sentence(case.start(TMPDIR=str(case.folder / "gone")))


def run_two_commands(case: Case, draw: random.Random) -> str:
    """Two commands on one store, the second one soon after the first."""
    first = case.start()
    time.sleep(draw.uniform(0, case.run_s))
    second = case.start(out="second")
    for process in (first, second):
        if failure := _expect_success(process, None):
            return failure
    return case.check_result()


def jump_clock(case: Case, draw: random.Random) -> str:
    """A second command to which it is two days later."""
    first = case.start()
    time.sleep(draw.uniform(0, case.run_s))
    failure = _expect_success(case.start(setup=TWO_DAYS_LATER, out="second"), None)
    return failure or _expect_success(first, case)


def _expect_success(process: subprocess.Popen[str], case: Case | None) -> str:
    code, error = wait_for(process)
    if code:
        return f"exit code {code}: {error[-300:]}"
    return "" if case is None else case.check_result()


def _expect_sentence(process: subprocess.Popen[str]) -> str:
    """It succeeds, or fails with one sentence."""
    code, error = wait_for(process)
    last = error.strip().splitlines()[-1:] or [""]
    is_unforeseen = "Traceback" in error or "nforeseen" in error or "unexpected" in error
    if code and (is_unforeseen or not last[0].startswith("mixer: ")):
        return f"exit code {code}: {error[-300:]}"
    return ""


DISTURBANCES: tuple[Callable[[Case, random.Random], str], ...] = (
    kill_once,
    work_without_links,
    run_two_commands,
    limit_file_size,
    fill_disk,
    write_protect_disk,
    kill_three_times,
    jump_clock,
    limit_open_files,
    lose_temporary_folder,
    use_plain_locale,
    put_file_in_place_of_store,
)


def attack_commands(tally: Tally, draw: random.Random, count: int) -> None:
    """Disturb a command, then run it undisturbed."""
    with TemporaryDirectory(prefix="attack-") as name, run_speech_server() as server:
        server.delay_s = CALL_S
        base = _make_case(Path(name, "base"), Case(Path(), server))
        begun_s = time.monotonic()
        code, error = wait_for(base.start())
        if code:
            tally.count(f"undisturbed: {error[-300:]}")
            return
        run_s = time.monotonic() - begun_s
        base = replace(base, expected=base.out.read_bytes(), run_s=run_s)
        for number, disturb in enumerate(islice(cycle(DISTURBANCES), count)):
            case = _make_case(Path(name, str(number)), base)
            server.bodies.clear()
            failure = disturb(case, draw) or case.finish()
            tally.count(f"{disturb.__name__}: {failure}" if failure else "")


def _make_case(folder: Path, base: Case) -> Case:
    folder.mkdir()
    (folder / "story.md").write_text(STORY)
    return replace(base, folder=folder)


ROW = Row(
    "kills, limits, odd file systems, two commands",
    "the same bytes or one sentence; nothing lost, twice or left",
    short=1,
    full=100,
    attack=attack_commands,
)
