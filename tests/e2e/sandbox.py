"""Functions in the image, as Lambda runs them: read-only root, a small /tmp, no rights.

A process answers one event at a time. More events at once get more processes, up to a bound;
processes stay warm between events, as in Lambda.
"""

import functools
import json
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.containers import Containers, ImageRoot
from tests.emulators.runtime_api import (
    Function,
    FunctionError,
    RuntimeApi,
    end_process,
    lambda_environ,
)

MOST_AT_ONCE = 4
"""Processes of one function."""

MB = 1_048_576


@dataclass(frozen=True, slots=True)
class WarmProcess:
    """A process that waits for events."""

    function: Function
    log: Path

    def invoke(self, event: Any, timeout_s: float) -> dict[str, Any]:
        """The answer as the emulator wants it, with what was logged meanwhile."""
        before = self.log.stat().st_size
        try:
            answer = {"body": self.function.invoke(event, timeout_s)}
        except FunctionError as error:
            told = {"errorMessage": str(error), "errorType": "Runtime.ExitError"}
            answer = {"body": told, "error": True}
        with self.log.open("rb") as log:
            log.seek(before)
            return {**answer, "log": log.read().decode(errors="replace")}


@dataclass(slots=True)
class _ProcessPool:
    """The processes of one version of one function."""

    waiting: "queue.SimpleQueue[WarmProcess]" = field(default_factory=queue.SimpleQueue)
    started: int = 0


class Sandboxes:
    """All functions.

    Args:
        containers: where images are pulled to.
        logs: a folder for what processes write.
        environ: variables that every function gets in addition to its own: credentials, endpoints.
    """

    def __init__(self, containers: Containers, logs: Path, environ: Mapping[str, str]) -> None:
        self._containers = containers
        self._logs = logs
        self._environ = environ
        self._lock = threading.Lock()
        self._idle: dict[str, _ProcessPool] = {}
        self._all: list[WarmProcess] = []
        self._root: Callable[[str], ImageRoot] = functools.cache(containers.pull_image)

    def invoke(self, config: Mapping[str, Any], event: Any) -> dict[str, Any]:
        """Let a function answer an event.

        Args:
            config: as Lambda's GetFunctionConfiguration shows it.
            event: anything that is JSON.
        """
        idle, warm = self._acquire_process(config)
        try:
            return warm.invoke(event, float(config["Timeout"]))
        finally:
            idle.waiting.put(warm)

    def _acquire_process(self, config: Mapping[str, Any]) -> tuple[_ProcessPool, WarmProcess]:
        key = json.dumps([config["FunctionName"], config["ImageUri"], config["Environment"]])
        with self._lock:
            idle = self._idle.setdefault(key, _ProcessPool())
            if idle.waiting.empty() and idle.started < MOST_AT_ONCE:
                idle.started += 1
                return idle, self._start_process(config, idle.started)
        return idle, idle.waiting.get()

    def _start_process(self, config: Mapping[str, Any], number: int) -> WarmProcess:
        root = self._root(config["ImageUri"])
        log = self._logs / f"{config['FunctionName']}-{number}.log"
        (handler,) = config["ImageConfigResponse"]["ImageConfig"]["Command"]
        api = RuntimeApi()
        environ = {
            **dict(each.partition("=")[::2] for each in root.config.get("Env", [])),
            **lambda_environ(handler, api.address),
            **self._environ,
            "AWS_LAMBDA_FUNCTION_NAME": config["FunctionName"],
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config["MemorySize"]),
            "LAMBDA_TASK_ROOT": root.config["WorkingDir"],
            **config["Environment"]["Variables"],
        }
        tmp_mb = int(config["EphemeralStorage"]["Size"])
        with log.open("ab") as written:
            process = subprocess.Popen(
                [
                    *build_sandbox_command(root, tmp_mb, environ),
                    *root.config["Entrypoint"],
                    handler,
                ],
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
            )
        warm = WarmProcess(Function(process, api), log)
        self._all.append(warm)
        return warm

    def close(self) -> None:
        """End every process."""
        for warm in self._all:
            end_process(warm.function.process)
            warm.function.api.close()


def build_sandbox_command(root: ImageRoot, tmp_mb: int, environ: Mapping[str, str]) -> list[str]:
    """A command's beginning: in an image, and able to write to /tmp alone.

    Not `--die-with-parent`: it ends the function with the thread that started it.
    """
    user, _, group = root.config["User"].partition(":")
    variables = [word for key in environ for word in ("--setenv", key, environ[key])]
    return [
        "bwrap",
        "--ro-bind", str(root.path), "/",
        "--proc", "/proc",
        "--dev", "/dev",
        "--size", str(tmp_mb * MB), "--tmpfs", "/tmp",  # noqa: S108 - the function's own
        "--unshare-user", "--uid", user, "--gid", group or user,
        "--unshare-pid",
        "--unshare-ipc",
        "--cap-drop", "ALL",
        "--clearenv",
        *variables,
        "--chdir", root.config["WorkingDir"],
    ]  # fmt: skip
