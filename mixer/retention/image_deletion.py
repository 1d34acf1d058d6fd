"""Carrying out a repository's plan.

ECR knows no condition on a deletion. So each batch is looked at once more right before, and what
functions run is asked again before the first: an image that was tagged, pushed or taken into use
since the listing is spared. Manifest lists go before their parts, which ECR demands; the parts of
a list that is still there afterwards are spared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from mixer.errors import OutOfTime
from mixer.retention.apply import DeletionResult, Outcome, split_batches
from mixer.retention.images import BATCH, RepositorySource
from mixer.retention.inventory import Image, Uses
from mixer.retention.plan import RetentionPlan, Verdict
from mixer.retention.retries import describe_error

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageFailureTypeDef

GONE = "ImageNotFound"

ImageToDelete = Verdict[Image]


@dataclass(frozen=True, slots=True)
class ImageDeleter:
    """Deletes from one repository.

    Attributes:
        source: the repository.
    """

    source: RepositorySource

    def apply(self, plan: RetentionPlan[Image]) -> Iterator[DeletionResult]:
        """Delete what the plan deletes, telling of each image what became of it."""
        doomed = list(plan.deletions)
        if not doomed:
            return
        uses = self._read_uses()
        if uses is None or uses.unknown:
            fate, why = (Outcome.LEFT, "") if uses is None else (Outcome.SPARED, uses.unknown)
            yield from (DeletionResult(verdict, fate, why) for verdict in doomed)
            return
        staying: set[str] = set()
        for wave in split_waves(doomed):
            for batch in split_batches(wave, BATCH):
                for done in self._delete_batch(batch, uses, staying):
                    if done.outcome is not Outcome.DELETED and isinstance(done.verdict.item, Image):
                        staying.update(done.verdict.item.children)
                    yield done

    def _read_uses(self) -> Uses | None:
        """What functions run now; None when there is no time to ask."""
        try:
            return self.source.read_uses()
        except OutOfTime:
            return None

    def _delete_batch(
        self, batch: Sequence[ImageToDelete], uses: Uses, staying: set[str]
    ) -> Iterator[DeletionResult]:
        """Delete a batch of images that do not depend on each other."""
        try:
            found = self.source.reread_images([verdict.item for verdict in batch])
        except OutOfTime:
            yield from (DeletionResult(verdict, Outcome.LEFT) for verdict in batch)
        except (ClientError, BotoCoreError) as error:
            yield from (
                DeletionResult(verdict, Outcome.FAILED, describe_error(error)) for verdict in batch
            )
        else:
            changes = [
                _describe_change(v.item, found.get(v.item.digest), uses, staying) for v in batch
            ]
            judged = list(zip(batch, changes, strict=True))
            yield from (DeletionResult(v, Outcome.SPARED, change) for v, change in judged if change)
            yield from self._request_deletion([verdict for verdict, change in judged if not change])

    def _request_deletion(self, batch: Sequence[ImageToDelete]) -> Iterator[DeletionResult]:
        """One BatchDeleteImage call."""
        if not batch:
            return
        try:
            answer = self.source.retrier.call(
                lambda: self.source.client.batch_delete_image(
                    registryId=self.source.account_id,
                    repositoryName=self.source.policy.repository,
                    imageIds=[{"imageDigest": verdict.item.digest} for verdict in batch],
                )
            )
        except OutOfTime:
            yield from (DeletionResult(verdict, Outcome.LEFT) for verdict in batch)
        except (ClientError, BotoCoreError) as error:
            yield from (
                DeletionResult(verdict, Outcome.FAILED, describe_error(error)) for verdict in batch
            )
        else:
            failures = {f.get("imageId", {}).get("imageDigest"): f for f in answer["failures"]}
            yield from (
                _parse_result(verdict, failures.get(verdict.item.digest)) for verdict in batch
            )


def _parse_result(verdict: ImageToDelete, failure: "ImageFailureTypeDef | None") -> DeletionResult:
    if failure is None or failure.get("failureCode") == GONE:
        return DeletionResult(verdict, Outcome.DELETED)
    why = f"{failure.get('failureCode')}: {failure.get('failureReason')}"
    return DeletionResult(verdict, Outcome.FAILED, why)


def _describe_change(listed: Image, found: Image | None, uses: Uses, staying: set[str]) -> str:
    """Why an image must be spared after all; empty when nothing happened to it."""
    if listed.digest in uses.digests:
        return "a function runs it now"
    if listed.digest in staying:
        return "a manifest list that names it is still there"
    if found is None:
        return "it is gone already"
    changed = (found.tags, found.last_needed) != (listed.tags, listed.last_needed)
    return "it was tagged, pushed or pulled since it was listed" if changed else ""


def split_waves(to_delete: Sequence[ImageToDelete]) -> Iterator[list[ImageToDelete]]:
    """The images in an order in which each list goes before what it names.

    Should lists name each other in a circle, which digests make impossible, they go together.
    """
    remaining = {verdict.item.digest: verdict for verdict in to_delete}
    while remaining:
        named = {child for verdict in remaining.values() for child in verdict.item.children}
        wave = [v for digest, v in remaining.items() if digest not in named]
        wave = wave or list(remaining.values())
        yield wave
        for verdict in wave:
            del remaining[verdict.item.digest]
