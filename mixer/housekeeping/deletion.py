"""Deleting one batch of object versions, with an answer for each of them.

S3 answers for every key of a DeleteObjects call on its own: some are gone, some it refuses, some
it asks to try again. Those are tried again, alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from mixer.errors import OutOfTime
from mixer.housekeeping.carrying_out import Done, Fate, batches
from mixer.housekeeping.listing import ObjectVersion
from mixer.housekeeping.pace import MOST_TRIES, PASSING_CODES, Pace, code_of, said
from mixer.housekeeping.plan import Verdict

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ErrorTypeDef, ObjectIdentifierTypeDef

GONE = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchUpload"})
"""Somebody else deleted it first, which is what was wanted."""

CHANGED = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
"""The condition did not hold: it was written since it was listed."""

Doomed = Verdict[ObjectVersion]
Refusals = Mapping[tuple[str, str], tuple[str, str]]
"""Code and sentence for each key and version id that was not deleted."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """How objects of a bucket are deleted.

    Attributes:
        client: of S3.
        bucket: its name.
        account: whose the bucket must be.
        by_version: whether deletions name versions; otherwise they are conditional on the ETag.
        pace: how patiently to ask.
    """

    client: "S3Client"
    bucket: str
    account: str
    by_version: bool
    pace: Pace

    def delete(self, batch: Sequence[Doomed]) -> Iterator[Done]:
        """Delete at most a thousand items, telling of each what became of it."""
        remaining = batch
        for tries in range(1, MOST_TRIES + 1):
            if not remaining:
                return
            try:
                refusals = self._request(remaining)
            except OutOfTime:
                yield from _all(remaining, Fate.LEFT)
                return
            except (ClientError, BotoCoreError) as error:
                yield from self._spoilt(remaining, error)
                return
            yield from _settled(remaining, refusals, last=tries == MOST_TRIES)
            remaining = [v for v in remaining if _asks_again(v, refusals)]
            if not self._rests(remaining, tries):
                yield from _all(remaining, Fate.LEFT)
                return

    def _rests(self, remaining: Sequence[Doomed], tries: int) -> bool:
        """Wait before another try, where one is to come; False when there is no time for it."""
        try:
            if remaining and tries < MOST_TRIES:
                self.pace.rest(tries)
        except OutOfTime:
            return False
        return True

    def _request(self, batch: Sequence[Doomed]) -> Refusals:
        """One DeleteObjects call."""
        answer = self.pace.ask(
            lambda: self.client.delete_objects(
                Bucket=self.bucket,
                Delete={"Objects": [self._named(v.item) for v in batch], "Quiet": True},
                ExpectedBucketOwner=self.account,
            )
        )
        refusals: dict[tuple[str, str], tuple[str, str]] = {}
        for error in answer.get("Errors", []):
            code_and_sentence = (error.get("Code", "Error"), error.get("Message", ""))
            refusals |= dict.fromkeys(_meant(error, batch), code_and_sentence)
        return refusals

    def _named(self, item: ObjectVersion) -> "ObjectIdentifierTypeDef":
        if self.by_version:
            return {"Key": item.key, "VersionId": item.version_id}
        return {"Key": item.key, "ETag": item.etag}

    def _spoilt(
        self, batch: Sequence[Doomed], error: ClientError | BotoCoreError
    ) -> Iterator[Done]:
        """A whole request failed. One odd key can spoil a thousand: halve until it is alone."""
        malformed = isinstance(error, ClientError) and code_of(error) == "MalformedXML"
        if malformed and len(batch) > 1:
            for half in batches(batch, (len(batch) + 1) // 2):
                yield from self.delete(half)
        else:
            yield from _all(batch, Fate.FAILED, said(error))


def _all(batch: Sequence[Doomed], fate: Fate, why: str = "") -> Iterator[Done]:
    return (Done(verdict, fate, why) for verdict in batch)


def _identity(verdict: Doomed) -> tuple[str, str]:
    return verdict.item.key, verdict.item.version_id


def _meant(error: "ErrorTypeDef", batch: Sequence[Doomed]) -> list[tuple[str, str]]:
    """The items that an error is about: every version of the key where it names none."""
    key, version_id = error.get("Key", ""), error.get("VersionId")
    if version_id:
        return [(key, version_id)]
    return [_identity(verdict) for verdict in batch if verdict.item.key == key]


def _asks_again(verdict: Doomed, refusals: Refusals) -> bool:
    refusal = refusals.get(_identity(verdict))
    return refusal is not None and refusal[0] in PASSING_CODES


def _settled(batch: Sequence[Doomed], refusals: Refusals, last: bool) -> Iterator[Done]:
    """The items of an answer that will not be tried again."""
    for verdict in batch:
        refusal = refusals.get(_identity(verdict))
        if refusal is None or refusal[0] in GONE:
            yield Done(verdict, Fate.DELETED)
        elif refusal[0] in CHANGED:
            yield Done(verdict, Fate.SPARED, refusal[1])
        elif last or refusal[0] not in PASSING_CODES:
            yield Done(verdict, Fate.FAILED, ": ".join(refusal))
