"""Listing of an S3 bucket.

In order: access, top-level folders outside the rules, every version under the rules' prefixes,
unfinished uploads, and, if chunks are to be deleted, the scripts of living stories. Costs one call
per thousand versions and a handful more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from mixer.retention.aws_account import describe_error, error_code
from mixer.retention.bucket_plan import find_living_stories, find_script_keys, parse_chunk_keys
from mixer.retention.inventory import BucketListing, Folder, ObjectVersion, Upload
from mixer.retention.policy import CHUNKS, STORIES, BucketPolicy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectVersionsOutputTypeDef

ENABLED = "Enabled"
"""The versioning status under which every write gets a version id of its own."""


@dataclass(frozen=True, slots=True)
class BucketSource:
    """A bucket to list; S3 refuses calls unless `account_id` owns it."""

    client: "S3Client"
    account_id: str
    policy: BucketPolicy

    def check_access(self) -> str:
        """Return why this bucket cannot be cleaned; empty when it can."""
        try:
            self.read_versioning()
        except ClientError as error:
            if error_code(error) in {"NoSuchBucket", "404"}:
                return "the bucket does not exist"
            return f"it is not ours, or we may not look at it ({describe_error(error)})"
        return ""

    def read_versioning(self) -> str:
        """Return `Enabled`, `Suspended`, or empty for a bucket that was never versioned."""
        answer = self.client.get_bucket_versioning(
            Bucket=self.policy.bucket, ExpectedBucketOwner=self.account_id
        )
        return answer.get("Status", "")

    def read_listing(self, now: datetime, versioning: str) -> BucketListing:
        """Read everything that the plan needs, completely or with an exception."""
        folders, top_level = self._list_other_folders()
        prefixes = _drop_nested_prefixes(_prefixes_to_list(self.policy))
        found = (version for prefix in prefixes for version in self._list_versions(prefix))
        keeps_etag = versioning != ENABLED
        listing = BucketListing(
            bucket=self.policy.bucket,
            versions=(*top_level, *(v if keeps_etag else replace(v, etag="") for v in found)),
            uploads=tuple(self._list_uploads()),
            other_folders=folders,
        )
        return self._add_named_chunks(listing, now)

    def _list_other_folders(self) -> tuple[tuple[Folder, ...], tuple[ObjectVersion, ...]]:
        """List the top level outside the rules: the first thousand names, without content."""
        page = self.client.list_object_versions(
            Bucket=self.policy.bucket, Delimiter="/", ExpectedBucketOwner=self.account_id, Prefix=""
        )
        ours = _prefixes_to_list(self.policy)
        names = (common.get("Prefix", "") for common in page.get("CommonPrefixes", []))
        folders = tuple(
            Folder(name) for name in names if not any(prefix.startswith(name) for prefix in ours)
        )
        return folders, tuple(_parse_versions(page))

    def _list_versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """List versions and delete markers under a prefix, by key, newest first."""
        pages = self.client.get_paginator("list_object_versions").paginate(
            Bucket=self.policy.bucket, Prefix=prefix, ExpectedBucketOwner=self.account_id
        )
        return (version for page in pages for version in _parse_versions(page))

    def _list_uploads(self) -> Iterator[Upload]:
        pages = self.client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self.policy.bucket, ExpectedBucketOwner=self.account_id
        )
        for upload in (each for page in pages for each in page.get("Uploads", [])):
            yield Upload(upload["Key"], upload["UploadId"], upload["Initiated"].astimezone(UTC))

    def _add_named_chunks(self, listing: BucketListing, now: datetime) -> BucketListing:
        living = find_living_stories(listing, self.policy, now)
        named: set[str] = set()
        unreadable: list[str] = []
        for key in find_script_keys(listing.versions, living):
            chunks = self._read_chunk_keys(key)
            if chunks is None:
                unreadable.append(key)
            else:
                named.update(chunks)
        return replace(listing, named_chunks=frozenset(named), unreadable=tuple(unreadable))

    def _read_chunk_keys(self, key: str) -> frozenset[str] | None:
        """Read the chunks that a script names; None if it cannot be read for any reason."""
        try:
            answer = self.client.get_object(
                Bucket=self.policy.bucket, Key=key, ExpectedBucketOwner=self.account_id
            )
            return parse_chunk_keys(answer["Body"].read())
        except (ClientError, BotoCoreError):
            return None


def _prefixes_to_list(policy: BucketPolicy) -> frozenset[str]:
    """Select the rules' prefixes, and stories wherever chunks are cleaned: they name chunks."""
    prefixes = {rule.prefix for rule in policy.prefixes}
    cleans_chunks = any(prefix.startswith(CHUNKS) for prefix in prefixes)
    return frozenset(prefixes | {STORIES} if cleans_chunks else prefixes)


def _drop_nested_prefixes(prefixes: Iterable[str]) -> list[str]:
    """Sort the prefixes, and drop those inside another."""
    outer: list[str] = []
    for prefix in sorted(prefixes):
        if not outer or not prefix.startswith(outer[-1]):
            outer.append(prefix)
    return outer


def _parse_versions(page: "ListObjectVersionsOutputTypeDef") -> list[ObjectVersion]:
    """Parse a page's versions and delete markers, and restore their common order.

    All times share one UTC object: botocore's own time zones cost 400 bytes per version.
    """
    versions = [
        ObjectVersion(
            key=version["Key"],
            version_id=version["VersionId"],
            size_bytes=version["Size"],
            modified=version["LastModified"].astimezone(UTC),
            is_latest=version["IsLatest"],
            etag=version.get("ETag", ""),
        )
        for version in page.get("Versions", [])
    ]
    versions.extend(
        ObjectVersion(
            key=marker["Key"],
            version_id=marker["VersionId"],
            size_bytes=0,
            modified=marker["LastModified"].astimezone(UTC),
            is_latest=marker["IsLatest"],
            is_marker=True,
        )
        for marker in page.get("DeleteMarkers", [])
    )
    versions.sort(key=lambda v: (v.key, not v.is_latest, -v.modified.timestamp()))
    return versions
