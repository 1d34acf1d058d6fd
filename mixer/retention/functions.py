"""Functions: which images they run, and their old versions.

All versions are listed, which covers aliases. One failed, incomplete or empty answer makes all uses
unknown, and then no image may be deleted: the clean-up itself runs from an image.

A version stays while it is the newest of its function, while the state machine calls it, and while
a story that began before the next version was published may still run. What runs an old version
runs its image too, which is why images can only be deleted after versions.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from mixer.retention.aws_account import RUN_ERRORS, AwsAccount, describe_error, error_code
from mixer.retention.inventory import FunctionListing, FunctionVersion, Uses
from mixer.retention.plan import (
    DeletionResult,
    Outcome,
    Reason,
    RetentionPlan,
    Verdict,
    build_limit,
    report_error,
)
from mixer.retention.policy import FunctionPolicy

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import FunctionConfigurationTypeDef

SPARED_VERSIONS = 10
"""Without a configured share, so many may be deleted even if they exceed half."""

UNPUBLISHED = "$LATEST"

DENIED = "AccessDeniedException"
GONE = "ResourceNotFoundException"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}$")
"""The end of a resolved image's address; anything else is an incomplete answer."""

_VERSION_ARN = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+:\d+")


def read_image_uses(client: "LambdaClient", admitted: Sequence[str] | None) -> Uses:
    """Read the digests of all versions of all functions in the account's region.

    A function that may not be read does not count if `admitted`, the patterns of functions that
    may run the images (None for all), exclude it.

    Raises:
        OutOfTime: the deadline came first.
    """
    digests: set[str] = set()
    try:
        for version in _list_image_versions(client):
            digest = _resolve_digest(client, version, admitted)
            if digest is None:
                continue
            if not digest:
                name = f"{version['FunctionName']}:{version['Version']}"
                return Uses(unknown=f"Lambda does not say which image {name} runs")
            digests.add(digest)
    except (ClientError, BotoCoreError) as error:
        why = describe_error(error)
        return Uses(unknown=f"Lambda could not list the images in use ({why})")
    if not digests:
        return Uses(unknown="Lambda lists no function that runs an image, which cannot be")
    return Uses(frozenset(digests))


def _list_image_versions(client: "LambdaClient") -> "Iterator[FunctionConfigurationTypeDef]":
    """List every version, `$LATEST` included, of functions that run an image."""
    pages = client.get_paginator("list_functions").paginate(FunctionVersion="ALL")
    versions = (version for page in pages for version in page.get("Functions", []))
    return (version for version in versions if version.get("PackageType") == "Image")


def _resolve_digest(
    client: "LambdaClient",
    version: "FunctionConfigurationTypeDef",
    admitted: Sequence[str] | None,
) -> str | None:
    """Return the digest of a version's image; empty if unknown, None if it is of another place."""
    try:
        answer = client.get_function(
            FunctionName=version["FunctionName"], Qualifier=version["Version"]
        )
    except ClientError as error:
        arn = version["FunctionArn"].removesuffix(f":{version['Version']}")
        is_excluded = admitted is not None and not any(fnmatchcase(arn, each) for each in admitted)
        if error_code(error) == DENIED and is_excluded:
            return None
        raise
    found = _DIGEST.search(answer.get("Code", {}).get("ResolvedImageUri", ""))
    return found.group() if found else ""


@dataclass(frozen=True, slots=True)
class FunctionSource:
    """The functions of a policy."""

    account: AwsAccount
    policy: FunctionPolicy

    def read_listing(self) -> FunctionListing:
        """Read everything that the plan needs, completely or with an exception."""
        called, unknown = self.read_called_versions()
        return FunctionListing(tuple(self._list_versions()), called, unknown)

    def _list_versions(self) -> Iterator[FunctionVersion]:
        for found in _list_image_versions(self.account.functions):
            is_ours = fnmatchcase(found["FunctionName"], self.policy.functions)
            if is_ours and found["Version"] != UNPUBLISHED:
                published = datetime.fromisoformat(found["LastModified"]).astimezone(UTC)
                yield FunctionVersion(found["FunctionArn"], published)

    def read_called_versions(self) -> tuple[frozenset[str], str]:
        """Read the ARNs that the state machine names, or why they are unknown."""
        try:
            found = self.account.states.describe_state_machine(
                stateMachineArn=self.policy.state_machine
            )
        except (ClientError, BotoCoreError) as error:
            return frozenset(), f"the state machine cannot be read ({describe_error(error)})"
        called = frozenset(_VERSION_ARN.findall(found["definition"]))
        return called, "" if called else "the state machine names no version of a function"

    def apply(self, plan: RetentionPlan[FunctionVersion]) -> Iterator[DeletionResult]:
        """Delete what the plan deletes, unless the state machine calls it by now."""
        to_delete = list(plan.deletions)
        try:
            called, unknown = self.read_called_versions() if to_delete else (frozenset(), "")
        except RUN_ERRORS as error:
            yield from report_error(to_delete, error)
            return
        for verdict in to_delete:
            if unknown or verdict.item.arn in called:
                yield DeletionResult(verdict, Outcome.SPARED, unknown)
            else:
                yield self._delete_version(verdict)

    def _delete_version(self, verdict: Verdict[FunctionVersion]) -> DeletionResult:
        item = verdict.item
        try:
            self.account.functions.delete_function(
                FunctionName=item.function, Qualifier=str(item.number)
            )
        except RUN_ERRORS as error:
            if error_code(error) != GONE:
                return next(report_error([verdict], error))
        return DeletionResult(verdict, Outcome.DELETED)


def plan_functions(
    listing: FunctionListing, policy: FunctionPolicy, now: datetime
) -> RetentionPlan[FunctionVersion]:
    """Decide on every version of the functions at a moment in UTC."""
    superseded = find_superseded(listing.versions)
    return RetentionPlan(
        target=policy.name,
        now=now,
        verdicts=tuple(
            Verdict(each, _judge_version(each, listing, superseded, policy, now))
            for each in listing.versions
        ),
        limit=build_limit(policy.max_share, SPARED_VERSIONS),
        warnings=(f"{policy.name}: {listing.unknown}",) if listing.unknown else (),
    )


def find_superseded(versions: Sequence[FunctionVersion]) -> Mapping[str, datetime]:
    """Find when the next version of each was published; the newest are missing."""
    ordered = sorted(versions, key=lambda version: (version.function, version.number))
    return {
        one.arn: following.published
        for one, following in pairwise(ordered)
        if one.function == following.function
    }


def _judge_version(
    version: FunctionVersion,
    listing: FunctionListing,
    superseded: Mapping[str, datetime],
    policy: FunctionPolicy,
    now: datetime,
) -> Reason:
    since = superseded.get(version.arn)
    if listing.unknown:
        return Reason.CALLS_UNKNOWN
    if version.arn in listing.called:
        return Reason.CALLED
    if since is None:
        return Reason.NEWEST
    days = max(policy.age_days, policy.running_days)
    return Reason.YOUNG if now - since <= timedelta(days=days) else Reason.OLD_VERSION
