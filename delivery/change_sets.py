"""A stack is made or changed by a change set that is shown first.

Nothing is touched before somebody agreed. A stack that is as it should be is left alone. When
CloudFormation fails, it has rolled back what it did; what failed first is told.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from delivery.desk import Desk
from delivery.errors import Stopped

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef, StackTypeDef

NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")
"""How CloudFormation words that a change set is empty; it has no code for it."""

STILLBORN = {"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
"""A stack that never came to be can only be deleted (CloudFormation guide, stack status codes)."""

SIGNS = {"Add": "+", "Modify": "~", "Remove": "-"}

Outputs = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stack as it should be.

    Attributes:
        name: the stack's name.
        body: its template.
        parameters: values that are set anew; others stay as they are, or take their defaults.
    """

    name: str
    body: str
    parameters: Mapping[str, str]


def declared(client: "CloudFormationClient", body: str) -> set[str]:
    """The parameters that a template has."""
    found = client.validate_template(TemplateBody=body)
    return {each["ParameterKey"] for each in found.get("Parameters", [])}


def find(client: "CloudFormationClient", name: str) -> "StackTypeDef | None":
    """A stack as it is; None where there is none."""
    try:
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack


def outputs_of(client: "CloudFormationClient", name: str) -> Outputs:
    """What a stack tells.

    Raises:
        Stopped: there is no such stack.
    """
    stack = find(client, name)
    if stack is None:
        raise Stopped(f"There is no stack {name}; run make deploy first.")
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def parameters_of(client: "CloudFormationClient", name: str) -> Mapping[str, str]:
    """The values that a stack's parameters have now; none where there is no stack."""
    stack = find(client, name)
    given = stack.get("Parameters", []) if stack else []
    return {each["ParameterKey"]: each.get("ParameterValue", "") for each in given}


def bring_about(client: "CloudFormationClient", wanted: Wanted, desk: Desk) -> Outputs:
    """Make a stack what it should be, if somebody agrees.

    Raises:
        Stopped: nobody agreed, or CloudFormation could not do it.
    """
    stack = _ready(client, wanted.name, desk)
    change_set = _proposed(client, wanted, desk, is_new=stack is None)
    if change_set is None:
        desk.say(f"{wanted.name}: nothing to change")
        return outputs_of(client, wanted.name)
    _show(client, wanted.name, change_set, desk, is_new=stack is None)
    if not desk.agrees(f"Carry this out on {wanted.name}?"):
        _withdraw(client, wanted.name, change_set, is_new=stack is None)
        raise Stopped(f"{wanted.name} was left as it is.")
    client.execute_change_set(ChangeSetName=change_set, StackName=wanted.name)
    _await(client, wanted.name, desk)
    return outputs_of(client, wanted.name)


def _ready(client: "CloudFormationClient", name: str, desk: Desk) -> "StackTypeDef | None":
    """The stack, if it can be changed; what never came to be is cleared away first."""
    stack = find(client, name)
    if stack and stack["StackStatus"] in STILLBORN:
        desk.say(f"{name}: clearing away what an earlier attempt left")
        client.delete_stack(StackName=name)
        settle(client, name, desk)
        return None
    if stack and stack["StackStatus"].endswith("_IN_PROGRESS"):
        status = stack["StackStatus"]
        raise Stopped(f"{name} is being changed by somebody else ({status}); try again later.")
    return stack


def _proposed(
    client: "CloudFormationClient", wanted: Wanted, desk: Desk, *, is_new: bool
) -> str | None:
    """The ARN of a change set; None when there is nothing to change."""
    change_set = client.create_change_set(
        StackName=wanted.name,
        ChangeSetName=f"deploy-{token_hex(4)}",
        ChangeSetType="CREATE" if is_new else "UPDATE",
        TemplateBody=wanted.body,
        Parameters=parameter_values(client, wanted),
        Capabilities=["CAPABILITY_IAM"],
    )["Id"]
    for _ in desk.ticks():
        found = client.describe_change_set(ChangeSetName=change_set, StackName=wanted.name)
        if found["Status"] not in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
            break
    if found["Status"] == "FAILED":
        why = found.get("StatusReason", "no reason given")
        _withdraw(client, wanted.name, change_set, is_new=is_new)
        if any(words in why for words in NOTHING_TO_DO):
            return None
        raise Stopped(f"CloudFormation refuses the template of {wanted.name}: {why}")
    return change_set


def parameter_values(client: "CloudFormationClient", wanted: Wanted) -> "list[ParameterTypeDef]":
    """Every parameter's value: given now, else as before; else the template's default."""
    before = parameters_of(client, wanted.name)
    values: list[ParameterTypeDef] = []
    for key in sorted(declared(client, wanted.body)):
        if key in wanted.parameters:
            values.append({"ParameterKey": key, "ParameterValue": wanted.parameters[key]})
        elif key in before:
            values.append({"ParameterKey": key, "UsePreviousValue": True})
    return values


def _show(
    client: "CloudFormationClient", name: str, change_set: str, desk: Desk, *, is_new: bool
) -> None:
    changes = list(_changes(client, name, change_set))
    desk.say(f"{name}: {'a new stack, ' if is_new else ''}{len(changes)} changes")
    if changes:
        desk.table([_row(each) for each in changes])


def _changes(client: "CloudFormationClient", name: str, change_set: str) -> Iterator[Any]:
    pages = client.get_paginator("describe_change_set")
    for page in pages.paginate(ChangeSetName=change_set, StackName=name):
        yield from (each["ResourceChange"] for each in page.get("Changes", []))


def _row(change: Mapping[str, Any]) -> tuple[str, str, str, str]:
    replaced = "replaced" if change.get("Replacement") == "True" else ""
    kind = change["ResourceType"].removeprefix("AWS::")
    return (
        SIGNS.get(change["Action"], change["Action"]),
        change["LogicalResourceId"],
        kind,
        replaced,
    )


def _withdraw(client: "CloudFormationClient", name: str, change_set: str, *, is_new: bool) -> None:
    """Leave no change set behind, and no empty stack that was only made to hold one."""
    client.delete_change_set(ChangeSetName=change_set, StackName=name)
    if is_new:
        client.delete_stack(StackName=name)


def _await(client: "CloudFormationClient", name: str, desk: Desk) -> None:
    status = settle(client, name, desk)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise Stopped(f"{name} ended as {status}. {_first_failure(client, name)}")
    desk.say(f"{name}: {status.lower().replace('_', ' ')}")


def settle(client: "CloudFormationClient", name: str, desk: Desk) -> str:
    """Wait until nothing happens to a stack any more; its status then."""
    status = "DELETE_COMPLETE"
    for _ in desk.ticks():
        stack = find(client, name)
        status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
        if not status.endswith("_IN_PROGRESS"):
            break
    return status


def _first_failure(client: "CloudFormationClient", name: str) -> str:
    """What failed first in the latest attempt; what failed after it was only cancelled."""
    failures = [
        f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason', 'no reason given')}"
        for each in client.describe_stack_events(StackName=name)["StackEvents"]
        if each["ResourceStatus"].endswith("_FAILED")
        and "cancelled" not in each.get("ResourceStatusReason", "")
    ]
    return failures[-1] if failures else "Its events in the console tell why."
