"""List an ECR repository, and apply its plan.

ECR has no conditional deletion. So the functions' images are read again before the first deletion,
and each batch right before its own: images that were tagged, pushed or taken into use since the
listing are spared. Manifest lists are deleted before their parts, as ECR demands; the parts of a
remaining list are spared.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from mixer.errors import OutOfTime
from mixer.retention.aws_account import RUN_ERRORS, AwsAccount, describe_error, error_code
from mixer.retention.functions import read_image_uses
from mixer.retention.image_plan import find_admitted_functions, find_shared_accounts, find_subject
from mixer.retention.inventory import Image, RepositoryListing, Uses
from mixer.retention.plan import (
    DeletionResult,
    Outcome,
    RetentionPlan,
    Verdict,
    report_error,
    split_batches,
)
from mixer.retention.policy import RepositoryPolicy

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageDetailTypeDef, ImageFailureTypeDef

GONE = "ImageNotFound"

ImageToDelete = Verdict[Image]

LIST_TYPES = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)
"""Media types of manifest lists (Docker image manifest v2.2, OCI image)."""

BATCH = 100
"""Images of one BatchGetImage, BatchDeleteImage or filtered DescribeImages call (ECR API)."""


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
            return f"it belongs to another account, or may not be read ({describe_error(error)})"
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
        text = self._read_policy()
        return find_shared_accounts(text, self.account.account_id) if text else ()

    def _read_policy(self) -> str:
        """Read the repository's policy; empty if it has none."""
        try:
            answer = self.account.ecr.get_repository_policy(
                registryId=self.account.account_id, repositoryName=self.policy.repository
            )
        except ClientError as error:
            if error_code(error) == "RepositoryPolicyNotFoundException":
                return ""
            raise
        return answer["policyText"]

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
        """Read the digests that functions run, again.

        Raises:
            OutOfTime: the deadline came first.
        """
        try:
            text = self._read_policy()
        except (ClientError, BotoCoreError) as error:
            return Uses(unknown=f"the repository's policy cannot be read ({describe_error(error)})")
        admitted = find_admitted_functions(text) if text else None
        return read_image_uses(self.account.functions, admitted)


def _is_list(described: "ImageDetailTypeDef") -> bool:
    return described.get("imageManifestMediaType", "") in LIST_TYPES


def _parse_image(described: "ImageDetailTypeDef") -> Image:
    tags = tuple(sorted(described.get("imageTags", [])))
    return Image(
        digest=described["imageDigest"],
        pushed=described["imagePushedAt"],
        tags=tags,
        size_bytes=described.get("imageSizeInBytes", 0),
        pulled=described.get("lastRecordedPullTime"),
        subject=described.get("subjectManifestDigest", "") or find_subject(tags),
    )


def _parse_list_children(manifest: str) -> tuple[str, ...] | None:
    """Parse the digests in a manifest list; None when it cannot be read."""
    try:
        return tuple(str(child["digest"]) for child in json.loads(manifest)["manifests"])
    except (ValueError, KeyError, TypeError):
        return None


@dataclass(frozen=True, slots=True)
class ImageDeleter:
    """Deletes from one repository."""

    source: RepositorySource

    def apply(self, plan: RetentionPlan[Image]) -> Iterator[DeletionResult]:
        """Delete what the plan deletes, with a result for each image."""
        to_delete = list(plan.deletions)
        if not to_delete:
            return
        try:
            uses = self.source.read_uses()
        except OutOfTime as error:
            yield from report_error(to_delete, error)
            return
        if uses.unknown:
            yield from (DeletionResult(v, Outcome.SPARED, uses.unknown) for v in to_delete)
            return
        staying: set[str] = set()
        for wave in split_waves(to_delete):
            for batch in split_batches(wave, BATCH):
                for result in self._delete_unchanged(batch, uses, staying):
                    item = result.verdict.item
                    if result.outcome is not Outcome.DELETED and isinstance(item, Image):
                        staying.update(item.children)
                    yield result

    def _delete_unchanged(
        self, batch: Sequence[ImageToDelete], uses: Uses, staying: set[str]
    ) -> Iterator[DeletionResult]:
        """Delete the unchanged images of a batch, which do not depend on each other."""
        try:
            found = self.source.reread_images([verdict.item for verdict in batch])
        except RUN_ERRORS as error:
            yield from report_error(batch, error)
            return
        changes = [_describe_change(v.item, found.get(v.item.digest), uses, staying) for v in batch]
        judged = list(zip(batch, changes, strict=True))
        yield from (DeletionResult(v, Outcome.SPARED, change) for v, change in judged if change)
        yield from self._delete_batch([verdict for verdict, change in judged if not change])

    def _delete_batch(self, batch: Sequence[ImageToDelete]) -> Iterator[DeletionResult]:
        if not batch:
            return
        try:
            answer = self.source.account.ecr.batch_delete_image(
                registryId=self.source.account.account_id,
                repositoryName=self.source.policy.repository,
                imageIds=[{"imageDigest": verdict.item.digest} for verdict in batch],
            )
        except RUN_ERRORS as error:
            yield from report_error(batch, error)
            return
        failures = {f.get("imageId", {}).get("imageDigest"): f for f in answer["failures"]}
        yield from (_parse_result(v, failures.get(v.item.digest)) for v in batch)


def _parse_result(verdict: ImageToDelete, failure: "ImageFailureTypeDef | None") -> DeletionResult:
    if failure is None or failure.get("failureCode") == GONE:
        return DeletionResult(verdict, Outcome.DELETED)
    why = f"{failure.get('failureCode')}: {failure.get('failureReason')}"
    return DeletionResult(verdict, Outcome.FAILED, why)


def _describe_change(listed: Image, found: Image | None, uses: Uses, staying: set[str]) -> str:
    """Return why an image must be spared after all; empty if it did not change."""
    if listed.digest in uses.digests:
        return "a function runs it now"
    if listed.digest in staying:
        return "a manifest list that names it is still there"
    if found is None:
        return "it is already gone"
    changed = (found.tags, found.last_needed) != (listed.tags, listed.last_needed)
    return "it was tagged, pushed or pulled since it was listed" if changed else ""


def split_waves(to_delete: Sequence[ImageToDelete]) -> Iterator[list[ImageToDelete]]:
    """Order the images so that each list comes before its parts.

    Lists that name each other, which digests make impossible, would go together.
    """
    remaining = {verdict.item.digest: verdict for verdict in to_delete}
    while remaining:
        named = {child for verdict in remaining.values() for child in verdict.item.children}
        wave = [v for digest, v in remaining.items() if digest not in named]
        wave = wave or list(remaining.values())
        yield wave
        for verdict in wave:
            del remaining[verdict.item.digest]
