"""Report the account's limits that affect the service, before anything is created.

The templates' defaults deploy to a new account; only an account that may not build stops a
deployment, and a partition or region that lacks a service. Limits that cannot be read are shown as
unknown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from deploy.errors import DeploymentError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_polly import PollyClient
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sts import STSClient

KEPT_UNRESERVED = 100
"""Concurrent executions that cannot be reserved (Lambda guide, reserved concurrency); smaller
accounts must keep all of theirs."""

NEW_ACCOUNT = 10
"""Concurrent executions of new accounts; also assumed where the limit cannot be read."""

MAX_RENDER_CONCURRENCY = 60
"""A story has at most so many groups (docs/scaling.md)."""

NEW_ACCOUNT_MB = 3_008

BUILD_QUOTA = "Concurrently running builds for Linux/{size} environment"
"""Names of CodeBuild's quotas, as in Service Quotas."""

MACHINES = {
    "BUILD_GENERAL1_MEDIUM": "Medium",
    "BUILD_GENERAL1_SMALL": "Small",
    "BUILD_GENERAL1_LARGE": "Large",
}
"""Sizes of the build's machine in order of preference; the first is the template's default."""

POLLY_QUOTAS = ("SynthesizeSpeech", "Generative", "Neural", "Standard", "Long-form")
"""Words in the names of the relevant quotas."""

Row = tuple[str, str, str]
"""Limit, value and consequence."""


@dataclass(frozen=True, slots=True)
class PreflightClients:
    """The clients for the checks."""

    sts: "STSClient"
    functions: "LambdaClient"
    polly: "PollyClient"
    quotas: "ServiceQuotasClient"


@dataclass(frozen=True, slots=True)
class AccountReport:
    """What an account allows.

    Attributes:
        rows: of a table for the deployer.
        concurrency: concurrent executions of all functions.
        builds: concurrent builds by quota name; without what cannot be read.
    """

    rows: list[Row]
    concurrency: int = NEW_ACCOUNT
    builds: Mapping[str, float] = field(default_factory=dict)

    @property
    def render_concurrency(self) -> int:
        """Groups of a story to render at a time: half of the account's executions, at most 60."""
        return choose_render_concurrency(self.concurrency)

    def choose_build_machine(self, given: str | None, before: str | None) -> dict[str, str]:
        """Choose the infra stack's parameter for the build's machine; empty to leave it.

        `given` comes from the command line, `before` from the stack.

        Raises:
            DeploymentError: the account allows no build with the given machine, or with any.
        """
        wanted = given or before or next(iter(MACHINES))
        allowed = [each for each in MACHINES if self._count_builds(each) != 0]
        if wanted in allowed:
            return {}
        quota = BUILD_QUOTA.format(size=MACHINES[wanted])
        if given or not allowed:
            raise DeploymentError(
                f"CodeBuild allows this account 0 builds with {wanted}, so the image cannot be "
                f'built. Request the quota "{quota}" (Service Quotas, AWS CodeBuild)'
                + (f", or set infra.BuildComputeType={allowed[0]}." if allowed else ".")
            )
        return {"BuildComputeType": allowed[0]}

    def _count_builds(self, machine: str) -> float | None:
        return self.builds.get(BUILD_QUOTA.format(size=MACHINES[machine]))


def choose_render_concurrency(limit: int) -> int:
    """Choose how many groups are rendered at a time under a limit of concurrent executions."""
    return max(1, min(MAX_RENDER_CONCURRENCY, limit // 2))


def inspect_account(clients: PreflightClients, region: str) -> AccountReport:
    """Read the limits of an account.

    Raises:
        DeploymentError: AWS accepts no credentials, or cannot run the service there.
    """
    identity = _check_identity(clients.sts, region)
    concurrency, of_lambda = _check_lambda(clients.functions)
    polly, codebuild = (_read_quotas(clients.quotas, each) for each in ("polly", "codebuild"))
    names = {BUILD_QUOTA.format(size=size) for size in MACHINES.values()}
    builds = {key: value for key, value in codebuild.values.items() if key in names}
    speech = {k: v for k, v in polly.values.items() if any(word in k for word in POLLY_QUOTAS)}
    rows = [
        identity,
        *of_lambda,
        _check_voices(clients.polly, region),
        *polly.list_rows(speech),
        *codebuild.list_rows(builds),
    ]
    return AccountReport(rows, concurrency, builds)


def _check_identity(sts: "STSClient", region: str) -> Row:
    try:
        me = sts.get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise DeploymentError(f"AWS rejected the credentials: {error}") from error
    partition = me["Arn"].split(":")[1]
    if partition != "aws":
        raise DeploymentError(
            f"The account is in {partition}; only AWS's standard partition is supported, since the "
            "page needs CloudFront and the image a public registry."
        )
    return "account", me["Account"], f"as {me['Arn'].rpartition(':')[2]}, in {region}"


def _check_lambda(functions: "LambdaClient") -> tuple[int, list[Row]]:
    try:
        limit = functions.get_account_settings()["AccountLimit"]
    except (BotoCoreError, ClientError) as error:
        return NEW_ACCOUNT, [("Lambda, concurrency", "unknown", _format_error(error))]
    total, free = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
    reservable = max(0, free - KEPT_UNRESERVED)
    groups = choose_render_concurrency(total)
    expected = f"a story renders {groups} groups at a time; {reservable} may be reserved"
    if groups < MAX_RENDER_CONCURRENCY:
        expected += f"; below {2 * MAX_RENDER_CONCURRENCY}, long books take longer and callers may"
        expected += " get 429 meanwhile: request a higher limit (Service Quotas, AWS Lambda)"
    return total, [
        ("Lambda, concurrency", str(total), expected),
        (
            "Lambda, memory",
            f"{NEW_ACCOUNT_MB:,} MB",
            "the maximum in new accounts; all defaults fit",
        ),
    ]


def _check_voices(polly: "PollyClient", region: str) -> Row:
    try:
        voices = polly.describe_voices(Engine="generative")["Voices"]
    except EndpointConnectionError as error:
        raise DeploymentError(
            f"Amazon Polly cannot be reached in {region}; set AWS_REGION to a region that has it, "
            "for example eu-central-1."
        ) from error
    except (BotoCoreError, ClientError) as error:
        return "Polly, generative", "unknown", _format_error(error)
    follows = "the default engine" if voices else f"none in {region}: the best other engine is used"
    return "Polly, generative", f"{len(voices)} voices", follows


@dataclass(frozen=True, slots=True)
class _Quotas:
    """Quotas of a service by name; `trouble` says why they could not be read."""

    service: str
    values: Mapping[str, float]
    trouble: str = ""

    def list_rows(self, relevant: Mapping[str, float]) -> Iterator[Row]:
        if self.trouble:
            yield f"{self.service} quotas", "unknown", self.trouble
        for name, value in relevant.items():
            yield self.service, f"{value:g}", name


def _read_quotas(quotas: "ServiceQuotasClient", service: str) -> _Quotas:
    try:
        pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode=service)
        values = {each["QuotaName"]: each["Value"] for page in pages for each in page["Quotas"]}
    except (BotoCoreError, ClientError) as error:
        return _Quotas(service, {}, _format_error(error))
    return _Quotas(service, values)


def _format_error(error: Exception) -> str:
    return str(error).splitlines()[0][:120]
