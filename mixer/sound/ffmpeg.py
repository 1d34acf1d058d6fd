"""The only place that starts FFmpeg.

Commands are argument lists. Input is empty unless given, time is bounded, and each process has its
own group, so Ctrl-C reaches Python alone: FFmpeg is gone and reaped whenever `run` returns. Sounds
from outside are opened confined (`confine_input`): by file descriptor, without other protocols and
with demuxers of sound only, so a playlist, concat script or picture that names files is refused.

Limits: output is kept in memory, so large results go to files; POSIX only; after SIGKILL of this
process, a running FFmpeg finishes its command.
"""

import contextlib
import fcntl
import functools
import logging
import re
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, BinaryIO

from mixer.errors import MixerError, NotFound, OutOfTime, RenderFailed, StoreFailed
from mixer.parallel import batch_scheduling

logger = logging.getLogger(__name__)

GLOBAL_OPTIONS = ("-hide_banner", "-nostdin", "-nostats", "-y")
"""No banner, keyboard or progress; outputs may be overwritten."""

VERSION_TIMEOUT_S = 30.0

PIPE_BYTES = 1 << 20
"""Any user of Linux may have a pipe of this size."""

TAIL_LINES = 8
"""Lines of standard error in an error message; FFmpeg's reason is in the last few."""

SOUND_DEMUXERS = (
    *("aac", "ac3", "aiff", "amr", "ape", "asf", "au", "caf", "eac3", "flac", "loas", "matroska"),
    *("mov", "mp3", "mpegts", "mpc", "mpc8", "ogg", "tak", "tta", "voc", "w64", "wav", "wv"),
    *("f32le", "s16le", "s24le", "s32le"),
)
"""Containers and raw samples that hold their own sound; none that refers to other files."""

SELF_CONTAINED = ("aac", "flac", "mp3", "ogg", "wav")
"""Of these, the ones whose format cannot even express a reference to another file."""

_DESCRIPTOR = "{{descriptor {}}}"
"""Placeholder for the file descriptor that `run` opens."""

_PLACEHOLDER = re.compile(r"\{descriptor \d+\}")
_FAILED_INPUT = re.compile(r"\[in#(\d+) @ \w+\] Error opening input")
_NO_SPACE = b"No space left on device"


@dataclass(frozen=True, slots=True)
class CommandOutput:
    """Standard output and standard error of a finished command."""

    stdout: bytes
    stderr: str


class ProcessGroup:
    """The FFmpeg processes of one job; after `stop`, none starts. Safe from threads and signals."""

    def __init__(self) -> None:
        self._running: set[_FfmpegProcess] = set()
        self._lock = threading.RLock()  # a signal handler may interrupt the thread that holds it
        self._stopped = False

    @property
    def is_stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    def stop(self) -> None:
        """Kill every running process; their callers get OutOfTime. Safe to call twice."""
        with self._lock:
            self._stopped = True
            for child in self._running:
                child.stop()

    @contextlib.contextmanager
    def _track(self, process: "_FfmpegProcess") -> Iterator[None]:
        with self._lock:
            self._running.add(process)
            if self._stopped:
                process.stop()
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(process)


def confine_input(index: int) -> list[str]:
    """Build input arguments that open one untrusted sound and nothing else.

    They replace `-i NAME`, after the input's own options. `index` counts `files` of `run`; inputs
    need separate ones, since they would share a position. Seeking works. Pictures, subtitles and
    attachments are not read.
    """
    return _confine_arguments(_DESCRIPTOR.format(index))


def confine_source(index: int) -> str:
    """Build a filter that is the sound of one file of `run`, confined to SELF_CONTAINED demuxers.

    It decodes in the filters' thread, and fails at a damaged frame and without Linux's /proc:
    FFmpeg prepares a graph twice, so the file has to be opened twice.
    """
    options = ("protocol_whitelist=file", "format_whitelist=" + "\\,".join(SELF_CONTAINED))
    path = f"/proc/self/fd/{_DESCRIPTOR.format(index)}"
    opened = "\\\\:".join(options)
    return f"amovie=filename={path}:streams=a\\\\:0:dec_threads=1:format_opts={opened}"


def confine_stdin() -> list[str]:
    """Do the same for a sound on `stdin`, which cannot be seeked."""
    return _confine_arguments("0")


