"""Listing of an S3 bucket.

In order: access, top-level folders outside the rules, every version under the rules' prefixes,
unfinished uploads, and, if chunks or uploads are to be deleted, the files of living stories and of
projects that name them. Costs one call per thousand versions and a handful more.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from mixer.retention.aws_account import describe_error, error_code
from mixer.retention.bucket_plan import BucketItem, deletes_named, find_living_stories
from mixer.retention.inventory import BucketListing, Folder, ObjectVersion, Upload
from mixer.retention.plan import RetentionPlan
from mixer.retention.policy import INDEX, PROJECTS, SEGMENTS, STORIES, BucketPolicy
from mixer.retention.stories import (
    NAMED,
    find_naming_keys,
    is_naming_key,
    parse_named_keys,
    story_id,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectVersionsOutputTypeDef

CLOCK_MARGIN = timedelta(minutes=5)
"""Of the difference between this clock and that of S3."""

WriteStamp = tuple[str, datetime]
"""ETag and time of a key's last write."""

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
            return f"it belongs to another account, or may not be read ({describe_error(error)})"
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
        return self._add_named_keys(listing, now)

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

    def _add_named_keys(self, listing: BucketListing, now: datetime) -> BucketListing:
        if not deletes_named(listing, self.policy, now):
            return listing
        living = find_living_stories(listing, self.policy, now)
        projects = (key for key, _ in self.list_current(PROJECTS) if is_naming_key(key))
        keys = chain(find_naming_keys(listing.versions, living), projects)
        named, unreadable = self._read_all_names(keys)
        return replace(listing, named_keys=named, unreadable=tuple(unreadable))

    def read_new_names(self, since: datetime) -> frozenset[str] | None:
        """Read what files written since a moment name; None if one cannot be read."""
        found = chain(self.list_current(STORIES), self.list_current(PROJECTS))
        new = (key for key, (_, modified) in found if modified >= since and is_naming_key(key))
        named, unreadable = self._read_all_names(new)
        return None if unreadable else named

    def list_current(self, prefix: str) -> Iterator[tuple[str, WriteStamp]]:
        """List the stamps of the current objects under a prefix."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.policy.bucket, Prefix=prefix, ExpectedBucketOwner=self.account_id
        )
        for each in (entry for page in pages for entry in page.get("Contents", [])):
            yield each["Key"], (each["ETag"], each["LastModified"].astimezone(UTC))

    def _read_all_names(self, keys: Iterable[str]) -> tuple[frozenset[str], list[str]]:
        """Read the keys that files name, and the files that could not be read."""
        named: set[str] = set()
        unreadable: list[str] = []
        for key in keys:
            found = self._read_names(key)
            if found is None:
                unreadable.append(key)
            else:
                named.update(found)
        return frozenset(named), unreadable

    def _read_names(self, key: str) -> frozenset[str] | None:
        """Read the keys that a file names; None if it cannot be read for any reason."""
        try:
            answer = self.client.get_object(
                Bucket=self.policy.bucket, Key=key, ExpectedBucketOwner=self.account_id
            )
            return parse_named_keys(answer["Body"].read())
        except (ClientError, BotoCoreError):
            return None


@dataclass(frozen=True, slots=True)
class StoryGuard:
    """Finds what stories need that were written to after the listing.

    `listed` has, for each story to delete, when its current objects were written.
    """

    source: BucketSource
    since: datetime
    listed: Mapping[str, Mapping[str, datetime]]
    changed: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, source: BucketSource, plan: RetentionPlan[BucketItem]) -> "StoryGuard":
        """Build the guard for the listing of a plan."""
        listed: dict[str, dict[str, datetime]] = {}
        for item in (verdict.item for verdict in plan.deletions):
            if isinstance(item, ObjectVersion) and (story := story_id(item.key)):
                current = listed.setdefault(story, {})
                if item.is_latest and not item.is_marker:
                    current[item.key] = item.modified
        return cls(source, plan.now - CLOCK_MARGIN, listed)

    def find_needed_keys(self, keys: Sequence[str]) -> frozenset[str]:
        """Find the keys to spare."""
        named = [key for key in keys if key.startswith(NAMED)]
        names = self.source.read_new_names(self.since) if named else frozenset()
        needed = {key for key in named if names is None or key in names}
        return frozenset(needed | {key for key in keys if self._is_changed(story_id(key))})

    def _is_changed(self, story: str) -> bool:
        """Whether a story was written to; asked once, before anything of it is deleted."""
        if story and story not in self.changed:
            current = self.source.list_current(f"{STORIES}{story}/")
            stamps = {key: modified for key, (_, modified) in current}
            self.changed[story] = stamps != self.listed[story]
        return self.changed.get(story, False)


def _prefixes_to_list(policy: BucketPolicy) -> frozenset[str]:
    """Select the rules' prefixes, and stories wherever something is cleaned that they need."""
    prefixes = {rule.prefix for rule in policy.prefixes}
    needs_stories = any(prefix.startswith((*NAMED, SEGMENTS, INDEX)) for prefix in prefixes)
    return frozenset(prefixes | {STORIES} if needs_stories else prefixes)


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
