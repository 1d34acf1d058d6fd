"""Listing of an ECR repository: manifests, accounts it is shared with, images in use.

Other accounts' functions cannot be listed, so a shared image may be in use unseen; in doubt a
policy statement counts as sharing. A service principal alone shares nothing, but accounts in its
condition count.
https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#configuration-images-permissions

All versions of functions are listed, which covers aliases. One failed, incomplete or empty answer
makes all uses unknown, and then nothing may be deleted: the clean-up itself runs from an image.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from mixer.retention.apply import split_batches
from mixer.retention.aws_account import AwsAccount, describe_error, error_code
from mixer.retention.inventory import Image, RepositoryListing, Uses
from mixer.retention.policy import RepositoryPolicy

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageDetailTypeDef
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import FunctionConfigurationTypeDef

LIST_TYPES = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)
"""Media types of manifest lists (Docker image manifest v2.2, OCI image)."""

BATCH = 100
"""Images of one BatchGetImage, BatchDeleteImage or filtered DescribeImages call (ECR API)."""

EVERYONE = "everyone"
UNREADABLE = "a policy that cannot be read"

_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
"""An AWS account id, alone or within an ARN."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}$")
"""The end of a resolved image's address; anything else is an incomplete answer."""


@dataclass(frozen=True, slots=True)
class RepositorySource:
    """A repository to list."""

    account: AwsAccount
    policy: RepositoryPolicy

    def check_access(self) -> str:
        """Return why this repository cannot be cleaned; empty when it can."""
        try:
            self.account.ecr.describe_repositories(
                registryId=self.account.account_id, repositoryNames=[self.policy.repository]
            )
        except ClientError as error:
            if error_code(error) == "RepositoryNotFoundException":
                return "the repository does not exist"
            return f"it is not ours, or we may not look at it ({describe_error(error)})"
        return ""

    def read_listing(self) -> RepositoryListing:
        """Read everything that the plan needs, completely or with an exception."""
        shared = self._read_shared_accounts()
        described = list(self._describe_images())
        lists = [d["imageDigest"] for d in described if _is_list(d)]
        children = self._read_list_children(lists)
        images = (
            replace(_parse_image(d), children=children.get(d["imageDigest"], ())) for d in described
        )
        return RepositoryListing(
            repository=self.policy.repository,
            images=tuple(sorted(images, key=lambda image: (image.pushed, image.digest))),
            uses=self.read_uses(),
            shared_with=shared,
            unreadable=tuple(digest for digest in lists if digest not in children),
        )

    def _read_shared_accounts(self) -> tuple[str, ...]:
        try:
            answer = self.account.ecr.get_repository_policy(
                registryId=self.account.account_id, repositoryName=self.policy.repository
            )
        except ClientError as error:
            if error_code(error) == "RepositoryPolicyNotFoundException":
                return ()
            raise
        return find_shared_accounts(answer["policyText"], self.account.account_id)

    def _describe_images(self) -> "Iterator[ImageDetailTypeDef]":
        pages = self.account.ecr.get_paginator("describe_images").paginate(
            registryId=self.account.account_id, repositoryName=self.policy.repository
        )
        return (described for page in pages for described in page["imageDetails"])

    def _read_list_children(self, lists: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Read the digests in each manifest list; an unreadable list is missing."""
        found: dict[str, tuple[str, ...]] = {}
        for batch in split_batches(lists, BATCH):
            answer = self.account.ecr.batch_get_image(
                registryId=self.account.account_id,
                repositoryName=self.policy.repository,
                imageIds=[{"imageDigest": digest} for digest in batch],
                acceptedMediaTypes=list(LIST_TYPES),
            )
            for image in answer["images"]:
                children = _parse_list_children(image.get("imageManifest", ""))
                if children is not None:
                    found[image["imageId"]["imageDigest"]] = children
        return found

    def reread_images(self, batch: Sequence[Image]) -> Mapping[str, Image]:
        """Read the current state of images, without those that are gone.

        If one of a batch is gone, ECR refuses the whole request, and each is read alone.
        """
        try:
            answer = self.account.ecr.describe_images(
                registryId=self.account.account_id,
                repositoryName=self.policy.repository,
                imageIds=[{"imageDigest": image.digest} for image in batch],
            )
        except ClientError as error:
            if error_code(error) != "ImageNotFoundException":
                raise
            alone = ((image,) for image in batch if len(batch) > 1)
            return {k: v for one in alone for k, v in self.reread_images(one).items()}
        images = map(_parse_image, answer["imageDetails"])
        return {image.digest: image for image in images}

    def read_uses(self) -> Uses:
        """Read the digests of all versions of all functions in the account's region again.

        Raises:
            OutOfTime: the deadline came first.
        """
        digests: set[str] = set()
        try:
            for version in _list_image_versions(self.account.functions):
                digest = _resolve_digest(self.account.functions, version)
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


def _is_list(described: "ImageDetailTypeDef") -> bool:
    return described.get("imageManifestMediaType", "") in LIST_TYPES


def _parse_image(described: "ImageDetailTypeDef") -> Image:
    return Image(
        digest=described["imageDigest"],
        pushed=described["imagePushedAt"],
        tags=tuple(sorted(described.get("imageTags", []))),
        size_bytes=described.get("imageSizeInBytes", 0),
        pulled=described.get("lastRecordedPullTime"),
        subject=described.get("subjectManifestDigest", ""),
    )


def _parse_list_children(manifest: str) -> tuple[str, ...] | None:
    """Parse the digests in a manifest list; None when it cannot be read."""
    try:
        return tuple(str(child["digest"]) for child in json.loads(manifest)["manifests"])
    except (ValueError, KeyError, TypeError):
        return None


def _list_image_versions(client: "LambdaClient") -> "Iterator[FunctionConfigurationTypeDef]":
    """List every version, `$LATEST` included, of functions that run an image."""
    pages = client.get_paginator("list_functions").paginate(FunctionVersion="ALL")
    versions = (version for page in pages for version in page.get("Functions", []))
    return (version for version in versions if version.get("PackageType") == "Image")


def _resolve_digest(client: "LambdaClient", version: "FunctionConfigurationTypeDef") -> str:
    """Return the digest of a version's image; empty if Lambda does not state it."""
    answer = client.get_function(FunctionName=version["FunctionName"], Qualifier=version["Version"])
    found = _DIGEST.search(answer.get("Code", {}).get("ResolvedImageUri", ""))
    return found.group() if found else ""


def find_shared_accounts(policy_text: str, account_id: str) -> tuple[str, ...]:
    """Find the other accounts that a repository policy (JSON) admits, sorted.

    `account_id` is ours, 12 digits.
    """
    try:
        statements = json.loads(policy_text)["Statement"]
    except (ValueError, KeyError, TypeError):
        return (UNREADABLE,)
    found = {name for one in _as_list(statements) for name in _find_principals(one, account_id)}
    return tuple(sorted(found - {account_id}))


def _find_principals(statement: object, account_id: str) -> Iterator[str]:
    """Find the accounts that a statement admits, ours included."""
    if not isinstance(statement, Mapping):
        yield UNREADABLE
        return
    if statement.get("Effect") != "Allow":
        return
    conditioned = set(_ACCOUNT.findall(json.dumps(statement.get("Condition", {}))))
    principal = statement.get("Principal", "*")
    named = principal if isinstance(principal, Mapping) else {"AWS": principal}
    for kind, names in named.items():
        if kind == "Service":
            yield from conditioned
        else:
            yield from _find_accounts(names, conditioned, account_id)


def _find_accounts(names: object, condition_accounts: set[str], account_id: str) -> Iterator[str]:
    for name in map(str, _as_list(names)):
        found = _ACCOUNT.findall(name)
        if found:
            yield from found
        else:
            yield from ([account_id] if condition_accounts == {account_id} else [EVERYONE])


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
