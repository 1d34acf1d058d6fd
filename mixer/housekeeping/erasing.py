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
from mixer.housekeeping.buckets import ENABLED
from mixer.housekeeping.carrying_out import Done, Fate, batches
from mixer.housekeeping.deletion import GONE, Deletion, Doomed
from mixer.housekeeping.listing import ObjectVersion, Upload
from mixer.housekeeping.pace import Pace, code_of, said
from mixer.housekeeping.plan import Plan, Verdict
from mixer.housekeeping.retention import BucketItem

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

BATCH = 1_000
"""Keys of one DeleteObjects call (S3 API reference)."""

Latest = Mapping[str, ObjectVersion]
"""What readers of each key met when it was listed."""


@dataclass(frozen=True, slots=True)
class BucketEraser:
    """Deletes from one bucket.

    Attributes:
        client: of S3.
        bucket: its name.
        account: whose the bucket must be.
        versioning: `Enabled`, `Suspended`, or empty for a bucket that was never versioned.
        pace: how patiently to ask.
    """

    client: "S3Client"
    bucket: str
    account: str
    versioning: str
    pace: Pace

    def apply(self, plan: Plan[BucketItem]) -> Iterator[Done]:
        """Delete what the plan deletes, telling of each item what became of it."""
        for verdict in plan.deletes:
            if isinstance(verdict.item, Upload):
                yield self._abort(verdict, verdict.item)
        latest = self._latest_of(plan)
        by_version = bool(self.versioning)
        deletion = Deletion(self.client, self.bucket, self.account, by_version, self.pace)
        for batch in batches(_oldest_first(plan), BATCH):
            yield from self._erase(batch, latest, deletion)

    def _latest_of(self, plan: Plan[BucketItem]) -> Latest:
        if self.versioning == ENABLED:
            return {}
        items = (verdict.item for verdict in plan.verdicts)
        return {i.key: i for i in items if isinstance(i, ObjectVersion) and i.is_latest}

    def _abort(self, verdict: Verdict[BucketItem], upload: Upload) -> Done:
        try:
            self.pace.ask(
                lambda: self.client.abort_multipart_upload(
                    Bucket=self.bucket,
                    Key=upload.key,
                    UploadId=upload.upload_id,
                    ExpectedBucketOwner=self.account,
                )
            )
        except OutOfTime:
            return Done(verdict, Fate.LEFT)
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and code_of(error) in GONE:
                return Done(verdict, Fate.SPARED, "finished or aborted by somebody else")
            return Done(verdict, Fate.FAILED, said(error))
        return Done(verdict, Fate.DELETED)

    def _erase(self, batch: Sequence[Doomed], latest: Latest, deletion: Deletion) -> Iterator[Done]:
        """Delete a batch, after another look where the version id does not protect."""
        try:
            untouched = self._untouched(batch, latest)
        except OutOfTime:
            yield from (Done(verdict, Fate.LEFT) for verdict in batch)
        except (ClientError, BotoCoreError) as error:
            yield from (Done(verdict, Fate.FAILED, said(error)) for verdict in batch)
        else:
            yield from (Done(v, Fate.SPARED) for v in batch if v.item.key not in untouched)
            yield from deletion.delete([v for v in batch if v.item.key in untouched])

    def _untouched(self, batch: Sequence[Doomed], latest: Latest) -> frozenset[str]:
        """The keys of a batch that may be deleted as listed."""
        keys = frozenset(verdict.item.key for verdict in batch)
        if self.versioning == ENABLED:
            return keys
        found = self._look_again(sorted(keys))
        return frozenset(key for key in keys if found.get(key) == _touch(latest.get(key)))

    def _look_again(self, keys: Sequence[str]) -> "Mapping[str, Touch]":
        """How the keys, in order, stand now; one call for each thousand keys in their range."""
        found: dict[str, Touch] = {}
        for folder, group in groupby(keys, key=lambda key: key.partition("/")[0]):
            wanted = list(group)
            for touches in self._pages(f"{folder}/", wanted[0], wanted[-1]):
                found |= touches
        return found

    def _pages(self, prefix: str, first: str, last: str) -> "Iterator[Mapping[str, Touch]]":
        """What stands between two keys, both included, page by page."""
        after = first[:-1]
        while after < last:
            page = self.pace.ask(
                lambda after=after: self.client.list_objects_v2(  # type: ignore[misc]
                    Bucket=self.bucket,
                    Prefix=prefix,
                    StartAfter=after,
                    ExpectedBucketOwner=self.account,
                )
            )
            entries = page.get("Contents", [])
            yield {entry["Key"]: (entry["ETag"], entry["LastModified"]) for entry in entries}
            after = entries[-1]["Key"] if page["IsTruncated"] else last


Touch = tuple[str, "datetime"]
"""ETag and time of a key's last write."""


def _touch(listed: ObjectVersion | None) -> Touch | None:
    """What another look must find where nothing happened; None: no readable object."""
    return None if listed is None or listed.is_marker else (listed.etag, listed.modified)


def _oldest_first(plan: Plan[BucketItem]) -> list[Doomed]:
    """The object versions that go, so that no older version comes back when a run breaks off."""
    doomed = [cast(Doomed, v) for v in plan.deletes if isinstance(v.item, ObjectVersion)]
    doomed.reverse()
    return doomed
