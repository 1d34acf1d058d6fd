"""`make deploy`: every stack in order, the image, the page, the first token."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import boto3

from deploy import callers, change_sets, image, page, preflight
from deploy.change_sets import Outputs, StackSpec, TemplateArgument
from deploy.errors import DeploymentError
from deploy.stacks import (
    INFRA,
    ROOT,
    SPEECH,
    STACKS,
    WEB,
    Stack,
    StackParameters,
    check_parameters,
    name_stacks,
)
from deploy.terminal import Terminal

FIRST_CALLER = "owner"
SENTENCE = "The lamp went out at nine. No one in the village noticed."

SHELL_VARIABLE = "$MIXER_TOKEN"
"""The shell variable for a token that is not shown again."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """The target and parameters of a deployment.

    `role` is the ARN of CloudFormation's role for all stacks but infra; by default infra's own.
    `bucket` is infra's bucket of artifacts, for the templates of the others.
    """

    name: str
    session: boto3.Session
    parameters: StackParameters
    source: Path = ROOT
    role: str = ""
    bucket: str = ""


def deploy(deployment: Deployment, terminal: Terminal) -> None:
    """Deploy the service of this commit; running it again continues where it stopped.

    Raises:
        DeploymentError: no consent, or AWS failed.
    """
    account = _run_preflight(deployment.session, terminal)
    commit = image.read_commit(deployment.source)
    _check_parameters(deployment)
    machine = _choose_build_machine(deployment, account, commit)
    infra = _deploy_stack(deployment, INFRA, machine, terminal)
    digest = image.ensure_image(
        deployment.source, commit, _create_builder(deployment, infra), terminal
    )
    outputs = {INFRA: infra}
    known = {"ImageDigest": digest, "RenderConcurrency": str(account.render_concurrency)}
    role = deployment.role or infra.get("OperatorRoleArn", "")
    rest = replace(deployment, role=role, bucket=infra["ArtifactBucketName"])
    for stack in STACKS[1:]:
        outputs[stack] = _deploy_stack(rest, stack, known, terminal)
    _publish_page(deployment, outputs, terminal)
    _print_summary(outputs, _create_token(deployment, outputs[SPEECH]), terminal)


def _run_preflight(session: boto3.Session, terminal: Terminal) -> preflight.AccountReport:
    region = session.region_name
    if not region:
        raise DeploymentError("No region is set; set AWS_REGION, for example to eu-central-1.")
    account = preflight.PreflightClients(
        sts=session.client("sts"),
        functions=session.client("lambda"),
        polly=session.client("polly"),
        quotas=session.client("service-quotas"),
    )
    terminal.print_line("Preflight")
    report = preflight.inspect_account(account, region)
    terminal.print_table(report.rows)
    return report


def _choose_build_machine(
    deployment: Deployment, account: preflight.AccountReport, commit: str
) -> Mapping[str, str]:
    """Choose a machine that the account may use, if the image is still to be built.

    Raises:
        DeploymentError: the account may not build.
    """
    client = deployment.session.client("cloudformation")
    infra = INFRA.name(deployment.name)
    if change_sets.find_stack(client, infra):
        repository = change_sets.read_outputs(client, infra)["RepositoryName"]
        if image.find_digest(deployment.session.client("ecr"), repository, commit):
            return {}
    given = deployment.parameters.select_for(INFRA).get("BuildComputeType")
    before = change_sets.read_parameters(client, infra).get("BuildComputeType")
    return account.choose_build_machine(given, before)


def _check_parameters(deployment: Deployment) -> None:
    client = deployment.session.client("cloudformation")
    declared = {each.short_name: each.list_parameters() for each in STACKS}
    check_parameters(deployment.parameters, declared)
    doors = [each for each in STACKS if "AuthMode" in declared[each.short_name]]
    before = {
        each: change_sets.read_parameters(client, each.name(deployment.name)) for each in doors
    }
    _check_auth_modes(deployment, before)


def _check_auth_modes(deployment: Deployment, before: Mapping[Stack, Mapping[str, str]]) -> None:
    """Check that all stacks require tokens or none: a template cannot see another's choice."""
    modes = {
        stack.short_name: deployment.parameters.select_for(stack).get(
            "AuthMode", now.get("AuthMode", "token")
        )
        for stack, now in before.items()
    }
    if len(set(modes.values())) > 1:
        listed = ", ".join(f"{short} {mode}" for short, mode in modes.items())
        raise DeploymentError(
            f"AuthMode differs ({listed}); give it once, for all: AuthMode=token."
        )


