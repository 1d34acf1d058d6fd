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

CALL = (
    '"Type":"Task","Resource":"arn:${AWS::Partition}:states:::lambda:invoke",'
    '"Parameters":{"FunctionName":"'
)
STORY = '"story_id.$":"$.story_id","attempt.$":"$.attempt"'

COPY = re.compile(
    r"(?<=DefinitionString: !Sub\n        - \|\n).*?(?=          SpeechTask:)", re.DOTALL
)


def load_definition(arns: Mapping[str, str], *, impatient: bool = False) -> dict[str, Any]:
    """The definition for some functions.

    Args:
        arns: of the functions, by the names that stand in the definition.
        impatient: whether retries wait no longer than two seconds, and for payers one.
    """
    given = {"AWS::Partition": "aws", **arns}
    text = re.sub(r"\$\{([\w:]+)\}", lambda name: given[name[1]], FILE.read_text(encoding="utf-8"))
    definition: dict[str, Any] = json.loads(text)
    if impatient:
        for state in list_states(definition):
            for retrier in state.get("Retry", []):
                retrier.update(IntervalSeconds=1, MaxDelaySeconds=2)
        wait = definition["States"]["WaitForPayer"]
        del wait["SecondsPath"]
        wait["Seconds"] = 1
    return definition


def list_states(definition: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every state, those inside of maps too."""
    for state in definition["States"].values():
        yield state
        if "ItemProcessor" in state:
            yield from list_states(state["ItemProcessor"])


def load_without_comments() -> dict[str, Any]:
    """What the template copies of the file."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    for state in (found, *list_states(found)):
        state.pop("Comment", None)
    return found


def format_copy() -> tuple[str, dict[str, str]]:
    """The definition for the template, and the parts of it that stand there once."""
    found = load_without_comments()
    parts = _list_parts(found)
    found["States"]["Render"]["MaxConcurrency"] = CONCURRENCY
    states = found.pop("States")
    lines = [f'{json.dumps(found)[:-1]}, "States": {{']
    lines += [f' "{name}": {_format_json(state)},' for name, state in states.items()]
    copy = ("\n".join(lines)[:-1] + "}}").replace(f'"{CONCURRENCY}"', CONCURRENCY)
    for name, part in parts.items():
        copy = copy.replace(part, f"${{{name}}}")
    return copy, parts


def _list_parts(found: Mapping[str, Any]) -> dict[str, str]:
    """What many states repeat, by name."""
    plan = found["States"]["Plan"]
    before, after = plan["Retry"][:2], plan["Retry"][2:]
    return {
        "Call": CALL,
        "Catch": _format_json(plan["Catch"]),
        "RetryCall": _format_json(before)[1:-1],
        "RetryWork": _format_json(after)[1:-1],
        "Story": STORY,
    }


def _format_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def parse_copy(copy: str, parts: Mapping[str, str]) -> dict[str, Any]:
    """The definition in the template, with the file's concurrency of groups."""
    text = copy.replace(CONCURRENCY, "60")
    for name, part in parts.items():
        text = text.replace(f"${{{name}}}", part)
    given: dict[str, Any] = json.loads(text)
    return given


def write_copy() -> None:
    """Copy the definition into the template."""
    text = TEMPLATE.read_text(encoding="utf-8")
    copy, parts = format_copy()
    rows = [f"{name}: {'!Sub ' * ('${' in part)}'{part}'" for name, part in parts.items()]
    lines = [*(f"          {line}" for line in copy.splitlines()), f"        - {rows[0]}"]
    lines += [f"          {row}" for row in rows[1:]]
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
