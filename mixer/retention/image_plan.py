"""The plan of a repository: which images to delete, and why. Pure.

Rules, in order: reasons for the whole repository; images needed for their own sake; upwards, the
lists that name them; downwards, the parts of kept lists and attachments. So no deletion turns a
part of a list into an image of its own. All others are deleted.

Other accounts' functions cannot be listed, so a shared image may be in use unseen; in doubt a
policy statement counts as sharing. A service principal alone shares nothing, but accounts in its
condition count.
https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#configuration-images-permissions
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from mixer.retention.inventory import Image, RepositoryListing
from mixer.retention.plan import Reason, RetentionPlan, Verdict, build_limit
from mixer.retention.policy import RepositoryPolicy

SPARED_IMAGES = 10
"""Without a configured share, so many may be deleted even if they exceed half."""

LATEST = "latest"
"""This tag is never deleted."""

EVERYONE = "everyone"
UNREADABLE = "a policy that cannot be read"

LAMBDA = "lambda.amazonaws.com"

_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
"""An AWS account id, alone or within an ARN."""

_ATTACHMENT_TAG = re.compile(r"sha256-([0-9a-f]{64})(\.[a-z0-9]+)*")
"""The tag of a signature or SBOM without a subject of its own, as cosign writes it."""


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
    own = [
        image
        for image in everything
        if any(not find_subject([tag]) for tag in image.tags)
        or (image.digest not in parts and not image.subject)
    ]
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


def find_subject(tags: Iterable[str]) -> str:
    """Find the digest of the image that a tag names as signed or described; empty if none."""
    for tag in tags:
        found = _ATTACHMENT_TAG.fullmatch(tag)
        if found:
            return f"sha256:{found[1]}"
    return ""


def find_shared_accounts(policy_text: str, account_id: str) -> tuple[str, ...]:
    """Find the other accounts that a repository policy (JSON) admits, sorted.

    `account_id` is ours, 12 digits.
    """
    try:
        statements = json.loads(policy_text)["Statement"]
    except (ValueError, KeyError, TypeError):
        return (UNREADABLE,)
    found = {name for one in _as_list(statements) for name in _find_principals(one, account_id)}
    return tuple(sorted(found - {account_id}))


def _find_principals(statement: object, account_id: str) -> Iterator[str]:
    """Find the accounts that a statement admits, ours included."""
    if not isinstance(statement, Mapping):
        yield UNREADABLE
        return
    if statement.get("Effect") != "Allow":
        return
    conditioned = set(_ACCOUNT.findall(json.dumps(statement.get("Condition", {}))))
    principal = statement.get("Principal", "*")
    named = principal if isinstance(principal, Mapping) else {"AWS": principal}
    for kind, names in named.items():
        if kind == "Service":
            yield from conditioned
        else:
            yield from _find_accounts(names, conditioned, account_id)


def _find_accounts(names: object, condition_accounts: set[str], account_id: str) -> Iterator[str]:
    for name in map(str, _as_list(names)):
        found = _ACCOUNT.findall(name)
        if found:
            yield from found
        else:
            yield from ([account_id] if condition_accounts == {account_id} else [EVERYONE])


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def find_admitted_functions(policy_text: str) -> tuple[str, ...] | None:
    """Find the patterns of functions that may run images by a repository policy (JSON).

    None if any function may.
    """
    try:
        statements = _as_list(json.loads(policy_text)["Statement"])
    except (ValueError, KeyError, TypeError):
        return None
    patterns: list[str] = []
    for one in statements:
        found = _find_source_patterns(one)
        if found is None:
            return None
        patterns += found
    return tuple(patterns)


def _find_source_patterns(statement: object) -> list[str] | None:
    """Find the patterns of one statement; empty if it admits no function."""
    if not isinstance(statement, Mapping):
        return None
    if statement.get("Effect") != "Allow":
        return []
    principal = statement.get("Principal", "*")
    services = principal.get("Service", []) if isinstance(principal, Mapping) else [LAMBDA]
    if LAMBDA not in _as_list(services):
        return []
    condition = statement.get("Condition", {})
    if not isinstance(condition, Mapping) or set(condition) - {"ArnLike", "StringLike"}:
        return None
    found = [
        str(pattern)
        for keys in condition.values()
        for key, patterns in keys.items()
        for pattern in _as_list(patterns)
        if key.lower() == "aws:sourcearn"
    ]
    return found or None
