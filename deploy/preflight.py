"""Report the account's limits that affect the service, before anything is created.

They never stop a deployment: the templates' defaults deploy to a new account. Limits that cannot be
read are shown as unknown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from deploy.errors import DeploymentError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_polly import PollyClient
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sts import STSClient

KEPT_UNRESERVED = 10
"""Concurrent executions that cannot be reserved (templates' ReservedConcurrency)."""

NEW_ACCOUNT_MB = 3_008
RELEVANT_QUOTAS = {
    "polly": ("SynthesizeSpeech", "Generative", "Neural", "Standard", "Long-form"),
    "codebuild": ("Concurrently running builds for Linux/Medium",),
}
"""Words of the relevant quotas by service, as in Service Quotas."""

Row = tuple[str, str, str]
"""Limit, value and consequence."""


@dataclass(frozen=True, slots=True)
class PreflightClients:
    """The clients for the checks."""

    sts: "STSClient"
    functions: "LambdaClient"
    polly: "PollyClient"
    quotas: "ServiceQuotasClient"


def inspect_account(clients: PreflightClients, region: str) -> list[Row]:
    """Return the rows of a table for the deployer.

    Raises:
        DeploymentError: AWS accepts no credentials.
    """
    return [
        _check_identity(clients.sts, region),
        *_check_lambda(clients.functions),
        _check_voices(clients.polly, region),
        *_check_quotas(clients.quotas),
    ]


def _check_identity(sts: "STSClient", region: str) -> Row:
    try:
        me = sts.get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise DeploymentError(f"AWS rejected the credentials: {error}") from error
    return "account", me["Account"], f"as {me['Arn'].rpartition(':')[2]}, in {region}"


def _check_lambda(functions: "LambdaClient") -> Iterator[Row]:
    try:
        limit = functions.get_account_settings()["AccountLimit"]
    except (BotoCoreError, ClientError) as error:
        yield "Lambda, concurrency", "unknown", _format_error(error)
        return
    at_once, free = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
    reservable = max(0, free - KEPT_UNRESERVED)
    yield "Lambda, concurrency", str(at_once), f"{reservable} may be reserved (ReservedConcurrency)"
    most = f"{NEW_ACCOUNT_MB:,} MB"
    yield "Lambda, memory", most, "the maximum in new accounts; all defaults are within it"


def _check_voices(polly: "PollyClient", region: str) -> Row:
    try:
        voices = polly.describe_voices(Engine="generative")["Voices"]
    except (BotoCoreError, ClientError) as error:
        return "Polly, generative", "unknown", _format_error(error)
    follows = "the default engine" if voices else f"none in {region}: the best other engine is used"
    return "Polly, generative", f"{len(voices)} voices", follows


def _check_quotas(quotas: "ServiceQuotasClient") -> Iterator[Row]:
    for service, words in RELEVANT_QUOTAS.items():
        try:
            found = quotas.get_paginator("list_service_quotas").paginate(ServiceCode=service)
            listed = [each for page in found for each in page["Quotas"]]
        except (BotoCoreError, ClientError) as error:
            yield f"{service} quotas", "unknown", _format_error(error)
            continue
        for each in listed:
            if any(word.lower() in each["QuotaName"].lower() for word in words):
                yield service, f"{each['Value']:g}", each["QuotaName"]


def _format_error(error: Exception) -> str:
    return str(error).splitlines()[0][:120]