def run(
    arguments: Sequence[str],
    *,
    timeout_s: float,
    stdin: bytes | None = None,
    files: Sequence[Path] = (),
    cwd: Path | None = None,
    processes: ProcessGroup | None = None,
) -> CommandOutput:
    """Run one FFmpeg command to its end.

    Args:
        arguments: without the program's name and GLOBAL_OPTIONS.
        stdin: None for empty input.
        files: sounds for `confine_input`, in the order of its index.
        cwd: base of relative file names in the arguments.
        processes: the job whose `stop` also stops this command.

    Raises:
        RenderFailed: FFmpeg failed; the message names the unreadable file or ends with its output.
        StoreFailed: the disk is full, or one of `files` may not be read.
        OutOfTime: `timeout_s` passed, or the job of `processes` was stopped.
        NotFound: one of `files` does not exist.
        MixerError: FFmpeg is missing.
    """
    with _open_process(arguments, files, cwd, processes) as child:
        return _run_uninterrupted(child, lambda: child.run(stdin, timeout_s))


def stream(
    arguments: Sequence[str],
    read: Callable[[IO[bytes]], None],
    *,
    timeout_s: float,
    files: Sequence[Path] = (),
    processes: ProcessGroup | None = None,
) -> str:
    """Run one FFmpeg command while `read` takes its output from a pipe; returns standard error.

    Raises what `run` raises, and what `read` raises.
    """
    with _open_process(arguments, files, None, processes) as child:
        return _run_uninterrupted(child, lambda: child.stream(read, timeout_s)).stderr


@contextlib.contextmanager
def _open_process(
    arguments: Sequence[str],
    files: Sequence[Path],
    cwd: Path | None,
    processes: ProcessGroup | None,
) -> Iterator["_FfmpegProcess"]:
    """Prepare a command with its open files; an error that concerns one of them names it."""
    with contextlib.ExitStack() as stack:
        descriptors = [stack.enter_context(_open_file(path)).fileno() for path in files]
        command = [binary_path(), *GLOBAL_OPTIONS, *_insert_descriptors(arguments, descriptors)]
        logger.debug("%s", shlex.join(command))
        child = _FfmpegProcess(command, descriptors, cwd)
        stack.enter_context((processes or ProcessGroup())._track(child))
        try:
            yield child
        except RenderFailed as error:
            if (unread := _find_unread_file(str(error), arguments, files)) is None:
                raise
            raise RenderFailed(f"FFmpeg cannot read {unread}.", key=str(unread)) from error


