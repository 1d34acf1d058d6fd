"""Starts the emulator with tasks that are carried out by another process, told over HTTP.

Runs in the emulator's own environment; TASKS_URL says where the tasks are.
"""

import json
import os
import urllib.request
from typing import Any

from ministack.app import main
from ministack.services import stepfunctions

TASK_S = 900


def call_function(function: str, event: Any) -> Any:
    """What a function answers; an error keeps its class, as it would from Lambda."""
    name = function.rpartition(":function:")[2].partition(":")[0]
    request = urllib.request.Request(  # noqa: S310 - our own process on this machine
        f"{os.environ['TASKS_URL']}/{name}", json.dumps(event).encode()
    )
    with urllib.request.urlopen(request, timeout=TASK_S) as answer:  # noqa: S310
        told = json.load(answer)
    if told["error"]:
        raise stepfunctions._ExecutionError(told["answer"]["errorType"], json.dumps(told["answer"]))
    return told["answer"]


if __name__ == "__main__":
    stepfunctions._call_lambda = call_function
    stepfunctions._resolve_lambda_function_ref = lambda ref, **_: ref
    main()
