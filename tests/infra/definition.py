"""The state machine's definition as interpreters and linters want it: with names filled in.

`python -m tests.infra.definition` prints it, for the linter; with `write` it copies the file into
the template, one state per line.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "IaC" / "story.asl.json"
ACCOUNT, REGION = "123456789012", "eu-central-1"
NAMES = ("SpeechTask", "MixTask", "EndTask")

TEMPLATE = FILE.with_name("StoryStack.yml")
CONCURRENCY = "${RenderConcurrency}"
"""What the template has where the file has the number of groups that are rendered at a time."""

RETRY = "${Retry}"
"""What it has where most steps repeat one list of retriers: a template has at most 51,200 bytes."""

COPY = re.compile(
    r"(?<=DefinitionString: !Sub\n        - \|\n).*?(?=          SpeechTask:)", re.DOTALL
)


def load_definition(arns: Mapping[str, str], *, impatient: bool = False) -> dict[str, Any]:
    """The definition for some functions.

    Args:
        arns: of the functions, by the names that stand in the definition.
        impatient: whether retries wait no longer than a second.
    """
    given = {"AWS::Partition": "aws", **arns}
    text = re.sub(r"\$\{([\w:]+)\}", lambda name: given[name[1]], FILE.read_text(encoding="utf-8"))
    definition: dict[str, Any] = json.loads(text)
    if impatient:
        for state in list_states(definition):
            for retrier in state.get("Retry", []):
                retrier.update(IntervalSeconds=1, MaxDelaySeconds=2)
    return definition


def list_states(definition: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every state, those inside of maps too."""
    for state in definition["States"].values():
        yield state
        if "ItemProcessor" in state:
            yield from list_states(state["ItemProcessor"])


def format_copy() -> tuple[str, str]:
    """The definition for the template, and the list of retriers that its steps share."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    found["States"]["Render"]["MaxConcurrency"] = CONCURRENCY
    shared = found["States"]["Plan"]["Retry"]
    for state in list_states(found):
        if state.get("Retry") == shared:
            state["Retry"] = RETRY
    states = found.pop("States")
    lines = [f'{json.dumps(found)[:-1]}, "States": {{']
    for name, state in states.items():
        lines.append(f' "{name}": {json.dumps(state, separators=(",", ":"))},')
    copy = "\n".join(lines)[:-1] + "}}"
    for placeholder in (CONCURRENCY, RETRY):
        copy = copy.replace(f'"{placeholder}"', placeholder)
    return copy, json.dumps(shared, separators=(",", ":"))


def parse_copy(copy: str, retry: str) -> dict[str, Any]:
    """The definition in the template, with the file's concurrency of groups."""
    given: dict[str, Any] = json.loads(copy.replace(CONCURRENCY, "60").replace(RETRY, retry))
    return given


def write_copy() -> None:
    """Copy the definition into the template."""
    text = TEMPLATE.read_text(encoding="utf-8")
    copy, retry = format_copy()
    lines = [*(f"          {line}" for line in copy.splitlines()), f"        - Retry: '{retry}'"]
    new = "".join(f"{line}\n" for line in lines)
    TEMPLATE.write_text(COPY.sub(lambda _: new, text), encoding="utf-8")


def main() -> None:
    """Print the definition as a deployment would make it, or copy it into the template."""
    if sys.argv[1:] == ["write"]:
        write_copy()
        return
    arns = {name: f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:1" for name in NAMES}
    sys.stdout.write(json.dumps(load_definition(arns), indent=2) + "\n")


if __name__ == "__main__":
    main()