def _deploy_stack(
    deployment: Deployment, stack: Stack, extra: Mapping[str, str], terminal: Terminal
) -> Outputs:
    client, declared = deployment.session.client("cloudformation"), stack.list_parameters()
    known = {**name_stacks(deployment.name), **extra, **deployment.parameters.select_for(stack)}
    given = {key: value for key, value in known.items() if key in declared}
    template = pass_template(deployment, stack)
    role = "" if stack is INFRA else deployment.role
    spec = StackSpec(stack.name(deployment.name), template, declared, given, role)
    return change_sets.deploy_stack(client, spec, terminal)


def pass_template(deployment: Deployment, stack: Stack) -> TemplateArgument:
    """Pass a template by the bucket, or in the call while there is none."""
    body = stack.read_template()
    if not deployment.bucket:
        return {"TemplateBody": body}
    s3, key = deployment.session.client("s3"), f"templates/{stack.template}"
    s3.put_object(Bucket=deployment.bucket, Key=key, Body=body.encode())
    return {"TemplateURL": f"{s3.meta.endpoint_url}/{deployment.bucket}/{key}"}


def _create_builder(deployment: Deployment, infra: Outputs) -> image.Builder:
    return image.Builder(
        s3=deployment.session.client("s3"),
        codebuild=deployment.session.client("codebuild"),
        ecr=deployment.session.client("ecr"),
        infra=infra,
    )


def _publish_page(
    deployment: Deployment, outputs: Mapping[Stack, Outputs], terminal: Terminal
) -> None:
    s3, cloudfront = deployment.session.client("s3"), deployment.session.client("cloudfront")
    wanted = page.load_files(deployment.source / "web", outputs[SPEECH]["ApiUrl"])
    page.publish_files(wanted, page.PageSite(s3, cloudfront, outputs[WEB]), terminal)


def _create_token(deployment: Deployment, speech: Outputs) -> str | None:
    """Create a token for the first caller, if tokens are required and there is none yet."""
    if speech["AuthMode"] != "token":
        return None
    client = deployment.session.client("secretsmanager")
    return callers.create_first_token(client, speech["TokensSecretArn"], FIRST_CALLER)


def _print_summary(
    stack_outputs: Mapping[Stack, Outputs], token: str | None, terminal: Terminal
) -> None:
    terminal.print_line("\nReady")
    urls = [
        (key, url)
        for outputs in stack_outputs.values()
        for key, url in outputs.items()
        if "Url" in key
    ]
    terminal.print_table(sorted(urls))
    if token:
        terminal.print_line(f"\nToken of {FIRST_CALLER} (shown once, not stored): {token}")
    asks = stack_outputs[SPEECH]["AuthMode"] == "token"
    terminal.print_line("\nTry it:")
    terminal.print_line(
        curl_line(
            stack_outputs[SPEECH]["SynthesizeUrl"], (token or SHELL_VARIABLE) if asks else None
        )
    )


def curl_line(url: str, token: str | None) -> str:
    """Format a command that narrates two sentences.

    `token` is the token or its shell variable; None if none is required.
    """
    header = f'-H "Authorization: Bearer {token}" ' if token else ""
    body = f'{{"text": "{SENTENCE}"}}'
    return f"curl -s {header}-H 'Content-Type: application/json' -d {shlex.quote(body)} {url}"
