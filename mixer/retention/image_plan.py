"""The plan of a repository: which images to delete, and why. Pure.

Rules, in order: reasons for the whole repository; images needed for their own sake; upwards, the
lists that name them; downwards, the parts of kept lists and attachments. So no deletion turns a
part of a list into an image of its own. All others are deleted.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from mixer.retention.inventory import Image, RepositoryListing
from mixer.retention.plan import Reason, RetentionPlan, Verdict, build_limit
from mixer.retention.policy import RepositoryPolicy

SPARED_IMAGES = 10
"""Without a configured share, so many may be deleted even if they exceed half."""

LATEST = "latest"
"""This tag is never deleted."""


def plan_repository(
    listing: RepositoryListing, policy: RepositoryPolicy, now: datetime
) -> RetentionPlan[Image]:
    """Decide on every image of a repository at a moment in UTC."""
    reasons = _decide_reasons(listing, policy, now)
    return RetentionPlan(
        target=policy.name,
        now=now,
        verdicts=tuple(Verdict(image, reasons[image.digest]) for image in listing.images),
        limit=build_limit(policy.max_share, SPARED_IMAGES),
        warnings=_image_warnings(listing, policy),
    )


def _image_warnings(listing: RepositoryListing, policy: RepositoryPolicy) -> tuple[str, ...]:
    unreadable = (f"{policy.name}@{digest} cannot be read" for digest in listing.unreadable)
    unknown = (f"{policy.name}: {why}" for why in [listing.uses.unknown] if why)
    return (*unreadable, *unknown)


def _decide_reasons(
    listing: RepositoryListing, policy: RepositoryPolicy, now: datetime
) -> Mapping[str, Reason]:
    blanket = _blanket_reason(listing, policy)
    if blanket:
        return {image.digest: blanket for image in listing.images}
    kept = _find_needed_images(listing, policy, now)
    _keep_lists_of_needed_parts(listing.images, kept)
    _keep_parts_and_attachments(listing.images, kept)
    return {
        image.digest: kept.get(image.digest, Reason.OLD_IMAGE if image.tags else Reason.UNTAGGED)
        for image in listing.images
    }


def _blanket_reason(listing: RepositoryListing, policy: RepositoryPolicy) -> Reason | None:
    if listing.shared_with and not policy.clean_shared:
        return Reason.SHARED
    if listing.uses.unknown or not listing.uses.digests:
        return Reason.USE_UNKNOWN
    return Reason.LIST_UNREADABLE if listing.unreadable else None


def _find_needed_images(
    listing: RepositoryListing, policy: RepositoryPolicy, now: datetime
) -> dict[str, Reason]:
    newest = _newest_digests(listing.images, policy.keep_newest)
    reasons: dict[str, Reason] = {}
    for image in listing.images:
        if any(_is_protected(tag, policy.keep_tags) for tag in image.tags):
            reasons[image.digest] = Reason.PROTECTED_TAG
        elif image.digest in listing.uses.digests:
            reasons[image.digest] = Reason.IN_USE
        elif now - image.last_needed <= timedelta(days=policy.age_days):
            reasons[image.digest] = Reason.YOUNG
        elif image.digest in newest:
            reasons[image.digest] = Reason.NEWEST
    return reasons


def _is_protected(tag: str, keep_tags: Iterable[str]) -> bool:
    return tag == LATEST or any(fnmatchcase(tag, pattern) for pattern in keep_tags)


def _newest_digests(images: Iterable[Image], count: int) -> frozenset[str]:
    """Select the newest images; parts of lists and attachments do not count."""
    everything = tuple(images)
    parts = {child for image in everything for child in image.children}
    own = [i for i in everything if i.tags or (i.digest not in parts and not i.subject)]
    own.sort(key=lambda image: (image.pushed, image.digest), reverse=True)
    return frozenset(image.digest for image in own[:count])


Links = Mapping[str, Sequence[tuple[str, Reason]]]
"""From a digest to the digests kept because of it, and the reason."""


def _keep_lists_of_needed_parts(images: Iterable[Image], kept: dict[str, Reason]) -> None:
    """Upwards: keep a list while one of its parts is needed, or a pull by tag would break."""
    links: dict[str, list[tuple[str, Reason]]] = {}
    for image in images:
        for child in image.children:
            links.setdefault(child, []).append((image.digest, Reason.PART_NEEDED))
    _propagate_kept(kept, links)


def _keep_parts_and_attachments(images: Iterable[Image], kept: dict[str, Reason]) -> None:
    """Downwards: keep the parts of a kept list, and the attachments of anything kept."""
    links: dict[str, list[tuple[str, Reason]]] = {}
    for image in images:
        parts = ((child, Reason.CHILD_OF_KEPT) for child in image.children)
        links.setdefault(image.digest, []).extend(parts)
        if image.subject:
            attached = (image.digest, Reason.ATTACHED_TO_KEPT)
            links.setdefault(image.subject, []).append(attached)
    _propagate_kept(kept, links)


def _propagate_kept(kept: dict[str, Reason], links: Links) -> None:
    """Keep everything that is reachable from what is kept."""
    waiting = list(kept)
    while waiting:
        for digest, reason in links.get(waiting.pop(), ()):
            if digest not in kept:
                kept[digest] = reason
                waiting.append(digest)
