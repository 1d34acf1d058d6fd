"""Runs a command: errors become one sentence on stderr and an exit code.

0 success, 2 wrong use, 1 any other error, 130 interrupted. After Ctrl-C, threads that wait for a
server get a moment to store its answer; then the process ends without them.
"""

import errno
import io
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import click
from click.exceptions import NoArgsIsHelpError

from mixer.errors import BadOption, MixerError, UnknownVoice

FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130
"""Exit code of a program that Ctrl-C ended, as shells report it: 128 + SIGINT."""

THREAD_GRACE_S = 1.2
"""For threads to store answers under way; an interrupt takes two seconds in all."""

END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals by which a person, a system and a closed terminal end a program."""

STREAM_ERRORS = frozenset({errno.ENOSPC, errno.EPIPE, errno.EBADF, errno.EIO, errno.EDQUOT})
"""How a write to a full, closed or lost standard output fails."""

CONTROLS = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160))}
"""What a terminal obeys instead of showing it, and a quoted name may contain."""

CLICK_WORDINGS = (
    (r"^Invalid value for '(.+?)': ", r"\1: "),
    (r"(?<= is not )a valid integer(?: range)?", "a whole number"),
    (r"(?<= is not )a valid float(?: range)?", "a number"),
    (r"(?<= is not )a valid boolean\. .*", "yes or no"),
    (r"is not in the range (\S+)<=x<=(\S+)\.$", r"is not from \1 to \2."),
    (r"is not in the range x>=(\S+)\.$", r"is not at least \1."),
    (r"(?<!\w)'(--?\w[\w-]*)'", r"\1"),
    (r"(?<= is not one of )'.+", lambda found: found[0].replace("'", "")),
    (r"(?<!\w)'(.+?)'(?!\w)", r"“\1”"),
)
"""Click's wordings, and ours in their place."""

TRACEBACK = "MIXER_TRACEBACK"
"""Environment variable: if set, unexpected errors show a traceback."""


def run_command(command: Callable[[], object]) -> int:
    """Run a command; any error is printed as one sentence."""
    _replace_closed_streams()
    _escape_unencodable()
    with _handle_signals():
        try:
            result = command()
        except (click.Abort, KeyboardInterrupt):
            code = _print_error("interrupted; finished work is kept.", INTERRUPTED)
            _exit_if_stuck()
            _clear_interrupt()
            return code
        except Exception as error:  # noqa: BLE001 - users get a sentence, not a traceback
            return _report_failure(error)
        return result if isinstance(result, int) else 0


def _report_failure(error: Exception) -> int:
    """Print an error; returns its exit code."""
    if isinstance(error, NoArgsIsHelpError):
        error.show()
        return WRONG_USE
    if isinstance(error, click.ClickException):
        return _print_error(_format_usage_error(error), error.exit_code)
    if isinstance(error, MixerError):
        is_wrong_use = isinstance(error, BadOption | UnknownVoice)
        return _print_error(describe_error(error), WRONG_USE if is_wrong_use else FAILED)
    if isinstance(error, OSError) and error.filename is None and error.errno in STREAM_ERRORS:
        _discard_output()
        return _print_error(f"standard output cannot be written: {error.strerror}.", FAILED)
    if os.environ.get(TRACEBACK):
        raise error
    if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
        return _print_error("too many files are open; raise the limit (ulimit -n).", FAILED)
    return _print_error(
        f"unexpected error: {type(error).__name__}: {error} ({TRACEBACK}=1 shows where).",
        FAILED,
    )


def _discard_output() -> None:
    """Send what standard output still holds nowhere, or Python would fail again at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def describe_error(error: MixerError) -> str:
    """An error's sentence, with its option as it is typed: `--rate`, not `rate`."""
    name, colon, reason = str(error).partition(": ")
    if isinstance(error, BadOption | UnknownVoice) and colon and name.isidentifier():
        return f"--{name.replace('_', '-')}: {reason}"
    return str(error)


def escape_controls(sentence: str) -> str:
    """Escape control characters, which a terminal would obey."""
    return " ".join(sentence.split()).translate(CONTROLS)


def _print_error(sentence: str, code: int) -> int:
    click.echo(f"mixer: {escape_controls(sentence)}", err=True)
    return code


def _format_usage_error(error: click.ClickException) -> str:
    sentence = error.format_message()
    for wording, replacement in CLICK_WORDINGS:
        sentence = re.sub(wording, replacement, sentence)
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        return sentence
    return f"{sentence.rstrip('.')} (see {context.command_path} --help)."


@contextmanager
def _handle_signals() -> Iterator[None]:
    """Treat the first of all end signals like Ctrl-C, and ignore further ones until the end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    active = [number for number in END_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, _raise_interrupt) for number in active}
    try:
        yield
    finally:
        for number, handler in previous.items():
            if signal.getsignal(number) is _raise_interrupt:
                signal.signal(number, handler)


def _raise_interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in END_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _clear_interrupt() -> None:
    """Make CPython forget an interrupt, for which it would end the process by SIGINT.

    It notes one that leaves a run of source code, such as an import, and forgets it at the start of
    the next run (`run_eval_code_obj` in Python/pythonrun.c); so an empty one is run.
    """
    exec("")  # noqa: S102 - an empty source


def _exit_if_stuck() -> None:
    """End the process while threads are left that nothing else can stop."""
    deadline_s = time.monotonic() + THREAD_GRACE_S
    current = threading.current_thread()
    others = [each for each in threading.enumerate() if not each.daemon and each is not current]
    for thread in others:
        thread.join(max(0.0, deadline_s - time.monotonic()))
    if any(thread.is_alive() for thread in others):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(INTERRUPTED)


def _replace_closed_streams() -> None:
    """Print nowhere what has nowhere to go, and give no other file the number of a stream."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free number
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _escape_unencodable() -> None:
    """Print escapes for characters that a terminal's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
