"""Gathering what lies in an ECR repository, and deleting images from it.

Gathering: is the repository there; whom it is shared with; every manifest; what the manifest
lists name; which images functions run. Deleting: lists before their parts, since ECR refuses the
other order; each batch is looked at once more right before, and an image that was tagged, pushed
again or taken into use since the listing is spared, with its parts.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from mixer.retention.apply import split_batches
from mixer.retention.inventory import Image, RepositoryListing, Uses
from mixer.retention.policy import RepositoryPolicy
from mixer.retention.repository_policy import find_shared_accounts
from mixer.retention.retries import Retrier, describe_error, error_code

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageDetailTypeDef

LIST_TYPES = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)
"""Media types of manifests that name other manifests (Docker image manifest v2.2, OCI image)."""

BATCH = 100
"""Images of one BatchGetImage, BatchDeleteImage or filtered DescribeImages call (ECR API)."""

PAGE = 1_000
"""The most that DescribeImages lists at once (ECR API)."""


@dataclass(frozen=True, slots=True)
class RepositorySource:
    """A repository as it is read.

    Attributes:
        client: of ECR.
        account_id: whose registry it is.
        policy: the repository's rules.
        read_uses: asks which images functions run, anew each time.
        retrier: how patiently to ask.
    """

    client: "ECRClient"
    account_id: str
    policy: RepositoryPolicy
    read_uses: Callable[[], Uses]
    retrier: Retrier

    def check_access(self) -> str:
        """Why this repository cannot be cleaned; empty when it can."""
        try:
            self.retrier.call(
                lambda: self.client.describe_repositories(
                    registryId=self.account_id, repositoryNames=[self.policy.repository]
                )
            )
        except ClientError as error:
            if error_code(error) == "RepositoryNotFoundException":
                return "there is no such repository"
            return f"it is not ours, or we may not look at it ({describe_error(error)})"
        return ""

    def read_listing(self) -> RepositoryListing:
        """Everything that deciding needs; whole, or an exception."""
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
            answer = self.retrier.call(
                lambda: self.client.get_repository_policy(
                    registryId=self.account_id, repositoryName=self.policy.repository
                )
            )
        except ClientError as error:
            if error_code(error) == "RepositoryPolicyNotFoundException":
                return ()
            raise
        return find_shared_accounts(answer["policyText"], self.account_id)

    def _describe_images(self) -> "Iterator[ImageDetailTypeDef]":
        token = ""
        while True:
            page = self.retrier.call(
                lambda token=token: self.client.describe_images(  # type: ignore[misc]
                    registryId=self.account_id,
                    repositoryName=self.policy.repository,
                    maxResults=PAGE,
                    **({"nextToken": token} if token else {}),
                )
            )
            yield from page["imageDetails"]
            token = page.get("nextToken", "")
            if not token:
                return

    def _read_list_children(self, lists: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """What each manifest list names; one that cannot be read is missing."""
        found: dict[str, tuple[str, ...]] = {}
        for batch in split_batches(lists, BATCH):
            answer = self.retrier.call(
                lambda batch=batch: self.client.batch_get_image(  # type: ignore[misc]
                    registryId=self.account_id,
                    repositoryName=self.policy.repository,
                    imageIds=[{"imageDigest": digest} for digest in batch],
                    acceptedMediaTypes=list(LIST_TYPES),
                )
            )
            for image in answer["images"]:
                children = _parse_list_children(image.get("imageManifest", ""))
                if children is not None:
                    found[image["imageId"]["imageDigest"]] = children
        return found

    def reread_images(self, batch: Sequence[Image]) -> Mapping[str, Image]:
        """How images stand now; without those that are gone.

        Should one of a batch be gone, ECR refuses the whole question and each is asked for alone.
        """
        try:
            answer = self.retrier.call(
                lambda: self.client.describe_images(
                    registryId=self.account_id,
                    repositoryName=self.policy.repository,
                    imageIds=[{"imageDigest": image.digest} for image in batch],
                )
            )
        except ClientError as error:
            if error_code(error) != "ImageNotFoundException":
                raise
            alone = ((image,) for image in batch if len(batch) > 1)
            return {k: v for one in alone for k, v in self.reread_images(one).items()}
        images = map(_parse_image, answer["imageDetails"])
        return {image.digest: image for image in images}


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
    """The digests that a manifest list names; None when it cannot be read."""
    try:
        return tuple(str(child["digest"]) for child in json.loads(manifest)["manifests"])
    except (ValueError, KeyError, TypeError):
        return None
