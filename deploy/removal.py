"""`make destroy`: delete the stacks in reverse order, and what CloudFormation cannot delete.

A bucket must be empty before its stack can go. Audio, music and the secret of stories are retained
by the templates; they need separate consent. Otherwise what stays is printed with its cost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from deploy import change_sets
from deploy.errors import DeploymentError
from deploy.stacks import INFRA, STACKS, STORY
from deploy.terminal import Terminal

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef
    from mypy_boto3_secretsmanager import SecretsManagerClient

USD_GB_MONTH = 0.023
"""S3 Standard, us-east-1 (S3 pricing)."""

BATCH_OBJECTS = 1_000
"""Per DeleteObjects request (S3 API)."""

TRIES = 4
"""Access logs still arrive while their bucket is being emptied."""

KEPT_BUCKETS = ("OutputBucket", "MusicBucket")
"""Retained when the infra stack is deleted (their DeletionPolicy)."""

SECRET_TAG = "mixer-stack"  # noqa: S105 - the name of a tag
"""The tag that names the stack of the retained secret."""

SECRET_USD_MONTH = 0.40
"""Secrets Manager pricing; a secret that is scheduled for deletion costs nothing."""

RECOVERY_DAYS = 7
"""In which a deleted secret can be restored, the shortest that AWS allows."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket and its content, versions included."""

    name: str
    objects: int
    size_bytes: int

    def describe(self) -> str:
        """Describe it in words, with its cost."""
        usd = self.size_bytes / 1e9 * USD_GB_MONTH
        size = f"{self.size_bytes / 1e9:.2f} GB"
        return f"{self.name}: {self.objects:,} objects, {size}, {usd:.2f} USD a month"


def destroy(
    deployment: str,
    session: boto3.Session,
    terminal: Terminal,
    *,
    audio: bool | None,
    role: str = "",
) -> None:
    """Delete a deployment; `audio`: whether what is kept otherwise goes too, None to ask.

    `role` is the ARN of CloudFormation's role; by default the one of the infra stack.

    Raises:
        DeploymentError: no consent, or AWS failed.
    """
    client, s3 = session.client("cloudformation"), session.client("s3")
    kept = list(_find_kept_buckets(s3, INFRA.name(deployment)))
    secrets = session.client("secretsmanager")
    keys = list(_find_secrets(secrets, STORY.name(deployment)))
    there = [
        each.name(deployment)
        for each in reversed(STACKS)
        if change_sets.find_stack(client, each.name(deployment))
    ]
    if not there and not kept and not keys:
        terminal.print_line(f"{deployment} is not deployed.")
        return
    if there and not terminal.confirm(f"Delete the stacks {', '.join(there)}?"):
        raise DeploymentError("Nothing was deleted.")
    role = role or _find_role(client, deployment)
    for name in there:
        own = "" if name == INFRA.name(deployment) else role
        _delete_stack(client, s3, StackRemoval(name, own), terminal)
    _delete_audio(s3, kept, terminal, delete=audio)
    _delete_secrets(secrets, keys, terminal, delete=audio)


@dataclass(frozen=True, slots=True)
class StackRemoval:
    """A stack to delete, and CloudFormation's role for it; empty for the caller's permissions."""

    name: str
    role: str


def _find_role(client: "CloudFormationClient", deployment: str) -> str:
    """Find the role of people's deployments; empty if the infra stack is gone or older."""
    if change_sets.find_stack(client, INFRA.name(deployment)) is None:
        return ""
    return change_sets.read_outputs(client, INFRA.name(deployment)).get("OperatorRoleArn", "")


def _find_secrets(client: "SecretsManagerClient", stack: str) -> Iterator[str]:
    """Find the secrets that a stack retains or has retained."""
    wanted = {"Key": SECRET_TAG, "Value": stack}
    for page in client.get_paginator("list_secrets").paginate():
        for each in page["SecretList"]:
            if wanted in each.get("Tags", []):
                yield each["ARN"]


