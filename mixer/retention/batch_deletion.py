"""Deleting one batch of object versions, with an answer for each of them.

S3 answers for every key of a DeleteObjects call on its own: some are gone, some it refuses, some
it asks to try again. Those are tried again, alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from mixer.errors import OutOfTime
from mixer.retention.apply import DeletionResult, Outcome, split_batches
from mixer.retention.inventory import ObjectVersion
from mixer.retention.plan import Verdict
from mixer.retention.retries import MAX_TRIES, TRANSIENT_CODES, Retrier, describe_error, error_code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ErrorTypeDef, ObjectIdentifierTypeDef

GONE = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchUpload"})
"""Somebody else deleted it first, which is what was wanted."""

CHANGED = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
"""The condition did not hold: it was written since it was listed."""

ObjectToDelete = Verdict[ObjectVersion]
Refusals = Mapping[tuple[str, str], tuple[str, str]]
"""Code and sentence for each key and version id that was not deleted."""


@dataclass(frozen=True, slots=True)
class ObjectDeleter:
    """How objects of a bucket are deleted.

    Attributes:
        client: of S3.
        bucket: its name.
        account_id: whose the bucket must be.
        by_version: whether deletions name versions; otherwise they are conditional on the ETag.
        retrier: how patiently to ask.
    """

    client: "S3Client"
    bucket: str
    account_id: str
    by_version: bool
    retrier: Retrier

    def delete(self, batch: Sequence[ObjectToDelete]) -> Iterator[DeletionResult]:
        """Delete at most a thousand items, telling of each what became of it."""
        remaining = batch
        for tries in range(1, MAX_TRIES + 1):
            if not remaining:
                return
            try:
                refusals = self._request_deletion(remaining)
            except OutOfTime:
                yield from _repeat_outcome(remaining, Outcome.LEFT)
                return
            except (ClientError, BotoCoreError) as error:
                yield from self._handle_failed_request(remaining, error)
                return
            yield from _collect_results(remaining, refusals, last=tries == MAX_TRIES)
            remaining = [v for v in remaining if _is_retryable(v, refusals)]
            if not self._wait_for_retry(remaining, tries):
                yield from _repeat_outcome(remaining, Outcome.LEFT)
                return

    def _wait_for_retry(self, remaining: Sequence[ObjectToDelete], tries: int) -> bool:
        """Wait before another try, where one is to come; False when there is no time for it."""
        try:
            if remaining and tries < MAX_TRIES:
                self.retrier.wait(tries)
        except OutOfTime:
            return False
        return True

    def _request_deletion(self, batch: Sequence[ObjectToDelete]) -> Refusals:
        """One DeleteObjects call."""
        answer = self.retrier.call(
            lambda: self.client.delete_objects(
                Bucket=self.bucket,
                Delete={"Objects": [self._object_identifier(v.item) for v in batch], "Quiet": True},
                ExpectedBucketOwner=self.account_id,
            )
        )
        refusals: dict[tuple[str, str], tuple[str, str]] = {}
        for error in answer.get("Errors", []):
            code_and_sentence = (error.get("Code", "Error"), error.get("Message", ""))
            refusals |= dict.fromkeys(_match_error(error, batch), code_and_sentence)
        return refusals

    def _object_identifier(self, item: ObjectVersion) -> "ObjectIdentifierTypeDef":
        if self.by_version:
            return {"Key": item.key, "VersionId": item.version_id}
        return {"Key": item.key, "ETag": item.etag}

    def _handle_failed_request(
        self, batch: Sequence[ObjectToDelete], error: ClientError | BotoCoreError
    ) -> Iterator[DeletionResult]:
        """A whole request failed. One odd key can spoil a thousand: halve until it is alone."""
        malformed = isinstance(error, ClientError) and error_code(error) == "MalformedXML"
        if malformed and len(batch) > 1:
            for half in split_batches(batch, (len(batch) + 1) // 2):
                yield from self.delete(half)
        else:
            yield from _repeat_outcome(batch, Outcome.FAILED, describe_error(error))


def _repeat_outcome(
    batch: Sequence[ObjectToDelete], outcome: Outcome, why: str = ""
) -> Iterator[DeletionResult]:
    return (DeletionResult(verdict, outcome, why) for verdict in batch)


def _version_key(verdict: ObjectToDelete) -> tuple[str, str]:
    return verdict.item.key, verdict.item.version_id


def _match_error(error: "ErrorTypeDef", batch: Sequence[ObjectToDelete]) -> list[tuple[str, str]]:
    """The items that an error is about: every version of the key where it names none."""
    key, version_id = error.get("Key", ""), error.get("VersionId")
    if version_id:
        return [(key, version_id)]
    return [_version_key(verdict) for verdict in batch if verdict.item.key == key]


def _is_retryable(verdict: ObjectToDelete, refusals: Refusals) -> bool:
    refusal = refusals.get(_version_key(verdict))
    return refusal is not None and refusal[0] in TRANSIENT_CODES


def _collect_results(
    batch: Sequence[ObjectToDelete], refusals: Refusals, last: bool
) -> Iterator[DeletionResult]:
    """The items of an answer that will not be tried again."""
    for verdict in batch:
        refusal = refusals.get(_version_key(verdict))
        if refusal is None or refusal[0] in GONE:
            yield DeletionResult(verdict, Outcome.DELETED)
        elif refusal[0] in CHANGED:
            yield DeletionResult(verdict, Outcome.SPARED, refusal[1])
        elif last or refusal[0] not in TRANSIENT_CODES:
            yield DeletionResult(verdict, Outcome.FAILED, ": ".join(refusal))
