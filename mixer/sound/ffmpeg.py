"""The one place that starts FFmpeg.

A command is a list of words, logged as a shell would read it. Its standard input is empty unless
bytes are given, its time is bounded, and it lives in a process group of its own, so that Ctrl-C
reaches Python alone: whatever ends `run`, a timeout, an interrupt or a failure, FFmpeg is gone and
reaped when it returns. Many commands may run at once; a `Children` value passed to all of them
stops them together.

A sound from outside is opened confined (`confine_input`): FFmpeg gets an open file handle
instead of a name, may use no other protocol and only demuxers of sound, so a playlist, a concat
script or a picture that names other files is refused.

The price: standard output and standard error are kept in memory, so large results go to files
that the command names; an own group and inherited file handles need a POSIX system; and when this
process is killed outright (SIGKILL), a running FFmpeg works on to the end of its command.
"""

import contextlib
import functools
import logging
import os
import re
import shlex
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mixer.errors import MixerError, NotFound, OutOfTime, RenderFailed, StoreFailed

logger = logging.getLogger(__name__)

GLOBAL_OPTIONS = ("-hide_banner", "-nostdin", "-nostats", "-y")
"""The same for all commands: no banner, no keys, no progress; an output's name is ours to take."""

VERSION_TIMEOUT_S = 30.0

TAIL_LINES = 8
"""Of standard error in a failure's message; FFmpeg's reason is in its last few lines."""

SOUND_DEMUXERS = (
    *("aac", "ac3", "aiff", "amr", "ape", "asf", "au", "caf", "eac3", "flac", "loas", "matroska"),
    *("mov", "mp3", "mpegts", "mpc", "mpc8", "ogg", "tak", "tta", "voc", "w64", "wav", "wv"),
    *("f32le", "s16le", "s24le", "s32le"),
)
"""Containers and raw samples that hold their own sound; none that only names other files."""

_DESCRIPTOR = "{{descriptor {}}}"
"""Stands for the number of a file handle until `run` has opened the file."""

_FAILED_INPUT = re.compile(r"\[in#(\d+) @ \w+\] Error opening input")
_NO_SPACE = b"No space left on device"


@dataclass(frozen=True, slots=True)
class CommandOutput:
    """What a finished command left: its standard output, and standard error."""

    stdout: bytes
    stderr: str


class ProcessGroup:
    """The FFmpeg processes of one job, to be stopped at once. Safe from threads and signals.

    Passed to every `run` of the job. After `stop`, running commands end with OutOfTime and new
    ones do not start.
    """

    def __init__(self) -> None:
        self._running: set[_FfmpegProcess] = set()
        self._lock = threading.RLock()  # a signal handler may interrupt the thread that holds it
        self._stopped = False

    @property
    def is_stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    def stop(self) -> None:
        """Kill every running child; those who wait for one meet OutOfTime. Safe to call twice."""
        with self._lock:
            self._stopped = True
            for child in self._running:
                child.stop()

    @contextlib.contextmanager
    def _track(self, process: "_FfmpegProcess") -> Iterator[None]:
        """Let `stop` reach a child while it is being run."""
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
    """Input arguments that open one unknown sound and let FFmpeg open nothing else.

    They go where `-i NAME` would go, after the input's own options; each input needs its own.
    The file is the one of that index in the `files` of `run`, opened again for each index: inputs
    must not share one, since they would share its position. Files that need seeking (MP4 with its
    index at the end) work. Pictures, subtitles and attachments in the file are not read.

    Args:
        index: of the file in `files`.
    """
    return _confine_arguments(_DESCRIPTOR.format(index))