def _delete_secrets(
    client: "SecretsManagerClient", arns: Sequence[str], terminal: Terminal, *, delete: bool | None
) -> None:
    """Delete the secrets of stories, or print what they cost."""
    for arn in arns:
        what = (
            f"{arn.rpartition(':')[2]}: the secret of stories, {SECRET_USD_MONTH:.2f} USD a month"
        )
        if terminal.confirm(f"Delete it? {what}") if delete is None else delete:
            client.delete_secret(SecretId=arn, RecoveryWindowInDays=RECOVERY_DAYS)
            terminal.print_line(f"{what}: deleted in {RECOVERY_DAYS} days")
        else:
            terminal.print_line(f"Kept: {what}")


def _find_kept_buckets(s3: "S3Client", infra: str) -> Iterator[str]:
    """Find the buckets of audio and music, whether their stack exists or not.

    CloudFormation names a bucket after its stack and its logical id.
    """
    begins = tuple(f"{infra}-{each}-".lower() for each in KEPT_BUCKETS)
    for each in s3.list_buckets()["Buckets"]:
        if each["Name"].startswith(begins):
            yield each["Name"]


def _delete_stack(
    client: "CloudFormationClient", s3: "S3Client", removal: StackRemoval, terminal: Terminal
) -> None:
    name = removal.name
    for _ in range(TRIES):
        for bucket in _list_buckets(client, name):
            empty_bucket(s3, bucket)
        client.delete_stack(StackName=name, **change_sets.choose_role(removal.role))
        status = change_sets.await_stack(client, name, terminal)
        if status == "DELETE_COMPLETE":
            terminal.print_line(f"{name}: deleted")
            return
    raise DeploymentError(
        f"{name} could not be deleted ({status}); its events in the console show the reason."
    )


def _list_buckets(client: "CloudFormationClient", name: str) -> list[str]:
    """List the buckets of a stack."""
    pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
    return [
        each["PhysicalResourceId"]
        for page in pages
        for each in page["StackResourceSummaries"]
        if each["ResourceType"] == "AWS::S3::Bucket"
        and each["LogicalResourceId"] not in KEPT_BUCKETS
        and each["ResourceStatus"] != "DELETE_COMPLETE"
    ]


def _delete_audio(
    s3: "S3Client", kept: Sequence[str], terminal: Terminal, *, delete: bool | None
) -> None:
    for bucket in (_measure_bucket(s3, name) for name in kept):
        question = f"Delete all audio? {bucket.describe()}"
        if terminal.confirm(question) if delete is None else delete:
            empty_bucket(s3, bucket.name)
            s3.delete_bucket(Bucket=bucket.name)
            terminal.print_line(f"{bucket.name}: deleted")
        else:
            terminal.print_line(f"Kept: {bucket.describe()}")


def _measure_bucket(s3: "S3Client", name: str) -> Bucket:
    versions = list(_list_versions(s3, name))
    return Bucket(name, len(versions), sum(size for _, size in versions))


def empty_bucket(s3: "S3Client", bucket: str) -> None:
    """Delete everything in a bucket: objects, older versions, markers, unfinished uploads."""
    try:
        identifiers = [identifier for identifier, _ in _list_versions(s3, bucket)]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucket":
            return
        raise
    for start in range(0, len(identifiers), BATCH_OBJECTS):
        batch = identifiers[start : start + BATCH_OBJECTS]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        if answer.get("Errors"):
            first = answer["Errors"][0]
            raise DeploymentError(
                f"{bucket}/{first.get('Key')} was not deleted: {first.get('Message')}"
            )
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for each in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=each["Key"], UploadId=each["UploadId"])


def _list_versions(s3: "S3Client", bucket: str) -> "Iterator[tuple[ObjectIdentifierTypeDef, int]]":
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for each in page.get("Versions", []):
            yield {"Key": each["Key"], "VersionId": each["VersionId"]}, each["Size"]
        for marker in page.get("DeleteMarkers", []):
            yield {"Key": marker["Key"], "VersionId": marker["VersionId"]}, 0
