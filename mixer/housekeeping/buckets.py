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

from mixer.housekeeping.listing import BucketListing, Folder, ObjectVersion, Upload
from mixer.housekeeping.pace import Pace, code_of, said
from mixer.housekeeping.policy import CHUNKS, STORIES, BucketPolicy
from mixer.housekeeping.retention import living_stories
from mixer.housekeeping.stories import chunks_named_in, script_keys

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
        account: whose the bucket must be; every call says so, and S3 refuses otherwise.
        policy: the bucket's rules.
        pace: how patiently to ask.
    """

    client: "S3Client"
    account: str
    policy: BucketPolicy
    pace: Pace

    def refusal(self) -> str:
        """Why this bucket cannot be cleaned; empty when it can."""
        try:
            self.versioning()
        except ClientError as error:
            if code_of(error) in {"NoSuchBucket", "404"}:
                return "there is no such bucket"
            return f"it is not ours, or we may not look at it ({said(error)})"
        return ""

    def versioning(self) -> str:
        """`Enabled`, `Suspended`, or empty for a bucket that was never versioned."""
        answer = self.pace.ask(
            lambda: self.client.get_bucket_versioning(
                Bucket=self.policy.bucket, ExpectedBucketOwner=self.account
            )
        )
        return answer.get("Status", "")

    def gather(self, now: datetime, versioning: str) -> BucketListing:
        """Everything that deciding needs; whole, or an exception."""
        elsewhere, loose = self._elsewhere()
        prefixes = _outermost(_prefixes_to_list(self.policy))
        found = (version for prefix in prefixes for version in self._versions(prefix))
        keeps_etag = versioning != ENABLED
        listing = BucketListing(
            bucket=self.policy.bucket,
            versions=(*loose, *(v if keeps_etag else replace(v, etag="") for v in found)),
            uploads=tuple(self._uploads()),
            elsewhere=elsewhere,
        )
        return self._with_named_chunks(listing, now)

    def _elsewhere(self) -> tuple[tuple[Folder, ...], tuple[ObjectVersion, ...]]:
        """The top level outside the rules: the first thousand names, without looking inside."""
        page = self._page("", {}, delimiter="/")
        ours = _prefixes_to_list(self.policy)
        names = (common.get("Prefix", "") for common in page.get("CommonPrefixes", []))
        folders = tuple(
            Folder(name) for name in names if not any(prefix.startswith(name) for prefix in ours)
        )
        return folders, tuple(_versions_of(page))

    def _versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Every version and delete marker under a prefix, by key, the newest first."""
        markers: Markers | None = {}
        while markers is not None:
            page = self._page(prefix, markers)
            yield from _versions_of(page)
            markers = _next(page)

    def _page(
        self, prefix: str, markers: Markers, delimiter: str = ""
    ) -> "ListObjectVersionsOutputTypeDef":
        return self.pace.ask(
            lambda: self.client.list_object_versions(
                Bucket=self.policy.bucket,
                Prefix=prefix,
                Delimiter=delimiter,
                ExpectedBucketOwner=self.account,
                **markers,
            )
        )

    def _uploads(self) -> Iterator[Upload]:
        """Every unfinished multipart upload in the bucket."""
        markers: UploadMarkers | None = {}
        while markers is not None:
            page = self._uploads_page(markers)
            for upload in page.get("Uploads", []):
                initiated = upload["Initiated"].astimezone(UTC)
                yield Upload(upload["Key"], upload["UploadId"], initiated)
            markers = None
            if page.get("IsTruncated"):
                markers = UploadMarkers(
                    KeyMarker=page["NextKeyMarker"], UploadIdMarker=page["NextUploadIdMarker"]
                )

    def _uploads_page(self, markers: UploadMarkers) -> "ListMultipartUploadsOutputTypeDef":
        return self.pace.ask(
            lambda: self.client.list_multipart_uploads(
                Bucket=self.policy.bucket, ExpectedBucketOwner=self.account, **markers
            )
        )

    def _with_named_chunks(self, listing: BucketListing, now: datetime) -> BucketListing:
        living = living_stories(listing, self.policy, now)
        named: set[str] = set()
        unreadable: list[str] = []
        for key in script_keys(listing.versions, living):
            chunks = self._chunks_named_by(key)
            if chunks is None:
                unreadable.append(key)
            else:
                named.update(chunks)
        return replace(listing, named_chunks=frozenset(named), unreadable=tuple(unreadable))

    def _chunks_named_by(self, key: str) -> frozenset[str] | None:
        """The chunks that a script names; None when it cannot be read, for whatever reason."""
        try:
            answer = self.pace.ask(
                lambda: self.client.get_object(
                    Bucket=self.policy.bucket, Key=key, ExpectedBucketOwner=self.account
                )
            )
            return chunks_named_in(answer["Body"].read())
        except (ClientError, BotoCoreError):
            return None


def _prefixes_to_list(policy: BucketPolicy) -> frozenset[str]:
    """The rules' prefixes, and the stories wherever chunks are cleaned: they name chunks."""
    prefixes = {rule.prefix for rule in policy.prefixes}
    cleans_chunks = any(prefix.startswith(CHUNKS) for prefix in prefixes)
    return frozenset(prefixes | {STORIES} if cleans_chunks else prefixes)


def _outermost(prefixes: Iterable[str]) -> list[str]:
    """The prefixes in key order, without those that lie inside another."""
    outer: list[str] = []
    for prefix in sorted(prefixes):
        if not outer or not prefix.startswith(outer[-1]):
            outer.append(prefix)
    return outer


def _versions_of(page: "ListObjectVersionsOutputTypeDef") -> list[ObjectVersion]:
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


def _next(page: "ListObjectVersionsOutputTypeDef") -> Markers | None:
    if not page.get("IsTruncated"):
        return None
    markers = Markers(KeyMarker=page["NextKeyMarker"])
    if page.get("NextVersionIdMarker"):
        markers["VersionIdMarker"] = page["NextVersionIdMarker"]
    return markers
