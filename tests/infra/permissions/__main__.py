"""Prints the table of roles, calls, denials and unused statements; fails if anything is wrong."""

import contextlib
import io
import json
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.infra.cloudformation import as_list
from tests.infra.permissions.deployment import ACCOUNT, ExampleDeployment
from tests.infra.permissions.recorder import Request
from tests.infra.permissions.scenes import record_scenes
from tests.infra.permissions.service_calls import list_forbidden, list_service_calls, to_json

HERE = Path(__file__).parent
UNUSED = tomllib.loads((HERE / "unused.toml").read_text(encoding="utf-8"))["unused"]


@dataclass
class Verdicts:
    """What the evaluator decided: which statements each request used, and what went wrong."""

    used: dict[tuple[str, str], list[Request]] = field(default_factory=lambda: defaultdict(list))
    problems: list[str] = field(default_factory=list)
    allowed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    denied: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def list_statements(deployment: ExampleDeployment) -> dict[str, list[dict[str, Any]]]:
    """The statements of each role, each with its id: policy and Sid."""
    return {
        role.name: [
            {"id": f"{policy}/{statement['Sid']}", "statement": statement}
            for policy, statements in role.policies.items()
            for statement in statements
        ]
        for role in deployment.list_roles()
    }


def evaluate(roles: object, requests: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Let the evaluator decide; NODE_PATH leads to its packages."""
    done = subprocess.run(
        ["node", str(HERE / "evaluate.cjs")],
        input=json.dumps({"roles": roles, "requests": requests, "account": ACCOUNT}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"permissions: the evaluator failed. {done.stderr}")
    decisions: list[dict[str, Any]] = json.loads(done.stdout)
    return decisions


def judge(roles: object, wanted: Sequence[Request], forbidden: Sequence[Request]) -> Verdicts:
    """Judge every request, and what must stay denied."""
    found = Verdicts()
    decisions = evaluate(roles, [to_json(each) for each in (*wanted, *forbidden)])
    for request, decision in zip((*wanted, *forbidden), decisions, strict=True):
        is_expected = (decision["result"] == "Allowed") != (request.source == "must stay denied")
        count = found.allowed if decision["result"] == "Allowed" else found.denied
        if request.source != "must stay denied":
            count[request.role] += 1
        if not is_expected:
            asked = f"{request.role}: {request.action} on {request.resource}"
            found.problems.append(
                f"{asked}: {decision['result']} {decision['why']} ({request.source})"
            )
        for statement in decision["used"]:
            found.used[request.role, statement].append(request)
    return found


def find_unnoticed(
    roles: dict[str, list[dict[str, Any]]], found: Verdicts, forbidden: Iterable[Request]
) -> tuple[int, list[str]]:
    """Remove each statement that is not listed as unused, and find removals that nobody notices.

    Of a statement that allows, a request must then be denied; of one that denies, allowed.
    """
    trials: list[tuple[str, str, Request]] = []
    must_fail = {request.identity for request in forbidden}
    for role, statements in roles.items():
        for each in statements:
            if f"{role}.{each['id']}" not in UNUSED:
                users = found.used.get((role, each["id"]), [])
                trials += [(role, each["id"], request) for request in users]
    decisions = evaluate(roles, [to_json(request, without) for _, without, request in trials])
    noticed = set()
    for (role, statement, request), decision in zip(trials, decisions, strict=True):
        if (decision["result"] == "Allowed") == (request.identity in must_fail):
            noticed.add((role, statement))
    tried = {(role, statement) for role, statement, _ in trials}
    return len(tried), [f"{role}.{statement}" for role, statement in sorted(tried - noticed)]


def list_unused_actions(roles: dict[str, list[dict[str, Any]]], found: Verdicts) -> list[str]:
    """The actions of each statement that allows, of which no request was seen."""
    unused = []
    for role, statements in roles.items():
        for each in statements:
            users = found.used.get((role, each["id"]), [])
            seen = {request.action.lower() for request in users}
            actions = as_list(each["statement"]["Action"])
            unused += [
                f"{role}.{each['id']}.{action}"
                for action in actions
                if action.lower() not in seen and each["statement"]["Effect"] == "Allow"
            ]
    return unused


def print_table(
    roles: dict[str, list[dict[str, Any]]], found: Verdicts, calls: dict[str, int]
) -> None:
    """Print a row for each role."""
    row = "{:36} {:>7} {:>9} {:>8} {:>7} {:>11} {:>7}\n"
    write = sys.stdout.write
    write(row.format("role", "calls", "distinct", "allowed", "denied", "statements", "unused"))
    for role in sorted(roles):
        allowed, denied = found.allowed[role], found.denied[role]
        unused = sum(not found.used.get((role, each["id"])) for each in roles[role])
        counts = (calls.get(role, 0), allowed + denied, allowed, denied, len(roles[role]), unused)
        write(row.format(role, *counts))


def main() -> int:
    """Record, decide, print; 1 if something is denied, unused or unnoticed."""
    deployment = ExampleDeployment()
    with contextlib.redirect_stdout(io.StringIO()):
        recorder = record_scenes()
    for request in list_service_calls(deployment):
        recorder.add(request)
    wanted, forbidden = list(recorder.requests.values()), list(list_forbidden(deployment))
    roles = list_statements(deployment)
    found = judge(roles, wanted, forbidden)
    print_table(roles, found, recorder.calls)
    problems = found.problems
    everything = {f"{role}.{each['id']}" for role in roles for each in roles[role]}
    used = {f"{role}.{statement}" for (role, statement), users in found.used.items() if users}
    idle = set(list_unused_actions(roles, found)) | (everything - used)
    problems += [f"{each}: no call uses it" for each in sorted(idle - set(UNUSED))]
    problems += [f"{each}: unused.toml names what is used or gone" for each in set(UNUSED) - idle]
    tried, unnoticed = find_unnoticed(roles, found, forbidden)
    problems += [f"{each}: nobody notices its removal" for each in unnoticed]
    sys.stdout.write("".join(f"{each}\n" for each in problems))
    sys.stdout.write(
        f"{len(wanted)} requests, {sum(found.denied.values())} denied; {len(forbidden)} that must "
        f"stay denied; {tried} statements removed one by one, {len(unnoticed)} unnoticed; "
        f"{len(UNUSED)} unused with a reason\n"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
