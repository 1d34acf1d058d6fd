"""How a command ends: its exit code, and one sentence on stderr when it did not go well.

0 done, 2 wrong use, 1 anything else, 130 interrupted. Threads that still wait for a distant answer
get a moment to store it; then the process ends without them, since Ctrl-C means now.
"""

import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click
from click.exceptions import NoArgsIsHelpError

from mixer.errors import BadOption, MixerError, UnknownVoice

FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130
"""What a shell reports for a program that Ctrl-C ended: 128 + SIGINT."""

THREAD_GRACE_S = 1.2
"""For threads to store what they were about to get; an interrupt has two seconds in all."""

END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""How a person, a system and a closed terminal ask a program to end."""

TRACEBACK = "MIXER_TRACEBACK"
"""Environment variable: set it to see where an unforeseen error came from."""


def run_command(command: Callable[[], object]) -> int:
    """Run a command; whatever goes wrong is said in one sentence."""
    _escape_unencodable()
    with _handle_signals():
        try:
            result = command()
        except (click.Abort, KeyboardInterrupt):
            code = _print_error("interrupted; what was finished is kept.", INTERRUPTED)
            _exit_if_stuck()
            exec("")  # noqa: S102 - else CPython, interrupted in an import, ends as if by a signal
            return code
        except Exception as error:  # noqa: BLE001 - a person gets a sentence, not a trace
            return _report_failure(error)
        return result if isinstance(result, int) else 0


def _report_failure(error: Exception) -> int:
    """Say what went wrong; the exit code for it."""
    if isinstance(error, NoArgsIsHelpError):
        error.show()
        return WRONG_USE
    if isinstance(error, click.ClickException):
        return _print_error(_format_usage_error(error), error.exit_code)
    if isinstance(error, MixerError):
        is_wrong_use = isinstance(error, BadOption | UnknownVoice)
        return _print_error(describe_error(error), WRONG_USE if is_wrong_use else FAILED)
    if os.environ.get(TRACEBACK):
        raise error
    return _print_error(
        f"something unforeseen went wrong: {type(error).__name__}: {error} "
        f"({TRACEBACK}=1 shows where).",
        FAILED,
    )


def describe_error(error: MixerError) -> str:
    """An error's sentence, with the option in it named as it is typed: `--rate`, not `rate`."""
    name, colon, rest = str(error).partition(": ")
    if isinstance(error, BadOption) and colon and name.isidentifier():
        return f"--{name.replace('_', '-')}: {rest}"
    return str(error)


def _print_error(sentence: str, code: int) -> int:
    click.echo(f"mixer: {' '.join(sentence.split())}", err=True)
    return code


def _format_usage_error(error: click.ClickException) -> str:
    sentence = error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        return sentence
    return f"{sentence.rstrip('.')} (see {context.command_path} --help)."


@contextmanager
def _handle_signals() -> Iterator[None]:
    """Treat every polite request to end like Ctrl-C, and only the first, up to the very end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heeded = [number for number in END_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _raise_interrupt) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is _raise_interrupt:
                signal.signal(number, handler)


def _raise_interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in END_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _exit_if_stuck() -> None:
    """End the process itself when threads are left that nothing else can stop."""
    until_s = time.monotonic() + THREAD_GRACE_S
    here = threading.current_thread()
    others = [each for each in threading.enumerate() if not each.daemon and each is not here]
    for thread in others:
        thread.join(max(0.0, until_s - time.monotonic()))
    if any(thread.is_alive() for thread in others):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(INTERRUPTED)


def _escape_unencodable() -> None:
    """Let a terminal of an old encoding show what it can, instead of failing on a quote."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
