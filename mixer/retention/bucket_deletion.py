"""Carrying out a bucket's plan: deleting exactly what was listed.

Where versioning is enabled, each deletion names the version that was listed, so that whatever was
written in the meantime is another version and stays. Elsewhere S3 cannot tell a refreshed object
from the old one: right before each batch its keys are listed once more, what was touched is
spared, and in a bucket without versions the delete also carries the listed ETag as a condition,
which S3 checks itself. What remains there is a refresh with identical bytes within the second
between that look and the deletion.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError

from mixer.errors import OutOfTime
from mixer.retention.apply import DeletionResult, Outcome, split_batches
from mixer.retention.batch_deletion import GONE, ObjectDeleter, ObjectToDelete
from mixer.retention.buckets import ENABLED
from mixer.retention.inventory import ObjectVersion, Upload
from mixer.retention.plan import RetentionPlan, Verdict
from mixer.retention.planner import BucketItem
from mixer.retention.retries import Retrier, describe_error, error_code

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

BATCH = 1_000
"""Keys of one DeleteObjects call (S3 API reference)."""

LatestVersions = Mapping[str, ObjectVersion]
"""What readers of each key met when it was listed."""


@dataclass(frozen=True, slots=True)
class BucketDeleter:
    """Deletes from one bucket.

    Attributes:
        client: of S3.
        bucket: its name.
        account_id: whose the bucket must be.
        versioning: `Enabled`, `Suspended`, or empty for a bucket that was never versioned.
        retrier: how patiently to ask.
    """

    client: "S3Client"
    bucket: str
    account_id: str
    versioning: str
    retrier: Retrier

    def apply(self, plan: RetentionPlan[BucketItem]) -> Iterator[DeletionResult]:
        """Delete what the plan deletes, telling of each item what became of it."""
        for verdict in plan.deletions:
            if isinstance(verdict.item, Upload):
                yield self._abort_upload(verdict, verdict.item)
        latest = self._latest_versions(plan)
        by_version = bool(self.versioning)
        deletion = ObjectDeleter(
            self.client, self.bucket, self.account_id, by_version, self.retrier
        )
        for batch in split_batches(_sort_oldest_first(plan), BATCH):
            yield from self._delete_batch(batch, latest, deletion)

    def _latest_versions(self, plan: RetentionPlan[BucketItem]) -> LatestVersions:
        if self.versioning == ENABLED:
            return {}
        items = (verdict.item for verdict in plan.verdicts)
        return {i.key: i for i in items if isinstance(i, ObjectVersion) and i.is_latest}

    def _abort_upload(self, verdict: Verdict[BucketItem], upload: Upload) -> DeletionResult:
        try:
            self.retrier.call(
                lambda: self.client.abort_multipart_upload(
                    Bucket=self.bucket,
                    Key=upload.key,
                    UploadId=upload.upload_id,
                    ExpectedBucketOwner=self.account_id,
                )
            )
        except OutOfTime:
            return DeletionResult(verdict, Outcome.LEFT)
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error_code(error) in GONE:
                return DeletionResult(
                    verdict, Outcome.SPARED, "finished or aborted by somebody else"
                )
            return DeletionResult(verdict, Outcome.FAILED, describe_error(error))
        return DeletionResult(verdict, Outcome.DELETED)

    def _delete_batch(
        self, batch: Sequence[ObjectToDelete], latest: LatestVersions, deletion: ObjectDeleter
    ) -> Iterator[DeletionResult]:
        """Delete a batch, after another look where the version id does not protect."""
        try:
            untouched = self._find_unchanged_keys(batch, latest)
        except OutOfTime:
            yield from (DeletionResult(verdict, Outcome.LEFT) for verdict in batch)
        except (ClientError, BotoCoreError) as error:
            yield from (
                DeletionResult(verdict, Outcome.FAILED, describe_error(error)) for verdict in batch
            )
        else:
            yield from (
                DeletionResult(v, Outcome.SPARED) for v in batch if v.item.key not in untouched
            )
            yield from deletion.delete([v for v in batch if v.item.key in untouched])

    def _find_unchanged_keys(
        self, batch: Sequence[ObjectToDelete], latest: LatestVersions
    ) -> frozenset[str]:
        """The keys of a batch that may be deleted as listed."""
        keys = frozenset(verdict.item.key for verdict in batch)
        if self.versioning == ENABLED:
            return keys
        found = self._relist_keys(sorted(keys))
        return frozenset(key for key in keys if found.get(key) == _expected_stamp(latest.get(key)))

    def _relist_keys(self, keys: Sequence[str]) -> "Mapping[str, WriteStamp]":
        """How the keys, in order, stand now; one call for each thousand keys in their range."""
        found: dict[str, WriteStamp] = {}
        for folder, group in groupby(keys, key=lambda key: key.partition("/")[0]):
            wanted = list(group)
            for touches in self._list_pages(f"{folder}/", wanted[0], wanted[-1]):
                found |= touches
        return found

    def _list_pages(
        self, prefix: str, first: str, last: str
    ) -> "Iterator[Mapping[str, WriteStamp]]":
        """What stands between two keys, both included, page by page."""
        after = first[:-1]
        while after < last:
            page = self.retrier.call(
                lambda after=after: self.client.list_objects_v2(  # type: ignore[misc]
                    Bucket=self.bucket,
                    Prefix=prefix,
                    StartAfter=after,
                    ExpectedBucketOwner=self.account_id,
                )
            )
            entries = page.get("Contents", [])
            yield {entry["Key"]: (entry["ETag"], entry["LastModified"]) for entry in entries}
            after = entries[-1]["Key"] if page["IsTruncated"] else last


WriteStamp = tuple[str, "datetime"]
"""ETag and time of a key's last write."""


def _expected_stamp(listed: ObjectVersion | None) -> WriteStamp | None:
    """What another look must find where nothing happened; None: no readable object."""
    return None if listed is None or listed.is_marker else (listed.etag, listed.modified)


def _sort_oldest_first(plan: RetentionPlan[BucketItem]) -> list[ObjectToDelete]:
    """The object versions that go, so that no older version comes back when a run breaks off."""
    doomed = [cast(ObjectToDelete, v) for v in plan.deletions if isinstance(v.item, ObjectVersion)]
    doomed.reverse()
    return doomed