def confine_stdin() -> list[str]:
    """Like `confine_input`, for a sound handed in as `stdin`; a pipe, so it cannot be sought."""
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
        arguments: everything after the program's name, without GLOBAL_OPTIONS.
        timeout_s: after so many seconds the command is killed.
        stdin: what it reads on standard input; nothing when None.
        files: sounds for `confine_input`, in the order of its index.
        cwd: the folder that file names in the arguments are relative to.
        processes: the job whose `stop` also stops this command.

    Raises:
        RenderFailed: FFmpeg stopped with an error; the message names the one of `files` that it
            could not read, or ends with its last lines.
        StoreFailed: the disk is full, or one of `files` may not be read.
        OutOfTime: it ran longer than `timeout_s`, or the job was stopped.
        NotFound: one of `files` is not there.
        MixerError: FFmpeg is missing.
    """
    with contextlib.ExitStack() as stack:
        descriptors = [stack.enter_context(_open_file(path)).fileno() for path in files]
        command = [binary_path(), *GLOBAL_OPTIONS, *_insert_descriptors(arguments, descriptors)]
        logger.debug("%s", shlex.join(command))
        child = _FfmpegProcess(command, descriptors, cwd)
        stack.enter_context((processes or ProcessGroup())._track(child))
        try:
            return _run_uninterrupted(child, stdin, timeout_s)
        except RenderFailed as error:
            if (unread := _find_unread_file(str(error), arguments, files)) is None:
                raise
            raise RenderFailed(f"FFmpeg cannot read {unread}.", key=str(unread)) from error


@functools.cache
def binary_path() -> str:
    """The path of FFmpeg, looked up once.

    Raises:
        MixerError: imageio-ffmpeg brings none for this platform.
    """
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise MixerError(
            "FFmpeg was not found: install imageio-ffmpeg, or name a binary in IMAGEIO_FFMPEG_EXE."
        ) from error


@functools.cache
def version() -> str:
    """Which FFmpeg this is; another one may encode the same mix into other bytes."""
    output = run(["-version"], timeout_s=VERSION_TIMEOUT_S).stdout
    return output.split(b"\n", 1)[0].decode(errors="replace").strip()


class _FfmpegProcess:
    """One FFmpeg process, from before its start until it is reaped."""

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
        """Kill it, and wait until it is gone."""
        self.stop()
        if self._process is not None:
            self._process.wait()

    def run(self, stdin: bytes | None, timeout_s: float) -> CommandOutput:
        """Start it, wait for it, and judge how it ended; it has ended in any case."""
        with self._start(stdin) as process:
            try:
                stdout, stderr = process.communicate(stdin, timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
                tail = _last_lines(process.communicate()[1])
                raise OutOfTime(f"FFmpeg did not finish within {timeout_s:g} s: {tail}") from None
        if process.returncode == 0:
            return CommandOutput(stdout, stderr.decode(errors="replace"))
        if self._stopped:
            raise OutOfTime("FFmpeg was stopped with its process group.")
        if _NO_SPACE in stderr or process.returncode == -signal.SIGXFSZ:
            raise StoreFailed(f"FFmpeg cannot write {self._command[-1]}: the disk is full.")
        if process.returncode < 0:
            name = signal.Signals(-process.returncode).name
            raise RenderFailed(f"FFmpeg was killed by {name}, probably because memory ran out.")
        raise RenderFailed(
            f"FFmpeg failed with exit status {process.returncode}: {_last_lines(stderr)}"
        )

    @contextlib.contextmanager
    def _start(self, stdin: bytes | None) -> Iterator[subprocess.Popen[bytes]]:
        with self._lock:
            if self._stopped:
                raise OutOfTime("FFmpeg was not started: its process group was stopped.")
            with _batch_scheduling():
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    cwd=self._cwd,
                    pass_fds=self._descriptors,
                    process_group=0,
                )
        with self._process as process:
            try:
                yield process
            finally:
                process.kill()


@contextlib.contextmanager
def _batch_scheduling() -> Iterator[None]:
    """Let a process that this thread starts inherit Linux's policy for background work.

    FFmpeg's threads hand small frames to each other; a woken one then no longer interrupts the one
    that woke it (measured: 40 % less system time, 8 % less wall time for a mix).
    """
    if not hasattr(os, "SCHED_BATCH") or os.sched_getscheduler(0) != os.SCHED_OTHER:
        yield  # another system, or another policy was chosen
        return
    with contextlib.suppress(OSError):  # not allowed here
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _run_uninterrupted(
    ffmpeg_process: _FfmpegProcess, stdin: bytes | None, timeout_s: float
) -> CommandOutput:
    """Run a child where no KeyboardInterrupt can strike: outside the main thread.

    Python raises it there at any point, even inside Popen, when the process is already running
    and its id is not yet known.
    """
    if threading.current_thread() is not threading.main_thread():
        return ffmpeg_process.run(stdin, timeout_s)
    with ThreadPoolExecutor(1, thread_name_prefix="ffmpeg") as pool:
        try:
            return pool.submit(ffmpeg_process.run, stdin, timeout_s).result()
        except BaseException:
            # The pool does not wait for a thread that was interrupted as it started.
            ffmpeg_process.kill_and_wait()
            raise


def _last_lines(stderr: bytes) -> str:
    """The last lines of standard error."""
    return "\n".join(stderr.decode(errors="replace").strip().splitlines()[-TAIL_LINES:])


def _confine_arguments(descriptor: str) -> list[str]:
    only = ["-protocol_whitelist", "fd", "-format_whitelist", ",".join(SOUND_DEMUXERS)]
    return [*only, "-vn", "-sn", "-dn", "-fd", descriptor, "-i", "fd:"]


def _insert_descriptors(arguments: Sequence[str], descriptors: Sequence[int]) -> list[str]:
    """Put the numbers of the open files where `confine_input` left their places."""
    numbers = {_DESCRIPTOR.format(index): str(each) for index, each in enumerate(descriptors)}
    return [numbers.get(argument, argument) for argument in arguments]


def _open_file(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise NotFound(f"The file {path} does not exist.", key=str(path)) from error
    except OSError as error:
        raise StoreFailed(f"{path} cannot be read: {error.strerror}.", path=str(path)) from error


def _find_unread_file(stderr: str, arguments: Sequence[str], files: Sequence[Path]) -> Path | None:
    """The one of `files` that FFmpeg gave up on, by the number of its input."""
    failed = _FAILED_INPUT.search(stderr)
    handles = [arguments[at - 1] for at, argument in enumerate(arguments) if argument == "-i"]
    if failed is None:
        return None
    named = {_DESCRIPTOR.format(index): path for index, path in enumerate(files)}
    return named.get(handles[int(failed[1])])
