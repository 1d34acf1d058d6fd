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

from mixer.housekeeping.carrying_out import batches
from mixer.housekeeping.listing import Image, RepositoryListing, Uses
from mixer.housekeeping.pace import Pace, code_of, said
from mixer.housekeeping.policy import RepositoryPolicy
from mixer.housekeeping.sharing import shared_with

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
        account: whose registry it is.
        policy: the repository's rules.
        uses: asks which images functions run, anew each time.
        pace: how patiently to ask.
    """

    client: "ECRClient"
    account: str
    policy: RepositoryPolicy
    uses: Callable[[], Uses]
    pace: Pace

    def refusal(self) -> str:
        """Why this repository cannot be cleaned; empty when it can."""
        try:
            self.pace.ask(
                lambda: self.client.describe_repositories(
                    registryId=self.account, repositoryNames=[self.policy.repository]
                )
            )
        except ClientError as error:
            if code_of(error) == "RepositoryNotFoundException":
                return "there is no such repository"
            return f"it is not ours, or we may not look at it ({said(error)})"
        return ""

    def gather(self) -> RepositoryListing:
        """Everything that deciding needs; whole, or an exception."""
        shared = self._shared_with()
        described = list(self._described())
        lists = [d["imageDigest"] for d in described if _is_list(d)]
        children = self._children(lists)
        images = (
            replace(_image(d), children=children.get(d["imageDigest"], ())) for d in described
        )
        return RepositoryListing(
            repository=self.policy.repository,
            images=tuple(sorted(images, key=lambda image: (image.pushed, image.digest))),
            uses=self.uses(),
            shared_with=shared,
            unreadable=tuple(digest for digest in lists if digest not in children),
        )

    def _shared_with(self) -> tuple[str, ...]:
        try:
            answer = self.pace.ask(
                lambda: self.client.get_repository_policy(
                    registryId=self.account, repositoryName=self.policy.repository
                )
            )
        except ClientError as error:
            if code_of(error) == "RepositoryPolicyNotFoundException":
                return ()
            raise
        return shared_with(answer["policyText"], self.account)

    def _described(self) -> "Iterator[ImageDetailTypeDef]":
        token = ""
        while True:
            page = self.pace.ask(
                lambda token=token: self.client.describe_images(  # type: ignore[misc]
                    registryId=self.account,
                    repositoryName=self.policy.repository,
                    maxResults=PAGE,
                    **({"nextToken": token} if token else {}),
                )
            )
            yield from page["imageDetails"]
            token = page.get("nextToken", "")
            if not token:
                return

    def _children(self, lists: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """What each manifest list names; one that cannot be read is missing."""
        found: dict[str, tuple[str, ...]] = {}
        for batch in batches(lists, BATCH):
            answer = self.pace.ask(
                lambda batch=batch: self.client.batch_get_image(  # type: ignore[misc]
                    registryId=self.account,
                    repositoryName=self.policy.repository,
                    imageIds=[{"imageDigest": digest} for digest in batch],
                    acceptedMediaTypes=list(LIST_TYPES),
                )
            )
            for image in answer["images"]:
                children = _children_named_in(image.get("imageManifest", ""))
                if children is not None:
                    found[image["imageId"]["imageDigest"]] = children
        return found

    def look_again(self, batch: Sequence[Image]) -> Mapping[str, Image]:
        """How images stand now; without those that are gone.

        Should one of a batch be gone, ECR refuses the whole question and each is asked for alone.
        """
        try:
            answer = self.pace.ask(
                lambda: self.client.describe_images(
                    registryId=self.account,
                    repositoryName=self.policy.repository,
                    imageIds=[{"imageDigest": image.digest} for image in batch],
                )
            )
        except ClientError as error:
            if code_of(error) != "ImageNotFoundException":
                raise
            alone = ((image,) for image in batch if len(batch) > 1)
            return {k: v for one in alone for k, v in self.look_again(one).items()}
        images = map(_image, answer["imageDetails"])
        return {image.digest: image for image in images}


def _is_list(described: "ImageDetailTypeDef") -> bool:
    return described.get("imageManifestMediaType", "") in LIST_TYPES


def _image(described: "ImageDetailTypeDef") -> Image:
    return Image(
        digest=described["imageDigest"],
        pushed=described["imagePushedAt"],
        tags=tuple(sorted(described.get("imageTags", []))),
        size_bytes=described.get("imageSizeInBytes", 0),
        pulled=described.get("lastRecordedPullTime"),
        subject=described.get("subjectManifestDigest", ""),
    )


def _children_named_in(manifest: str) -> tuple[str, ...] | None:
    """The digests that a manifest list names; None when it cannot be read."""
    try:
        return tuple(str(child["digest"]) for child in json.loads(manifest)["manifests"])
    except (ValueError, KeyError, TypeError):
        return None
