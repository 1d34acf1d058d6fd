"""The only place that starts FFmpeg.

Commands are argument lists. Input is empty unless given, time is bounded, and each process has its
own group, so Ctrl-C reaches Python alone: FFmpeg is gone and reaped whenever `run` returns. Sounds
from outside are opened confined (`confine_input`): by file descriptor, without other protocols and
with demuxers of sound only, so a playlist, concat script or picture that names files is refused.

Limits: output is kept in memory, so large results go to files; POSIX only; after SIGKILL of this
process, a running FFmpeg finishes its command.
"""

import contextlib
import functools
import logging
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO

from mixer.errors import MixerError, NotFound, RenderFailed, StoreFailed
from mixer.sound.ffmpeg.process import (
    CommandOutput,
    FfmpegProcess,
    ProcessGroup,
    run_uninterrupted,
)

__all__ = [
    "GLOBAL_OPTIONS",
    "CommandOutput",
    "ProcessGroup",
    "binary_path",
    "confine_input",
    "confine_source",
    "confine_stdin",
    "is_damaged",
    "is_mostly_undecodable",
    "open_pipe",
    "raw_source",
    "run",
    "select_probe_bytes",
    "stream",
    "version",
]

logger = logging.getLogger(__name__)

GLOBAL_OPTIONS = ("-hide_banner", "-nostdin", "-nostats", "-y")
"""No banner, keyboard or progress; outputs may be overwritten."""

VERSION_TIMEOUT_S = 30.0

SOUND_DEMUXERS = (
    *("aac", "ac3", "aiff", "amr", "ape", "asf", "au", "caf", "eac3", "flac", "loas", "matroska"),
    *("mov", "mp3", "mpegts", "mpc", "mpc8", "ogg", "tak", "tta", "voc", "w64", "wav", "wv"),
    *("f32le", "s16le", "s24le", "s32le"),
)
"""Containers and raw samples that hold their own sound; none that refers to other files."""

SELF_CONTAINED = ("aac", "flac", "mp3", "ogg", "wav")
"""Of these, the ones whose format cannot even express a reference to another file."""

WAV_PROBE_BYTES = 32_768
"""The head of a WAV file states its parameters; FFmpeg would still decode five seconds of it, each
of the three times that it opens it (measured: half of the work of measuring a recording).
"""

_RIFF = b"RIFF"

_DAMAGE = re.compile(r"(?i)invalid data|header missing|error submitting|corrupt|truncat|partial")

_DESCRIPTOR = "{{descriptor {}}}"
"""Placeholder for the file descriptor that `run` opens."""

_OPENED = "/proc/self/fd/{}"

_PLACEHOLDER = re.compile(r"\{descriptor \d+\}")

_FAILED_INPUT = re.compile(r"\[in#(\d+) @ \w+\] Error opening input")


def confine_input(index: int) -> list[str]:
    """Build input arguments that open one untrusted sound and nothing else.

    They replace `-i NAME`, after the input's own options. `index` counts `files` of `run`; inputs
    need separate ones, since they would share a position. Seeking works. Pictures, subtitles and
    attachments are not read.
    """
    return _confine_arguments(_DESCRIPTOR.format(index))


def confine_source(index: int, probe_bytes: int = 0) -> str:
    """Build a filter that is the sound of one file of `run`, confined to SELF_CONTAINED demuxers.

    `probe_bytes` of the sound are decoded to learn its parameters; FFmpeg's default if 0.

    It decodes in the filters' thread, and fails at a damaged frame and without Linux's /proc:
    FFmpeg prepares a graph twice, so the file has to be opened twice.
    """
    options = ["protocol_whitelist=file", "format_whitelist=" + "\\,".join(SELF_CONTAINED)]
    options += [f"probesize={probe_bytes}"] if probe_bytes else []
    return _build_source(_OPENED.format(_DESCRIPTOR.format(index)), options)


def raw_source(index: int, begin_byte: int, end_byte: int, rate_hz: int) -> str:
    """Build a filter that is a range of one file of `run`, of our own raw 16-bit stereo."""
    url = f"subfile,,start,{begin_byte},end,{end_byte},,:"
    path = url.replace(",", "\\,").replace(":", "\\\\:") + _OPENED.format(_DESCRIPTOR.format(index))
    options = [f"sample_rate={rate_hz}", "ch_layout=stereo"]
    return f"{_build_source(path, options)}:format_name=s16le"


def _build_source(path: str, options: Sequence[str]) -> str:
    opened = "\\\\:".join(options)
    return f"amovie=filename={path}:streams=a\\\\:0:dec_threads=1:format_opts={opened}"


def select_probe_bytes(path: Path) -> int:
    """How much of a sound FFmpeg need decode to learn its parameters; 0 for its default."""
    with (
        contextlib.suppress(OSError),
        path.open("rb") as file,
    ):  # FFmpeg names what cannot be opened
        if file.read(len(_RIFF)) == _RIFF:
            return WAV_PROBE_BYTES
    return 0


def is_damaged(log: str) -> bool:
    """Whether FFmpeg's log reports a damaged file."""
    return _DAMAGE.search(log) is not None


def is_mostly_undecodable(message: str) -> bool:
    """Whether an error is that more than two thirds of a file's packets cannot be decoded.

    FFmpeg's option `max_error_rate` has this default.
    """
    return "Decode error rate" in message


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
        return run_uninterrupted(child, lambda: child.run(stdin, timeout_s))


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
        return run_uninterrupted(child, lambda: child.stream(read, timeout_s)).stderr


@contextlib.contextmanager
def _open_process(
    arguments: Sequence[str],
    files: Sequence[Path],
    cwd: Path | None,
    processes: ProcessGroup | None,
) -> Iterator[FfmpegProcess]:
    """Prepare a command with its open files; an error that concerns one of them names it."""
    with contextlib.ExitStack() as stack:
        descriptors = [stack.enter_context(_open_file(path)).fileno() for path in files]
        command = [binary_path(), *GLOBAL_OPTIONS, *_insert_descriptors(arguments, descriptors)]
        logger.debug("%s", shlex.join(command))
        child = FfmpegProcess(command, descriptors, cwd)
        stack.enter_context((processes or ProcessGroup()).track(child))
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
    child = FfmpegProcess([binary_path(), *GLOBAL_OPTIONS, *arguments], (), None)
    with processes.track(child), child.start(b"") as process:
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
