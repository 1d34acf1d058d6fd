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
from mixer.housekeeping.carrying_out import Done, Fate, batches
from mixer.housekeeping.images import BATCH, RepositorySource
from mixer.housekeeping.listing import Image, Uses
from mixer.housekeeping.pace import said
from mixer.housekeeping.plan import Plan, Verdict

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageFailureTypeDef

GONE = "ImageNotFound"

Doomed = Verdict[Image]


@dataclass(frozen=True, slots=True)
class ImageRemover:
    """Deletes from one repository.

    Attributes:
        source: the repository.
    """

    source: RepositorySource

    def apply(self, plan: Plan[Image]) -> Iterator[Done]:
        """Delete what the plan deletes, telling of each image what became of it."""
        doomed = list(plan.deletes)
        if not doomed:
            return
        uses = self._uses()
        if uses is None or uses.unknown:
            fate, why = (Fate.LEFT, "") if uses is None else (Fate.SPARED, uses.unknown)
            yield from (Done(verdict, fate, why) for verdict in doomed)
            return
        staying: set[str] = set()
        for wave in waves(doomed):
            for batch in batches(wave, BATCH):
                for done in self._remove(batch, uses, staying):
                    if done.fate is not Fate.DELETED and isinstance(done.verdict.item, Image):
                        staying.update(done.verdict.item.children)
                    yield done

    def _uses(self) -> Uses | None:
        """What functions run now; None when there is no time to ask."""
        try:
            return self.source.uses()
        except OutOfTime:
            return None

    def _remove(self, batch: Sequence[Doomed], uses: Uses, staying: set[str]) -> Iterator[Done]:
        """Delete a batch of images that do not depend on each other."""
        try:
            found = self.source.look_again([verdict.item for verdict in batch])
        except OutOfTime:
            yield from (Done(verdict, Fate.LEFT) for verdict in batch)
        except (ClientError, BotoCoreError) as error:
            yield from (Done(verdict, Fate.FAILED, said(error)) for verdict in batch)
        else:
            changes = [_change(v.item, found.get(v.item.digest), uses, staying) for v in batch]
            judged = list(zip(batch, changes, strict=True))
            yield from (Done(v, Fate.SPARED, change) for v, change in judged if change)
            yield from self._request([verdict for verdict, change in judged if not change])

    def _request(self, batch: Sequence[Doomed]) -> Iterator[Done]:
        """One BatchDeleteImage call."""
        if not batch:
            return
        try:
            answer = self.source.pace.ask(
                lambda: self.source.client.batch_delete_image(
                    registryId=self.source.account,
                    repositoryName=self.source.policy.repository,
                    imageIds=[{"imageDigest": verdict.item.digest} for verdict in batch],
                )
            )
        except OutOfTime:
            yield from (Done(verdict, Fate.LEFT) for verdict in batch)
        except (ClientError, BotoCoreError) as error:
            yield from (Done(verdict, Fate.FAILED, said(error)) for verdict in batch)
        else:
            failures = {f.get("imageId", {}).get("imageDigest"): f for f in answer["failures"]}
            yield from (_answered(verdict, failures.get(verdict.item.digest)) for verdict in batch)


def _answered(verdict: Doomed, failure: "ImageFailureTypeDef | None") -> Done:
    if failure is None or failure.get("failureCode") == GONE:
        return Done(verdict, Fate.DELETED)
    why = f"{failure.get('failureCode')}: {failure.get('failureReason')}"
    return Done(verdict, Fate.FAILED, why)


def _change(listed: Image, found: Image | None, uses: Uses, staying: set[str]) -> str:
    """Why an image must be spared after all; empty when nothing happened to it."""
    if listed.digest in uses.digests:
        return "a function runs it now"
    if listed.digest in staying:
        return "a manifest list that names it is still there"
    if found is None:
        return "it is gone already"
    changed = (found.tags, found.last_needed) != (listed.tags, listed.last_needed)
    return "it was tagged, pushed or pulled since it was listed" if changed else ""


def waves(doomed: Sequence[Doomed]) -> Iterator[list[Doomed]]:
    """The images in an order in which each list goes before what it names.

    Should lists name each other in a circle, which digests make impossible, they go together.
    """
    remaining = {verdict.item.digest: verdict for verdict in doomed}
    while remaining:
        named = {child for verdict in remaining.values() for child in verdict.item.children}
        wave = [v for digest, v in remaining.items() if digest not in named]
        wave = wave or list(remaining.values())
        yield wave
        for verdict in wave:
            del remaining[verdict.item.digest]
