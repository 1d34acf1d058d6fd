"""The state machine's definition as interpreters and linters want it: with names filled in.

`python -m tests.infra.definition` prints it, for the linter.
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


def main() -> None:
    """Print the definition as a deployment would make it."""
    arns = {name: f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:1" for name in NAMES}
    sys.stdout.write(json.dumps(load_definition(arns), indent=2) + "\n")


if __name__ == "__main__":
    main()
