"""The stacks of a deployment, in the order in which they are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from delivery.errors import Stopped

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "IaC"

LONGEST_BODY_BYTES = 51_200
"""A template that is sent as it is, without a bucket (CloudFormation quotas)."""


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack.

    Attributes:
        short: its name after the deployment's own: `mixer-speech`.
        template: its file in IaC/.
        named_by: the parameter by which other templates are told its name; None where none asks.
    """

    short: str
    template: str
    named_by: str | None = None

    def name(self, deployment: str) -> str:
        """Its name in a deployment."""
        return f"{deployment}-{self.short}"

    def body(self) -> str:
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


def names(deployment: str) -> dict[str, str]:
    """The names of a deployment's stacks, by the parameters that ask for them."""
    return {each.named_by: each.name(deployment) for each in STACKS if each.named_by}


@dataclass(frozen=True, slots=True)
class Wishes:
    """Parameters that somebody gave.

    Attributes:
        everywhere: by parameter; for every stack that has one of that name.
        of_stack: by stack's short name and parameter; they go before the others.
    """

    everywhere: Mapping[str, str]
    of_stack: Mapping[tuple[str, str], str]

    def for_stack(self, stack: Stack) -> dict[str, str]:
        """What is wished of one stack."""
        own = {key: value for (short, key), value in self.of_stack.items() if short == stack.short}
        return {**self.everywhere, **own}


def wishes_from(written: Sequence[str]) -> Wishes:
    """Wishes as they are written: `AuthMode=none`, or of one stack alone `speech.MemoryMb=2048`.

    Raises:
        Stopped: one of them is written otherwise or names no stack.
    """
    everywhere, of_stack = {}, {}
    for each in written:
        key, equals, value = each.partition("=")
        stack, dot, parameter = key.rpartition(".")
        if not equals or not parameter:
            raise Stopped(f"{each!r} is no parameter; write NAME=VALUE or STACK.NAME=VALUE.")
        if dot and stack not in {one.short for one in STACKS}:
            shorts = ", ".join(one.short for one in STACKS)
            raise Stopped(f"{each!r} names no stack; there are {shorts}.")
        if dot:
            of_stack[stack, parameter] = value
        else:
            everywhere[parameter] = value
    return Wishes(everywhere, of_stack)


def check_wishes(wishes: Wishes, declared: Mapping[str, set[str]]) -> None:
    """See that every wish is one that a template can fulfil.

    Args:
        wishes: what somebody gave.
        declared: the parameters of every stack, by its short name.

    Raises:
        Stopped: no template has a parameter of that name.
    """
    known = {key for keys in declared.values() for key in keys}
    for key in sorted(set(wishes.everywhere) - known):
        raise Stopped(f"No template has a parameter {key}; docs/infrastructure.md lists them.")
    for short, key in sorted(wishes.of_stack):
        if key not in declared[short]:
            raise Stopped(f"The stack {short} has no parameter {key}; see docs/infrastructure.md.")