@contextlib.contextmanager
def open_pipe(
    arguments: Sequence[str], processes: ProcessGroup
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command that reads and writes while it runs; raises at the end as `run` does."""
    child = _FfmpegProcess([binary_path(), *GLOBAL_OPTIONS, *arguments], (), None)
    with processes._track(child), child.start(b"") as process:
        yield process
        stderr = process.stderr.read() if process.stderr else b""
        child.check(process.wait(), stderr)


@functools.cache
def binary_path() -> str:
    """Find FFmpeg once; raises MixerError if imageio-ffmpeg has none for this platform."""
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise MixerError(
            "FFmpeg was not found: install imageio-ffmpeg, or name a binary in IMAGEIO_FFMPEG_EXE."
        ) from error


@functools.cache
def version() -> str:
    """FFmpeg's version; another one may encode the same mix into other bytes."""
    output = run(["-version"], timeout_s=VERSION_TIMEOUT_S).stdout
    return output.split(b"\n", 1)[0].decode(errors="replace").strip()


class _FfmpegProcess:
    def __init__(
        self, command: Sequence[str], descriptors: Sequence[int], cwd: Path | None
    ) -> None:
        self._command, self._descriptors, self._cwd = command, tuple(descriptors), cwd
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._lock = threading.RLock()

    def stop(self) -> None:
        """Kill it, or keep it from starting."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def kill_and_wait(self) -> None:
        """Kill it and wait until it is gone."""
        self.stop()
        if self._process is not None:
            self._process.wait()

    def run(self, stdin: bytes | None, timeout_s: float) -> CommandOutput:
        """Start it, wait for it, and check its result; it has ended in any case."""
        with self.start(stdin) as process:
            try:
                stdout, stderr = process.communicate(stdin, timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
                tail = _last_lines(process.communicate()[1])
                raise OutOfTime(f"FFmpeg did not finish within {timeout_s:g} s: {tail}") from None
        self.check(process.returncode, stderr)
        return CommandOutput(stdout, stderr.decode(errors="replace"))

    def stream(self, read: Callable[[IO[bytes]], None], timeout_s: float) -> CommandOutput:
        """Start it, pass its output to `read`, and check its result; it has ended in any case."""
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            self.stop()

        timer = threading.Timer(timeout_s, expire)
        with TemporaryFile() as log, self.start(None, log) as process:
            timer.start()
            try:
                if process.stdout is not None:
                    _widen_pipe(process.stdout)
                    read(process.stdout)
                process.wait()
            finally:
                timer.cancel()
            log.seek(0)
            stderr = log.read()
        if expired.is_set():
            raise OutOfTime(f"FFmpeg did not finish within {timeout_s:g} s: {_last_lines(stderr)}")
        self.check(process.returncode, stderr)
        return CommandOutput(b"", stderr.decode(errors="replace"))

    def check(self, exit_status: int, stderr: bytes) -> None:
        """Raise the error of a process that has ended, if it failed."""
        if exit_status == 0:
            return
        if self._stopped:
            raise OutOfTime("FFmpeg was stopped with its process group.")
        if _NO_SPACE in stderr or exit_status == -signal.SIGXFSZ:
            raise StoreFailed(f"FFmpeg cannot write {self._command[-1]}: the disk is full.")
        if exit_status < 0:
            name = signal.Signals(-exit_status).name
            raise RenderFailed(f"FFmpeg was killed by {name}, probably because memory ran out.")
        raise RenderFailed(f"FFmpeg failed with exit status {exit_status}: {_last_lines(stderr)}")

    @contextlib.contextmanager
    def start(
        self, stdin: bytes | None, log: IO[bytes] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start it for a block, with a pipe as its input unless `stdin` is None."""
        with self._lock:
            if self._stopped:
                raise OutOfTime("FFmpeg was not started: its process group was stopped.")
            with batch_scheduling():
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE if log is None else log,
                    cwd=self._cwd,
                    pass_fds=self._descriptors,
                    process_group=0,
                )
        with self._process as process:
            try:
                yield process
            finally:
                process.kill()


def _widen_pipe(pipe: IO[bytes]) -> None:
    """Let a pipe hold more, so that its two ends wake each other less often."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _run_uninterrupted(
    ffmpeg_process: _FfmpegProcess, work: Callable[[], CommandOutput]
) -> CommandOutput:
    """Run a process outside the main thread, where no KeyboardInterrupt can occur.

    It could occur even inside Popen, when the process runs but its id is not yet known.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    with ThreadPoolExecutor(1, thread_name_prefix="ffmpeg") as pool:
        try:
            return pool.submit(work).result()
        except BaseException:
            # The pool does not wait for a thread that was interrupted during its start.
            ffmpeg_process.kill_and_wait()
            raise


def _last_lines(stderr: bytes) -> str:
    return "\n".join(stderr.decode(errors="replace").strip().splitlines()[-TAIL_LINES:])


def _confine_arguments(descriptor: str) -> list[str]:
    only = ["-protocol_whitelist", "fd", "-format_whitelist", ",".join(SOUND_DEMUXERS)]
    return [*only, "-vn", "-sn", "-dn", "-fd", descriptor, "-i", "fd:"]


def _insert_descriptors(arguments: Sequence[str], descriptors: Sequence[int]) -> list[str]:
    numbers = {_DESCRIPTOR.format(index): str(each) for index, each in enumerate(descriptors)}
    return [
        _PLACEHOLDER.sub(lambda found: numbers.get(found[0], found[0]), argument)
        if "{" in argument
        else argument
        for argument in arguments
    ]


def _open_file(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise NotFound(f"The file {path} does not exist.", key=str(path)) from error
    except OSError as error:
        raise StoreFailed(f"{path} cannot be read: {error.strerror}.", path=str(path)) from error


def _find_unread_file(stderr: str, arguments: Sequence[str], files: Sequence[Path]) -> Path | None:
    failed = _FAILED_INPUT.search(stderr)
    handles = [arguments[at - 1] for at, argument in enumerate(arguments) if argument == "-i"]
    if failed is None:
        return None
    named = {_DESCRIPTOR.format(index): path for index, path in enumerate(files)}
    return named.get(handles[int(failed[1])])
