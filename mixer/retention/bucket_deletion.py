"""Apply a bucket's plan: delete exactly what was listed.

With versioning, each deletion names the listed version, so newer versions stay. Otherwise keys are
listed again right before each batch and changed ones are spared; without versions, the deletion is
also conditional on the listed ETag. What remains is a refresh with identical bytes within the
second between listing and deletion.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html

A story that was written to since it was listed is spared as a whole, and so is what new stories
name. What remains is a story that is asked for again while its own folder is being deleted.

S3 answers for each key of a DeleteObjects call; keys to retry are retried here, alone, because
botocore does not do that.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, cast

from mixer.errors import OutOfTime
from mixer.retention.aws_account import RUN_ERRORS, Deadline, error_code
from mixer.retention.bucket_inventory import ENABLED, BucketSource, StoryGuard, WriteStamp
from mixer.retention.bucket_plan import BucketItem
from mixer.retention.inventory import ObjectVersion, Upload
from mixer.retention.plan import (
    DeletionResult,
    Outcome,
    RetentionPlan,
    Verdict,
    report_error,
    split_batches,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ErrorTypeDef, ObjectIdentifierTypeDef

BATCH = 1_000
"""Keys of one DeleteObjects call (S3 API reference)."""

MAX_TRIES = 5
FIRST_WAIT_S = 0.5
"""Before keys are retried; the wait doubles."""

GONE = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchUpload"})
"""Another program deleted the key in the meantime, which is a success."""

CHANGED = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
"""The condition failed: the key was written after the listing."""

PASSING = frozenset({"InternalError", "OperationAborted", "ServiceUnavailable", "SlowDown"})
"""Codes of keys that can be retried (S3 API reference, error responses)."""

ObjectToDelete = Verdict[ObjectVersion]
Refusals = Mapping[tuple[str, str], tuple[str, str]]
"""Code and sentence by key and version id that was not deleted."""

LatestVersions = Mapping[str, ObjectVersion]
"""The latest version of each key when it was listed."""


@dataclass(frozen=True, slots=True)
class BucketDeleter:
    """Deletes from one bucket.

    `versioning` is `Enabled`, `Suspended`, or empty for a bucket that was never versioned.
    `deadline` limits the waits for single keys.
    """

    source: BucketSource
    versioning: str
    deadline: Deadline

    @property
    def client(self) -> "S3Client":
        """The client of the source."""
        return self.source.client

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.source.policy.bucket

    @property
    def account_id(self) -> str:
        """The expected owner."""
        return self.source.account_id

    def apply(self, plan: RetentionPlan[BucketItem]) -> Iterator[DeletionResult]:
        """Delete what the plan deletes, with a result for each item."""
        for verdict in plan.deletions:
            if isinstance(verdict.item, Upload):
                yield self._abort_upload(verdict, verdict.item)
        latest = self._find_latest_versions(plan)
        guard = StoryGuard.of(self.source, plan)
        for batch in split_batches(_sort_oldest_first(plan), BATCH):
            try:
                needed = guard.find_needed_keys([verdict.item.key for verdict in batch])
            except RUN_ERRORS as error:
                yield from report_error(batch, error)
                continue
            yield from (DeletionResult(v, Outcome.SPARED) for v in batch if v.item.key in needed)
            rest = [verdict for verdict in batch if verdict.item.key not in needed]
            yield from self._delete_unchanged(rest, latest)

    def _find_latest_versions(self, plan: RetentionPlan[BucketItem]) -> LatestVersions:
        if self.versioning == ENABLED:
            return {}
        items = (verdict.item for verdict in plan.verdicts)
        return {i.key: i for i in items if isinstance(i, ObjectVersion) and i.is_latest}

    def _abort_upload(self, verdict: Verdict[BucketItem], upload: Upload) -> DeletionResult:
        try:
            self.client.abort_multipart_upload(
                Bucket=self.bucket,
                Key=upload.key,
                UploadId=upload.upload_id,
                ExpectedBucketOwner=self.account_id,
            )
        except RUN_ERRORS as error:
            if error_code(error) in GONE:
                return DeletionResult(verdict, Outcome.SPARED, "finished or aborted meanwhile")
            return next(report_error([verdict], error))
        return DeletionResult(verdict, Outcome.DELETED)

    def _delete_unchanged(
        self, batch: Sequence[ObjectToDelete], latest: LatestVersions
    ) -> Iterator[DeletionResult]:
        """Delete a batch, listed again where the version id does not protect."""
        try:
            unchanged = self._find_unchanged_keys(batch, latest)
        except RUN_ERRORS as error:
            yield from report_error(batch, error)
            return
        yield from (DeletionResult(v, Outcome.SPARED) for v in batch if v.item.key not in unchanged)
        yield from self._delete_batch([v for v in batch if v.item.key in unchanged])

    def _find_unchanged_keys(
        self, batch: Sequence[ObjectToDelete], latest: LatestVersions
    ) -> frozenset[str]:
        keys = frozenset(verdict.item.key for verdict in batch)
        if self.versioning == ENABLED:
            return keys
        found = self._relist_keys(sorted(keys))
        return frozenset(key for key in keys if found.get(key) == _stamp_as_listed(latest.get(key)))

    def _relist_keys(self, keys: Sequence[str]) -> Mapping[str, WriteStamp]:
        """List the current stamps of sorted keys, with a call per thousand keys in their range."""
        found: dict[str, WriteStamp] = {}
        for folder, group in groupby(keys, key=lambda key: key.partition("/")[0]):
            keys_in_folder = list(group)
            for stamps in self._list_pages(f"{folder}/", keys_in_folder[0], keys_in_folder[-1]):
                found |= stamps
        return found

    def _list_pages(self, prefix: str, first: str, last: str) -> Iterator[Mapping[str, WriteStamp]]:
        """List the stamps between two keys, both included, page by page."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket,
            Prefix=prefix,
            StartAfter=first[:-1],
            ExpectedBucketOwner=self.account_id,
        )
        for page in pages:
            entries = page.get("Contents", [])
            yield {entry["Key"]: (entry["ETag"], entry["LastModified"]) for entry in entries}
            if entries and entries[-1]["Key"] >= last:
                return

    def _delete_batch(self, batch: Sequence[ObjectToDelete]) -> Iterator[DeletionResult]:
        """Delete at most a thousand items, with a result for each."""
        remaining = batch
        for tries in range(1, MAX_TRIES + 1):
            if not remaining:
                return
            try:
                refusals = self._request_deletion(remaining)
            except RUN_ERRORS as error:
                yield from self._handle_failed_request(remaining, error)
                return
            yield from _collect_results(remaining, refusals, last=tries == MAX_TRIES)
            remaining = [v for v in remaining if _is_retryable(v, refusals)]
            try:
                self._wait_for_retry(remaining, tries)
            except OutOfTime as error:
                yield from report_error(remaining, error)
                return

    def _wait_for_retry(self, remaining: Sequence[ObjectToDelete], tries: int) -> None:
        if remaining and tries < MAX_TRIES:
            self.deadline.wait(random.random() * FIRST_WAIT_S * 2 ** (tries - 1))

    def _request_deletion(self, batch: Sequence[ObjectToDelete]) -> Refusals:
        answer = self.client.delete_objects(
            Bucket=self.bucket,
            Delete={"Objects": [self._object_identifier(v.item) for v in batch], "Quiet": True},
            ExpectedBucketOwner=self.account_id,
        )
        refusals: dict[tuple[str, str], tuple[str, str]] = {}
        for error in answer.get("Errors", []):
            code_and_sentence = (error.get("Code", "Error"), error.get("Message", ""))
            refusals |= dict.fromkeys(_match_error(error, batch), code_and_sentence)
        return refusals

    def _object_identifier(self, item: ObjectVersion) -> "ObjectIdentifierTypeDef":
        if self.versioning:
            return {"Key": item.key, "VersionId": item.version_id}
        return {"Key": item.key, "ETag": item.etag}

    def _handle_failed_request(
        self, batch: Sequence[ObjectToDelete], error: Exception
    ) -> Iterator[DeletionResult]:
        """Halve a failed batch until the key that spoils it is alone."""
        if error_code(error) == "MalformedXML" and len(batch) > 1:
            for half in split_batches(batch, (len(batch) + 1) // 2):
                yield from self._delete_batch(half)
        else:
            yield from report_error(batch, error)


def _stamp_as_listed(listed: ObjectVersion | None) -> WriteStamp | None:
    """Return the stamp of an unchanged key; None: no readable object."""
    return None if listed is None or listed.is_marker else (listed.etag, listed.modified)


def _sort_oldest_first(plan: RetentionPlan[BucketItem]) -> list[ObjectToDelete]:
    """Sort the versions to delete, so that no older one comes back when a run stops."""
    found = [cast(ObjectToDelete, v) for v in plan.deletions if isinstance(v.item, ObjectVersion)]
    found.reverse()
    return found


def _version_key(verdict: ObjectToDelete) -> tuple[str, str]:
    return verdict.item.key, verdict.item.version_id


def _match_error(error: "ErrorTypeDef", batch: Sequence[ObjectToDelete]) -> list[tuple[str, str]]:
    """Match an error to its items: every version of the key if it names none."""
    key, version_id = error.get("Key", ""), error.get("VersionId")
    if version_id:
        return [(key, version_id)]
    return [_version_key(verdict) for verdict in batch if verdict.item.key == key]


def _is_retryable(verdict: ObjectToDelete, refusals: Refusals) -> bool:
    refusal = refusals.get(_version_key(verdict))
    return refusal is not None and refusal[0] in PASSING


def _collect_results(
    batch: Sequence[ObjectToDelete], refusals: Refusals, *, last: bool
) -> Iterator[DeletionResult]:
    """Collect the items of an answer that are not retried."""
    for verdict in batch:
        refusal = refusals.get(_version_key(verdict))
        if refusal is None or refusal[0] in GONE:
            yield DeletionResult(verdict, Outcome.DELETED)
        elif refusal[0] in CHANGED:
            yield DeletionResult(verdict, Outcome.SPARED, refusal[1])
        elif last or refusal[0] not in PASSING:
            yield DeletionResult(verdict, Outcome.FAILED, ": ".join(refusal))
