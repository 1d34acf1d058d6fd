"""Gathering what lies in an S3 bucket.

Stages: is the bucket there and ours; which top-level folders no rule names; every version under
the rules' prefixes; unfinished uploads; and the scripts of living stories, read only when chunks
are to go. Costs one call for each thousand versions and a handful besides.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from mixer.retention.inventory import BucketListing, Folder, ObjectVersion, Upload
from mixer.retention.planner import find_living_stories
from mixer.retention.policy import CHUNKS, STORIES, BucketPolicy
from mixer.retention.retries import Retrier, describe_error, error_code
from mixer.retention.stories import find_script_keys, parse_chunk_keys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        ListMultipartUploadsOutputTypeDef,
        ListObjectVersionsOutputTypeDef,
    )

ENABLED = "Enabled"
"""The versioning status under which every write gets a version id of its own."""


class Markers(TypedDict, total=False):
    """Where the next page of a listing starts."""

    KeyMarker: str
    VersionIdMarker: str


class UploadMarkers(TypedDict, total=False):
    """Where the next page of unfinished uploads starts."""

    KeyMarker: str
    UploadIdMarker: str


@dataclass(frozen=True, slots=True)
class BucketSource:
    """A bucket as it is read.

    Attributes:
        client: of S3.
        account_id: whose the bucket must be; every call says so, and S3 refuses otherwise.
        policy: the bucket's rules.
        retrier: how patiently to ask.
    """

    client: "S3Client"
    account_id: str
    policy: BucketPolicy
    retrier: Retrier

    def check_access(self) -> str:
        """Why this bucket cannot be cleaned; empty when it can."""
        try:
            self.read_versioning()
        except ClientError as error:
            if error_code(error) in {"NoSuchBucket", "404"}:
                return "there is no such bucket"
            return f"it is not ours, or we may not look at it ({describe_error(error)})"
        return ""

    def read_versioning(self) -> str:
        """`Enabled`, `Suspended`, or empty for a bucket that was never versioned."""
        answer = self.retrier.call(
            lambda: self.client.get_bucket_versioning(
                Bucket=self.policy.bucket, ExpectedBucketOwner=self.account_id
            )
        )
        return answer.get("Status", "")

    def read_listing(self, now: datetime, versioning: str) -> BucketListing:
        """Everything that deciding needs; whole, or an exception."""
        elsewhere, loose = self._list_other_folders()
        prefixes = _drop_nested_prefixes(_prefixes_to_list(self.policy))
        found = (version for prefix in prefixes for version in self._list_versions(prefix))
        keeps_etag = versioning != ENABLED
        listing = BucketListing(
            bucket=self.policy.bucket,
            versions=(*loose, *(v if keeps_etag else replace(v, etag="") for v in found)),
            uploads=tuple(self._list_uploads()),
            other_folders=elsewhere,
        )
        return self._add_named_chunks(listing, now)

    def _list_other_folders(self) -> tuple[tuple[Folder, ...], tuple[ObjectVersion, ...]]:
        """The top level outside the rules: the first thousand names, without looking inside."""
        page = self._fetch_page("", {}, delimiter="/")
        ours = _prefixes_to_list(self.policy)
        names = (common.get("Prefix", "") for common in page.get("CommonPrefixes", []))
        folders = tuple(
            Folder(name) for name in names if not any(prefix.startswith(name) for prefix in ours)
        )
        return folders, tuple(_parse_versions(page))

    def _list_versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Every version and delete marker under a prefix, by key, the newest first."""
        markers: Markers | None = {}
        while markers is not None:
            page = self._fetch_page(prefix, markers)
            yield from _parse_versions(page)
            markers = _next_markers(page)

    def _fetch_page(
        self, prefix: str, markers: Markers, delimiter: str = ""
    ) -> "ListObjectVersionsOutputTypeDef":
        return self.retrier.call(
            lambda: self.client.list_object_versions(
                Bucket=self.policy.bucket,
                Prefix=prefix,
                Delimiter=delimiter,
                ExpectedBucketOwner=self.account_id,
                **markers,
            )
        )

    def _list_uploads(self) -> Iterator[Upload]:
        """Every unfinished multipart upload in the bucket."""
        markers: UploadMarkers | None = {}
        while markers is not None:
            page = self._fetch_uploads_page(markers)
            for upload in page.get("Uploads", []):
                initiated = upload["Initiated"].astimezone(UTC)
                yield Upload(upload["Key"], upload["UploadId"], initiated)
            markers = None
            if page.get("IsTruncated"):
                markers = UploadMarkers(
                    KeyMarker=page["NextKeyMarker"], UploadIdMarker=page["NextUploadIdMarker"]
                )

    def _fetch_uploads_page(self, markers: UploadMarkers) -> "ListMultipartUploadsOutputTypeDef":
        return self.retrier.call(
            lambda: self.client.list_multipart_uploads(
                Bucket=self.policy.bucket, ExpectedBucketOwner=self.account_id, **markers
            )
        )

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
        """The chunks that a script names; None when it cannot be read, for whatever reason."""
        try:
            answer = self.retrier.call(
                lambda: self.client.get_object(
                    Bucket=self.policy.bucket, Key=key, ExpectedBucketOwner=self.account_id
                )
            )
            return parse_chunk_keys(answer["Body"].read())
        except (ClientError, BotoCoreError):
            return None


def _prefixes_to_list(policy: BucketPolicy) -> frozenset[str]:
    """The rules' prefixes, and the stories wherever chunks are cleaned: they name chunks."""
    prefixes = {rule.prefix for rule in policy.prefixes}
    cleans_chunks = any(prefix.startswith(CHUNKS) for prefix in prefixes)
    return frozenset(prefixes | {STORIES} if cleans_chunks else prefixes)


def _drop_nested_prefixes(prefixes: Iterable[str]) -> list[str]:
    """The prefixes in key order, without those that lie inside another."""
    outer: list[str] = []
    for prefix in sorted(prefixes):
        if not outer or not prefix.startswith(outer[-1]):
            outer.append(prefix)
    return outer


def _parse_versions(page: "ListObjectVersionsOutputTypeDef") -> list[ObjectVersion]:
    """A page's versions and delete markers in one order, which S3's answer has lost.

    Times are moved to the one UTC: as botocore hands them out, each drags along a time zone of
    its own, 400 bytes with every version.
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


def _next_markers(page: "ListObjectVersionsOutputTypeDef") -> Markers | None:
    if not page.get("IsTruncated"):
        return None
    markers = Markers(KeyMarker=page["NextKeyMarker"])
    if page.get("NextVersionIdMarker"):
        markers["VersionIdMarker"] = page["NextVersionIdMarker"]
    return markers
