"""Calls in a process of their own: what they answer, and how each ends that does not."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress

import psutil
import pytest

from mixer.errors import OutOfTime
from mixer.isolation import Call, ProcessStopped, iterate_answer
from tests.isolation import list_isolated_processes

CPU_S, MEMORY_BYTES, LINE_BYTES = 30, 1 << 29, 1 << 20
BUSY_TIMEOUT_S = 60


def build_call(function: str, argument: str = "", **limits: int) -> Call:
    allowed = {"cpu_s": CPU_S, "memory_bytes": MEMORY_BYTES, "line_bytes": LINE_BYTES, **limits}
    return Call("tests.functional.isolation.calls", f"{function} {argument}", **allowed)


@pytest.mark.parametrize("size", [0, 1, 1 << 22])
@pytest.mark.parametrize("argument", ["", ".!\0", "half \ud800"])
def test_a_call_gets_what_it_is_given_and_answers_in_lines(argument, size):
    lines = list(iterate_answer(build_call("repeat", argument), b"\n" * size))
    assert lines == [argument.encode("utf-8", "surrogatepass"), str(size).encode()]


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (build_call("print_words", "words"), [b"answer"]),
        (build_call("write_long_line", str(LINE_BYTES)), [b"x" * LINE_BYTES]),
        (build_call("take_memory", str(MEMORY_BYTES // 4)), [str(MEMORY_BYTES // 4).encode()]),
    ],
)
def test_what_a_call_prints_or_takes_within_its_limits_changes_nothing(call, answer):
    assert list(iterate_answer(call)) == answer


@pytest.mark.parametrize(
    ("call", "was_slow"),
    [
        (build_call("crash", "SIGABRT"), False),
        (build_call("crash", "SIGKILL"), False),
        (build_call("read_nothing"), False),
        (build_call("fail", "a text"), False),
        (build_call("take_memory", str(2 * MEMORY_BYTES)), False),
        (build_call("write_long_line", str(2 * LINE_BYTES)), False),
        (build_call("loop", cpu_s=1), True),
    ],
    ids=lambda value: value.argument if isinstance(value, Call) else "",
)
def test_a_call_that_fails_crashes_or_meets_a_limit_is_reported(call, was_slow):
    with pytest.raises(ProcessStopped) as stopped:
        list(iterate_answer(call))
    assert stopped.value.was_slow is was_slow
    assert not list_isolated_processes()


def test_a_fault_is_logged_by_its_place_without_what_it_quotes(caplog):
    with pytest.raises(ProcessStopped):
        list(iterate_answer(build_call("fail", "a secret text")))
    assert "KeyError" in caplog.text
    assert "calls.py" in caplog.text
    assert "secret" not in caplog.text


def test_a_call_has_no_secrets_and_leaves_no_file(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    names = set(iterate_answer(build_call("list_environment")))
    assert names <= {b"LD_LIBRARY_PATH", b"PATH", b"PYTHONHOME", b"LC_CTYPE"}
    path = tmp_path / "left.txt"
    assert list(iterate_answer(build_call("write_file", str(path)))) == [b"File too large"]
    assert not path.exists() or not path.read_bytes()


def expire_after(looks: int) -> Callable[[], None]:
    """A time that is over after so many looks at it."""
    left = iter(range(looks))

    def check_time() -> None:
        if next(left, None) is None:
            raise OutOfTime("The time is over.")

    return check_time


def test_a_call_ends_when_its_time_has_passed():
    with pytest.raises(OutOfTime):
        list(iterate_answer(build_call("sleep"), check_time=expire_after(5)))
    assert not list_isolated_processes()


def test_a_call_ends_when_its_answer_is_no_longer_wanted():
    with closing(iterate_answer(build_call("sleep"))) as lines:
        process = psutil.Process(int(next(lines)))
    assert not process.is_running()


CALLER = """
import sys
from mixer.isolation import iterate_answer
from tests.functional.isolation.test_isolation import build_call
for line in iterate_answer(build_call("sleep")):
    print(line.decode(), flush=True)
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_call_ends_with_the_process_that_waits_for_it(end):
    with subprocess.Popen(
        [sys.executable, "-c", CALLER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as caller:
        called = psutil.Process(int(caller.stdout.readline()))
        caller.send_signal(end)
        caller.wait(BUSY_TIMEOUT_S)
        with suppress(psutil.NoSuchProcess):
            called.wait(BUSY_TIMEOUT_S)
    assert not called.is_running()


def test_no_more_calls_run_at_once_than_there_are_cores():
    cores = os.cpu_count() or 1
    started, release = threading.Semaphore(0), threading.Event()

    def hold() -> None:
        with closing(iterate_answer(build_call("sleep"))) as lines:
            next(lines)
            started.release()
            release.wait(BUSY_TIMEOUT_S)

    threads = [threading.Thread(target=hold) for _ in range(cores)]
    for each in threads:
        each.start()
    try:
        assert all(started.acquire(timeout=BUSY_TIMEOUT_S) for _ in threads)
        with pytest.raises(OutOfTime):
            list(iterate_answer(build_call("repeat"), check_time=expire_after(3)))
    finally:
        release.set()
        for each in threads:
            each.join()
    assert list(iterate_answer(build_call("repeat")))
