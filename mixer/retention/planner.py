"""Deciding what goes: a listing, the clock and a policy become a retention plan.

Pure: no cloud, no clock of its own. Which rule gives which reason is in object_rules and
image_rules. Two things make a plan safe to carry out more than once and to break off anywhere:

- a version of an object ages from the moment it stopped being what readers see, so that the
  versions of a key that go are always its oldest ones and none comes back to life;
- an image needed for its own sake keeps the manifest lists that name it, and a list that stays
  keeps all its parts, so that no deletion turns a part into an image of its own.
"""

from datetime import datetime

from mixer.retention.image_rules import decide_image_reasons
from mixer.retention.inventory import (
    BucketListing,
    Folder,
    Image,
    ObjectVersion,
    RepositoryListing,
    Upload,
)
from mixer.retention.object_rules import BucketJudge
from mixer.retention.plan import DeletionLimit, Reason, RetentionPlan, Verdict
from mixer.retention.policy import (
    CHUNKS,
    DEFAULT_SHARE,
    SPARED_IMAGES,
    SPARED_OBJECTS,
    BucketPolicy,
    RepositoryPolicy,
)

BucketItem = ObjectVersion | Upload | Folder


def plan_bucket(
    listing: BucketListing, policy: BucketPolicy, now: datetime
) -> RetentionPlan[BucketItem]:
    """Decide over everything in a bucket.

    Args:
        listing: what lies there; complete, or stories would be judged by halves.
        policy: the bucket's rules.
        now: in UTC.
    """
    judge = BucketJudge.of(listing, policy, now)
    return RetentionPlan(
        target=policy.name,
        now=now,
        verdicts=(
            *(Verdict(folder, Reason.NOT_OURS) for folder in listing.other_folders),
            *judge.judge_objects(listing.versions),
            *(Verdict(upload, judge.judge_upload(upload)) for upload in listing.uploads),
        ),
        limit=_build_limit(policy.max_share, SPARED_OBJECTS),
        warnings=tuple(f"{policy.name}/{key} cannot be read" for key in listing.unreadable),
    )


def find_living_stories(
    listing: BucketListing, policy: BucketPolicy, now: datetime
) -> frozenset[str]:
    """The stories whose scripts must be read: those that stay, if any chunk is to go."""
    judge = BucketJudge.of(listing, policy, now)
    chunks = (version for version in listing.versions if version.key.startswith(CHUNKS))
    if not any(verdict.deletes for verdict in judge.judge_objects(chunks)):
        return frozenset()
    reasons = ((identity, judge.judge_story(story)) for identity, story in judge.stories.items())
    return frozenset(identity for identity, reason in reasons if not reason.deletes)


def _build_limit(max_share: float | None, floor_items: int) -> DeletionLimit:
    """A configured share holds exactly; the default one spares the small and the quiet."""
    if max_share is None:
        return DeletionLimit(DEFAULT_SHARE, floor_items)
    return DeletionLimit(max_share, 0)


def plan_repository(
    listing: RepositoryListing, policy: RepositoryPolicy, now: datetime
) -> RetentionPlan[Image]:
    """Decide over every image of a repository.

    Args:
        listing: what lies there, what functions run, and with whom it is shared.
        policy: the repository's rules.
        now: in UTC.
    """
    reasons = decide_image_reasons(listing, policy, now)
    return RetentionPlan(
        target=policy.name,
        now=now,
        verdicts=tuple(Verdict(image, reasons[image.digest]) for image in listing.images),
        limit=_build_limit(policy.max_share, SPARED_IMAGES),
        warnings=_image_warnings(listing, policy),
    )


def _image_warnings(listing: RepositoryListing, policy: RepositoryPolicy) -> tuple[str, ...]:
    unreadable = (f"{policy.name}@{digest} cannot be read" for digest in listing.unreadable)
    unknown = (f"{policy.name}: {why}" for why in [listing.uses.unknown] if why)
    return (*unreadable, *unknown)
