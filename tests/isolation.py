"""Processes that calls of `mixer.isolation` have; other tests leave some of their own."""

from contextlib import suppress

import psutil


def list_isolated_processes() -> list[int]:
    found = []
    for each in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if any("mixer.isolation" in argument for argument in each.cmdline()):
                found.append(each.pid)
    return found
