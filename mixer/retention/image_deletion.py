"""Apply a repository's plan.

ECR has no conditional deletion. So the functions' images are read again before the first deletion,
and each batch right before its own: images that were tagged, pushed or taken into use since the
listing are spared. Manifest lists are deleted before their parts, as ECR demands; the parts of a
remaining list are spared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixer.errors import OutOfTime
from mixer.retention.apply import DeletionResult, Outcome, report_error, split_batches
from mixer.retention.aws_account import RUN_ERRORS
from mixer.retention.image_inventory import BATCH, RepositorySource
from mixer.retention.inventory import Image, Uses
from mixer.retention.plan import RetentionPlan, Verdict

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageFailureTypeDef

GONE = "ImageNotFound"

ImageToDelete = Verdict[Image]


@dataclass(frozen=True, slots=True)
class ImageDeleter:
    """Deletes from one repository."""

    source: RepositorySource

    def apply(self, plan: RetentionPlan[Image]) -> Iterator[DeletionResult]:
        """Delete what the plan deletes, with a result for each image."""
        to_delete = list(plan.deletions)
        if not to_delete:
            return
        try:
            uses = self.source.read_uses()
        except OutOfTime as error:
            yield from report_error(to_delete, error)
            return
        if uses.unknown:
            yield from (DeletionResult(v, Outcome.SPARED, uses.unknown) for v in to_delete)
            return
        staying: set[str] = set()
        for wave in split_waves(to_delete):
            for batch in split_batches(wave, BATCH):
                for result in self._delete_unchanged(batch, uses, staying):
                    item = result.verdict.item
                    if result.outcome is not Outcome.DELETED and isinstance(item, Image):
                        staying.update(item.children)
                    yield result

    def _delete_unchanged(
        self, batch: Sequence[ImageToDelete], uses: Uses, staying: set[str]
    ) -> Iterator[DeletionResult]:
        """Delete the unchanged images of a batch, which do not depend on each other."""
        try:
            found = self.source.reread_images([verdict.item for verdict in batch])
        except RUN_ERRORS as error:
            yield from report_error(batch, error)
            return
        changes = [_describe_change(v.item, found.get(v.item.digest), uses, staying) for v in batch]
        judged = list(zip(batch, changes, strict=True))
        yield from (DeletionResult(v, Outcome.SPARED, change) for v, change in judged if change)
        yield from self._delete_batch([verdict for verdict, change in judged if not change])

    def _delete_batch(self, batch: Sequence[ImageToDelete]) -> Iterator[DeletionResult]:
        if not batch:
            return
        try:
            answer = self.source.account.ecr.batch_delete_image(
                registryId=self.source.account.account_id,
                repositoryName=self.source.policy.repository,
                imageIds=[{"imageDigest": verdict.item.digest} for verdict in batch],
            )
        except RUN_ERRORS as error:
            yield from report_error(batch, error)
            return
        failures = {f.get("imageId", {}).get("imageDigest"): f for f in answer["failures"]}
        yield from (_parse_result(v, failures.get(v.item.digest)) for v in batch)


def _parse_result(verdict: ImageToDelete, failure: "ImageFailureTypeDef | None") -> DeletionResult:
    if failure is None or failure.get("failureCode") == GONE:
        return DeletionResult(verdict, Outcome.DELETED)
    why = f"{failure.get('failureCode')}: {failure.get('failureReason')}"
    return DeletionResult(verdict, Outcome.FAILED, why)


def _describe_change(listed: Image, found: Image | None, uses: Uses, staying: set[str]) -> str:
    """Return why an image must be spared after all; empty if it did not change."""
    if listed.digest in uses.digests:
        return "a function runs it now"
    if listed.digest in staying:
        return "a manifest list that names it is still there"
    if found is None:
        return "it is already gone"
    changed = (found.tags, found.last_needed) != (listed.tags, listed.last_needed)
    return "it was tagged, pushed or pulled since it was listed" if changed else ""


def split_waves(to_delete: Sequence[ImageToDelete]) -> Iterator[list[ImageToDelete]]:
    """Order the images so that each list comes before its parts.

    Lists that name each other, which digests make impossible, would go together.
    """
    remaining = {verdict.item.digest: verdict for verdict in to_delete}
    while remaining:
        named = {child for verdict in remaining.values() for child in verdict.item.children}
        wave = [v for digest, v in remaining.items() if digest not in named]
        wave = wave or list(remaining.values())
        yield wave
        for verdict in wave:
            del remaining[verdict.item.digest]
