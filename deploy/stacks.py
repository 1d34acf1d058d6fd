"""The stacks of a deployment, in order of creation."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from deploy.errors import DeploymentError

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "IaC"


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack.

    Its full name is the deployment's plus `short_name`: `mixer-speech`. `name_parameter` is the
    parameter of other templates that holds its name; None if no template has one.
    """

    short_name: str
    template: str
    name_parameter: str | None = None

    def name(self, deployment: str) -> str:
        """Return its name in a deployment."""
        return f"{deployment}-{self.short_name}"

    def read_template(self) -> str:
        """Read the text of its template, without comments, which would count towards a limit."""
        lines = (TEMPLATES / self.template).read_text(encoding="utf-8").splitlines(keepends=True)
        return "".join(
            each for each in lines if each.strip() and not each.lstrip().startswith("# ")
        )

    def list_parameters(self) -> set[str]:
        """List the parameters that its template declares: keys of the section's first level."""
        _, _, section = self.read_template().partition("\nParameters:\n")
        indented = takewhile(lambda line: line.startswith(" "), section.splitlines())
        return {line.strip(" :") for line in indented if re.fullmatch(r"  \w+:", line)}


INFRA = Stack("infra", "MixerInfraStack.yml", "InfraStackName")
SPEECH = Stack("speech", "PollySpeechAPI.yml", "SpeechStackName")
MIXER = Stack("app", "MixerAppStack.yml", "MixerStackName")
STORY = Stack("stories", "StoryStack.yml", "StoryStackName")
SANITATION = Stack("sanitation", "SanitationStack.yml", "SanitationStackName")
WEB = Stack("web", "WebDemoStack.yml", "WebStackName")

STACKS = (INFRA, SPEECH, MIXER, STORY, SANITATION, WEB)
"""The first needs no image; the others follow the build. Deleted in reverse order."""


def name_stacks(deployment: str) -> dict[str, str]:
    """Map parameters that hold stack names to the names in a deployment."""
    return {each.name_parameter: each.name(deployment) for each in STACKS if each.name_parameter}


@dataclass(frozen=True, slots=True)
class StackParameters:
    """Parameters from the command line.

    `shared` ones apply to every stack that has them; those `by_stack` take precedence.
    """

    shared: Mapping[str, str]
    by_stack: Mapping[tuple[str, str], str]

    def select_for(self, stack: Stack) -> dict[str, str]:
        """Select the parameters of one stack."""
        own = {
            key: value for (short, key), value in self.by_stack.items() if short == stack.short_name
        }
        return {**self.shared, **own}


def parse_parameters(arguments: Sequence[str]) -> StackParameters:
    """Parse `AuthMode=none`, or for one stack only, `speech.MemoryMb=2048`.

    Raises:
        DeploymentError: a parameter is malformed or names no stack.
    """
    everywhere, of_stack = {}, {}
    for each in arguments:
        key, equals, value = each.partition("=")
        stack, dot, parameter = key.rpartition(".")
        if not equals or not parameter:
            raise DeploymentError(
                f"“{each}” is not a parameter; write NAME=VALUE or STACK.NAME=VALUE."
            )
        if dot and stack not in {one.short_name for one in STACKS}:
            shorts = ", ".join(one.short_name for one in STACKS)
            raise DeploymentError(f"“{each}” does not name a stack; choose from {shorts}.")
        if dot:
            of_stack[stack, parameter] = value
        else:
            everywhere[parameter] = value
    return StackParameters(everywhere, of_stack)


def check_parameters(parameters: StackParameters, declared: Mapping[str, set[str]]) -> None:
    """Check that each parameter exists in a template.

    Raises:
        DeploymentError: no template has a parameter of that name.
    """
    known = {key for keys in declared.values() for key in keys}
    for key in sorted(set(parameters.shared) - known):
        raise DeploymentError(
            f"No template has a parameter {key}; docs/infrastructure.md lists them."
        )
    for short, key in sorted(parameters.by_stack):
        if key not in declared[short]:
            raise DeploymentError(
                f"The stack {short} has no parameter {key}; see docs/infrastructure.md."
            )
