"""The stacks of a deployment, in the order in which they are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import DeploymentError

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "IaC"


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack.

    Attributes:
        short_name: its name after the deployment's own: `mixer-speech`.
        template: its file in IaC/.
        name_parameter: the parameter of other templates that holds its name; None where none
            asks.
    """

    short_name: str
    template: str
    name_parameter: str | None = None

    def name(self, deployment: str) -> str:
        """Its name in a deployment."""
        return f"{deployment}-{self.short_name}"

    def read_template(self) -> str:
        """Its template, as it is."""
        return (TEMPLATES / self.template).read_text(encoding="utf-8")


INFRA = Stack("infra", "MixerInfraStack.yml", "InfraStackName")
SPEECH = Stack("speech", "PollySpeechAPI.yml", "SpeechStackName")
MIXER = Stack("app", "MixerAppStack.yml", "MixerStackName")
STORY = Stack("stories", "StoryStack.yml", "StoryStackName")
SANITATION = Stack("sanitation", "SanitationStack.yml", "SanitationStackName")
WEB = Stack("web", "WebDemoStack.yml")

STACKS = (INFRA, SPEECH, MIXER, STORY, SANITATION, WEB)
"""All of them. The first needs no image; the others come after the build. They go backwards."""


def name_stacks(deployment: str) -> dict[str, str]:
    """The names of a deployment's stacks, by the parameters that ask for them."""
    return {each.name_parameter: each.name(deployment) for each in STACKS if each.name_parameter}


@dataclass(frozen=True, slots=True)
class StackParameters:
    """Parameters from the command line.

    Attributes:
        shared: by parameter; for every stack that has one of that name.
        by_stack: by stack's short name and parameter; they go before the others.
    """

    shared: Mapping[str, str]
    by_stack: Mapping[tuple[str, str], str]

    def select_for(self, stack: Stack) -> dict[str, str]:
        """What is wished of one stack."""
        own = {
            key: value for (short, key), value in self.by_stack.items() if short == stack.short_name
        }
        return {**self.shared, **own}


def parse_parameters(arguments: Sequence[str]) -> StackParameters:
    """Wishes as they are written: `AuthMode=none`, or of one stack alone `speech.MemoryMb=2048`.

    Raises:
        Stopped: one of them is written otherwise or names no stack.
    """
    everywhere, of_stack = {}, {}
    for each in arguments:
        key, equals, value = each.partition("=")
        stack, dot, parameter = key.rpartition(".")
        if not equals or not parameter:
            raise DeploymentError(
                f"{each!r} is not a parameter; write NAME=VALUE or STACK.NAME=VALUE."
            )
        if dot and stack not in {one.short_name for one in STACKS}:
            shorts = ", ".join(one.short_name for one in STACKS)
            raise DeploymentError(f"{each!r} does not name a stack; choose from {shorts}.")
        if dot:
            of_stack[stack, parameter] = value
        else:
            everywhere[parameter] = value
    return StackParameters(everywhere, of_stack)


def check_parameters(parameters: StackParameters, declared: Mapping[str, set[str]]) -> None:
    """See that every wish is one that a template can fulfil.

    Args:
        parameters: from the command line.
        declared: the parameters of every stack, by its short name.

    Raises:
        Stopped: no template has a parameter of that name.
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
