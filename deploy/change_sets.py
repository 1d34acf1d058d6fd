"""Create and update stacks by change sets that are shown first.

Nothing changes without consent, and a stack without changes is left alone. After a failure
CloudFormation rolls back, and the first failure is reported.

CloudFormation uses the role of a stack's last change for everything later, and it can be replaced
but not removed, so each change names one (AWS CloudFormation user guide, service role).
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING, Any, TypedDict

from botocore.exceptions import ClientError

from deploy.errors import DeploymentError
from deploy.terminal import Terminal

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef, StackTypeDef

NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
"""CloudFormation's wording for an empty change set, which has no code."""

NEVER_CREATED = {"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
"""A stack whose creation failed can only be deleted (CloudFormation guide, stack status codes)."""

STUCK = {
    "UPDATE_ROLLBACK_FAILED": "continue its rollback in the console (Stack actions) with the role "
    "OperatorRole, then deploy again",
    "DELETE_FAILED": "run make destroy first",
}
"""What a person does about a stack that cannot be updated (the same guide)."""

SIGNS = {"Add": "+", "Modify": "~", "Remove": "-"}

Outputs = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StackSpec:
    """The desired state of a stack; parameters not given keep their values or defaults.

    `declared` are the parameters that the template has. `role` is the ARN of the role for its
    resources; empty for the caller's own permissions.
    """

    name: str
    template: "TemplateArgument"
    declared: Set[str]
    parameters: Mapping[str, str]
    role: str = ""


def find_stack(client: "CloudFormationClient", name: str) -> "StackTypeDef | None":
    """Find a stack; None if it does not exist."""
    try:
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack


def read_outputs(client: "CloudFormationClient", name: str) -> Outputs:
    """Read the outputs of a stack.

    Raises:
        DeploymentError: the stack does not exist.
    """
    stack = find_stack(client, name)
    if stack is None:
        raise DeploymentError(f"The stack {name} does not exist; run make deploy first.")
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def read_parameters(client: "CloudFormationClient", name: str) -> Mapping[str, str]:
    """Read the current parameters of a stack; empty if it does not exist."""
    stack = find_stack(client, name)
    given = stack.get("Parameters", []) if stack else []
    return {each["ParameterKey"]: each.get("ParameterValue", "") for each in given}


class TemplateArgument(TypedDict, total=False):
    """The argument of CloudFormation's calls that passes a template, one of the two.

    A body has at most 51,200 bytes, an object in a bucket 1 MB (CloudFormation quotas).
    """

    TemplateBody: str
    TemplateURL: str


class RoleArgument(TypedDict, total=False):
    """The argument of CloudFormation's calls that names a role."""

    RoleARN: str


def choose_role(role: str) -> RoleArgument:
    """Build the argument that names the role, if there is one."""
    return {"RoleARN": role} if role else {}


def deploy_stack(client: "CloudFormationClient", spec: StackSpec, terminal: Terminal) -> Outputs:
    """Create or update a stack, with consent.

    Raises:
        DeploymentError: no consent, or CloudFormation failed.
    """
    stack = _prepare_stack(client, spec.name, spec.role, terminal)
    change_set = _create_change_set(client, spec, terminal, is_new=stack is None)
    if change_set is None:
        terminal.print_line(f"{spec.name}: nothing to change")
        return read_outputs(client, spec.name)
    _show_changes(client, spec.name, change_set, terminal, is_new=stack is None)
    if not terminal.confirm(f"Apply these changes to {spec.name}?"):
        _delete_change_set(client, spec, change_set, is_new=stack is None)
        raise DeploymentError(f"{spec.name} was not changed.")
    client.execute_change_set(ChangeSetName=change_set, StackName=spec.name)
    _require_success(client, spec.name, terminal)
    return read_outputs(client, spec.name)


def _prepare_stack(
    client: "CloudFormationClient", name: str, role: str, terminal: Terminal
) -> "StackTypeDef | None":
    """Return the stack if it can be changed; delete one whose creation failed."""
    stack = find_stack(client, name)
    if stack and stack["StackStatus"] in NEVER_CREATED:
        terminal.print_line(f"{name}: deleting the remains of an earlier attempt")
        client.delete_stack(StackName=name, **choose_role(role))
        await_stack(client, name, terminal)
        return None
    status = stack["StackStatus"] if stack else ""
    if status.endswith("_IN_PROGRESS"):
        raise DeploymentError(
            f"{name} is being changed by another deployment ({status}); try again later."
        )
    if status in STUCK:
        raise DeploymentError(f"{name} ended as {status}: {STUCK[status]}.")
    return stack


def _create_change_set(
    client: "CloudFormationClient", spec: StackSpec, terminal: Terminal, *, is_new: bool
) -> str | None:
    """Create a change set and return its ARN; None without changes."""
    change_set = client.create_change_set(
        StackName=spec.name,
        ChangeSetName=f"deploy-{token_hex(4)}",
        ChangeSetType="CREATE" if is_new else "UPDATE",
        **spec.template,
        Parameters=build_parameters(client, spec),
        Capabilities=["CAPABILITY_IAM"],
        **choose_role(spec.role),
    )["Id"]
    for _ in terminal.poll():
        found = client.describe_change_set(ChangeSetName=change_set, StackName=spec.name)
        if found["Status"] not in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
            break
    if found["Status"] == "FAILED":
        why = found.get("StatusReason", "no reason given")
        _delete_change_set(client, spec, change_set, is_new=is_new)
        if any(words in why for words in NO_CHANGES):
            return None
        raise DeploymentError(f"CloudFormation rejected the template of {spec.name}: {why}")
    return change_set


def build_parameters(client: "CloudFormationClient", spec: StackSpec) -> "list[ParameterTypeDef]":
    """Choose each parameter's value: given now, else as before, else the template's default."""
    before = read_parameters(client, spec.name)
    values: list[ParameterTypeDef] = []
    for key in sorted(spec.declared):
        if key in spec.parameters:
            values.append({"ParameterKey": key, "ParameterValue": spec.parameters[key]})
        elif key in before:
            values.append({"ParameterKey": key, "UsePreviousValue": True})
    return values


def _show_changes(
    client: "CloudFormationClient", name: str, change_set: str, terminal: Terminal, *, is_new: bool
) -> None:
    changes = list(_list_changes(client, name, change_set))
    terminal.print_line(f"{name}: {'a new stack, ' if is_new else ''}{len(changes)} changes")
    if changes:
        terminal.print_table([_format_change(each) for each in changes])


def _list_changes(client: "CloudFormationClient", name: str, change_set: str) -> Iterator[Any]:
    pages = client.get_paginator("describe_change_set")
    for page in pages.paginate(ChangeSetName=change_set, StackName=name):
        yield from (each["ResourceChange"] for each in page.get("Changes", []))


def _format_change(change: Mapping[str, Any]) -> tuple[str, str, str, str]:
    replaced = "replaced" if change.get("Replacement") == "True" else ""
    kind = change["ResourceType"].removeprefix("AWS::")
    return (
        SIGNS.get(change["Action"], change["Action"]),
        change["LogicalResourceId"],
        kind,
        replaced,
    )


def _delete_change_set(
    client: "CloudFormationClient", spec: StackSpec, change_set: str, *, is_new: bool
) -> None:
    """Delete a change set, and an empty stack that was only created to hold it."""
    client.delete_change_set(ChangeSetName=change_set, StackName=spec.name)
    if is_new:
        client.delete_stack(StackName=spec.name, **choose_role(spec.role))


def _require_success(client: "CloudFormationClient", name: str, terminal: Terminal) -> None:
    status = await_stack(client, name, terminal)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise DeploymentError(f"{name} ended as {status}. {_find_first_failure(client, name)}")
    terminal.print_line(f"{name}: {status.lower().replace('_', ' ')}")


def await_stack(client: "CloudFormationClient", name: str, terminal: Terminal) -> str:
    """Wait until a stack's operation ends, and return its status."""
    status = "DELETE_COMPLETE"
    for _ in terminal.poll():
        stack = find_stack(client, name)
        status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
        if not status.endswith("_IN_PROGRESS"):
            break
    return status


def _find_first_failure(client: "CloudFormationClient", name: str) -> str:
    """Find the first failure of the latest attempt; later ones were only cancelled."""
    failures = [
        f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason', 'no reason given')}"
        for each in client.describe_stack_events(StackName=name)["StackEvents"]
        if each["ResourceStatus"].endswith("_FAILED")
        and "cancelled" not in each.get("ResourceStatusReason", "")
    ]
    return failures[-1] if failures else "Its events in the console show the reason."
