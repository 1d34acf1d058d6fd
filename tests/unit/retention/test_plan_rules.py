"""What the clean-up decides: properties for what must never happen, examples for what must.

`RETENTION_CASES` sets the number of cases; the campaign runs 10,000.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer.retention.bucket_plan import find_living_stories, plan_bucket
from mixer.retention.image_plan import plan_repository
from mixer.retention.inventory import (
    BucketListing,
    Folder,
    Image,
    ObjectVersion,
    RepositoryListing,
    Upload,
    Uses,
)
from mixer.retention.plan import Reason, RetentionPlan
from mixer.retention.policy import BucketPolicy, PrefixRule, RepositoryPolicy
from mixer.retention.stories import parse_named_keys

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CASES = int(os.environ.get("RETENTION_CASES", "600"))


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


# --- images -----------------------------------------------------------------------------------

TAGS = ("latest", "release-1", "build-7", "build-8")
ELSEWHERE = "sha256:of-another-repository"
"""Some function always runs something, or Lambda's answer would not be believed."""


@dataclass(frozen=True)
class Registry:
    """A repository, what functions run, and the rules."""

    listing: RepositoryListing
    policy: RepositoryPolicy


def registry_from(dice: bytes) -> Registry:
    """A registry made of bytes: drawing a few bytes is what keeps ten thousand cases cheap."""
    rolls = iter(dice)
    count = next(rolls, 0) % 9
    images = tuple(image_from(index, count, rolls) for index in range(count))
    used = frozenset(image.digest for image in images if next(rolls, 0) % 8 == 0)
    policy = RepositoryPolicy(
        repository="mixer",
        age_days=1 + next(rolls, 0) % 20,
        keep_newest=next(rolls, 0) % 4,
        keep_tags=(("release-*",), (), ("build-8", "release-*"))[next(rolls, 0) % 3],
    )
    listing = RepositoryListing("mixer", images, Uses(used | {ELSEWHERE}))
    return Registry(listing, policy)


def image_from(index: int, count: int, rolls: Iterator[int]) -> Image:
    tag_bits, links, subject = (next(rolls, 0) for _ in range(3))
    named = [f"sha256:{other}" for other in range(count) if links >> other & 1 and other != index]
    return Image(
        digest=f"sha256:{index}",
        pushed=ago(40 - next(rolls, 0) % 40),
        tags=tuple(tag for bit, tag in enumerate(TAGS) if tag_bits >> bit & 1 and tag_bits > 191),
        children=tuple(named) if links & 128 else (),
        subject=f"sha256:{subject % 16}" if subject & 128 else "",
        pulled=ago(40 - next(rolls, 0) % 40) if tag_bits & 32 else None,
    )


registries = st.binary(min_size=56, max_size=56).map(registry_from)


def list_deleted(plan: RetentionPlan[Image]) -> set[str]:
    return {verdict.item.digest for verdict in plan.deletions}


def without(listing: RepositoryListing, gone: set[str]) -> RepositoryListing:
    return replace(listing, images=tuple(i for i in listing.images if i.digest not in gone))


def is_protected(image: Image, policy: RepositoryPolicy) -> bool:
    patterns = ("latest", *policy.keep_tags)
    return any(fnmatchcase(tag, pattern) for tag in image.tags for pattern in patterns)


def is_young(image: Image, policy: RepositoryPolicy) -> bool:
    return max(image.pushed, image.pulled or image.pushed) >= ago(policy.age_days)


def newest(listing: RepositoryListing, policy: RepositoryPolicy) -> set[str]:
    parts = {child for image in listing.images for child in image.children}
    own = [
        image
        for image in listing.images
        if image.tags or not (image.digest in parts or image.subject)
    ]
    ranked = sorted(own, key=lambda image: (image.pushed, image.digest))
    return {image.digest for image in ranked[len(ranked) - min(policy.keep_newest, len(ranked)) :]}


@settings(max_examples=CASES, deadline=None)
@given(registries)
def test_no_image_that_somebody_needs_is_ever_deleted(registry: Registry) -> None:
    listing, policy = registry.listing, registry.policy
    plan = plan_repository(listing, policy, NOW)
    gone = list_deleted(plan)

    assert [verdict.item for verdict in plan.verdicts] == list(listing.images)
    assert not gone & listing.uses.digests
    assert not gone & newest(listing, policy)
    for image in listing.images:
        if image.digest in gone:
            assert not is_young(image, policy)
            assert not is_protected(image, policy)
        else:
            assert not gone & set(image.children)
    assert list_deleted(plan_repository(without(listing, gone), policy, NOW)) == set()


@settings(max_examples=CASES, deadline=None)
@given(registries)
def test_an_old_image_that_nothing_speaks_for_goes(registry: Registry) -> None:
    listing, policy = registry.listing, registry.policy
    gone = list_deleted(plan_repository(listing, policy, NOW))
    linked = {child for image in listing.images for child in image.children}
    for image in listing.images:
        alone = not (image.children or image.subject or image.digest in linked)
        needed = (
            is_young(image, policy)
            or is_protected(image, policy)
            or image.digest in listing.uses.digests | newest(listing, policy)
        )
        assert not alone or (image.digest in gone) != needed


@settings(max_examples=300, deadline=None)
@given(registries, st.sampled_from(["unknown", "empty", "shared", "unreadable"]))
def test_what_cannot_be_judged_protects_every_image(registry: Registry, doubt: str) -> None:
    doubts = {
        "unknown": {"uses": Uses(registry.listing.uses.digests, unknown="AccessDenied")},
        "empty": {"uses": Uses()},
        "shared": {"shared_with": ("210987654321",)},
        "unreadable": {"unreadable": ("sha256:0",)},
    }
    plan = plan_repository(replace(registry.listing, **doubts[doubt]), registry.policy, NOW)
    assert list_deleted(plan) == set()


def repository(*images: Image, used: tuple[str, ...] = (), **listing: object) -> RepositoryListing:
    uses = Uses(frozenset(used) | {ELSEWHERE})
    return replace(RepositoryListing("mixer", images, uses), **listing)


def image_reasons(listing: RepositoryListing, **rules: object) -> dict[str, Reason]:
    policy = RepositoryPolicy.model_validate({"repository": "mixer", "keep_newest": 0, **rules})
    plan = plan_repository(listing, policy, NOW)
    return {verdict.item.digest: verdict.reason for verdict in plan.verdicts}


def test_each_image_gets_the_reason_that_decided() -> None:
    listing = repository(
        Image("a", ago(50), tags=("latest", "build-1")),
        Image("b", ago(50), tags=("release-1",)),
        Image("c", ago(50)),
        Image("d", ago(2)),
        Image("e", ago(20), tags=("build-2",)),
        Image("f", ago(30), tags=("build-3",)),
        Image("g", ago(50)),
        Image("h", ago(50), tags=("build-0",), pulled=ago(1)),
        used=("c",),
    )
    assert image_reasons(listing, keep_newest=2, keep_tags=["release-*"]) == {
        "a": Reason.PROTECTED_TAG,
        "b": Reason.PROTECTED_TAG,
        "c": Reason.IN_USE,
        "d": Reason.YOUNG,
        "e": Reason.NEWEST,
        "f": Reason.OLD_IMAGE,
        "g": Reason.UNTAGGED,
        "h": Reason.YOUNG,
    }


def test_parts_and_attachments_stay_with_a_list_and_go_with_it() -> None:
    listing = repository(
        Image("list", ago(50), tags=("latest",), children=("amd", "arm")),
        Image("amd", ago(50)),
        Image("arm", ago(50)),
        Image("signature", ago(50), subject="list"),
        Image("old list", ago(60), children=("old amd", "arm")),
        Image("old amd", ago(60)),
        Image("old signature", ago(60), subject="old list"),
    )
    assert image_reasons(listing) == {
        "list": Reason.PROTECTED_TAG,
        "amd": Reason.CHILD_OF_KEPT,
        "arm": Reason.CHILD_OF_KEPT,
        "signature": Reason.ATTACHED_TO_KEPT,
        "old list": Reason.UNTAGGED,
        "old amd": Reason.UNTAGGED,
        "old signature": Reason.UNTAGGED,
    }


def test_a_list_stays_whole_while_a_function_runs_a_part_of_it() -> None:
    listing = repository(
        Image("index of indexes", ago(50), children=("list",)),
        Image("list", ago(50), children=("amd", "arm")),
        Image("amd", ago(50)),
        Image("arm", ago(50)),
        used=("amd",),
    )
    assert image_reasons(listing) == {
        "index of indexes": Reason.PART_NEEDED,
        "list": Reason.PART_NEEDED,
        "amd": Reason.IN_USE,
        "arm": Reason.CHILD_OF_KEPT,
    }


def test_a_shared_repository_is_cleaned_only_when_told_so() -> None:
    listing = repository(Image("a", ago(50)), shared_with=("210987654321",))
    assert image_reasons(listing) == {"a": Reason.SHARED}
    assert image_reasons(listing, clean_shared=True) == {"a": Reason.UNTAGGED}


# --- objects ----------------------------------------------------------------------------------


def version(key: str, age_days: float, **said: object) -> ObjectVersion:
    return replace(ObjectVersion(key, f"{key}@{age_days}", 1_000, ago(age_days)), **said)


def bucket(*versions: ObjectVersion, **listing: object) -> BucketListing:
    return replace(BucketListing("out", tuple(versions)), **listing)


def object_reasons(listing: BucketListing, **rules: object) -> dict[str, Reason]:
    policy = BucketPolicy.model_validate({"bucket": "out", **rules})
    return {v.item.name: v.reason for v in plan_bucket(listing, policy, NOW).verdicts}


def test_each_object_gets_the_reason_that_decided() -> None:
    listing = bucket(
        version("narration_chunks/named.mp3", 50),
        version("narration_chunks/old.mp3", 50),
        version("mixed/in_use/old.mp3", 50),
        version("mixed/keep-me.mp3", 50),
        version("mixed/young.mp3", 9.9),
        version("mixed/old.mp3", 10.1),
        version("music/old.mp3", 900),
        version("in_use/old.mp3", 900),
        other_folders=(Folder("music/"),),
        named_keys=frozenset({"narration_chunks/named.mp3"}),
    )
    assert object_reasons(listing, keep=["*/keep-*"]) == {
        "narration_chunks/named.mp3": Reason.NAMED_BY_STORY,
        "narration_chunks/old.mp3": Reason.EXPIRED,
        "mixed/in_use/old.mp3": Reason.IN_USE_FOLDER,
        "mixed/keep-me.mp3": Reason.EXCEPTION,
        "mixed/young.mp3": Reason.YOUNG,
        "mixed/old.mp3": Reason.EXPIRED,
        "music/old.mp3": Reason.NOT_OURS,
        "in_use/old.mp3": Reason.NOT_OURS,
        "music/": Reason.NOT_OURS,
    }


def test_an_object_exactly_as_old_as_the_threshold_stays() -> None:
    assert object_reasons(bucket(version("mixed/a.mp3", 10))) == {"mixed/a.mp3": Reason.YOUNG}


def test_the_longest_prefix_sets_the_threshold() -> None:
    rules = [{"prefix": "mixed/"}, {"prefix": "mixed/drafts/", "age_days": 1}]
    listing = bucket(version("mixed/a.mp3", 5), version("mixed/drafts/a.mp3", 5))
    assert object_reasons(listing, prefixes=rules) == {
        "mixed/a.mp3": Reason.YOUNG,
        "mixed/drafts/a.mp3": Reason.EXPIRED,
    }


def test_an_old_version_ages_from_the_day_it_was_superseded() -> None:
    listing = bucket(
        version("mixed/a.mp3", 3),
        version("mixed/a.mp3", 12, is_latest=False),
        version("mixed/a.mp3", 40, is_latest=False),
    )
    plan = plan_bucket(listing, BucketPolicy(bucket="out"), NOW)
    assert [v.reason for v in plan.verdicts] == [Reason.YOUNG, Reason.YOUNG, Reason.OLD_VERSION]


def test_a_delete_marker_goes_together_with_what_it_hides() -> None:
    history = (
        version("mixed/a.mp3", 11, is_marker=True, size_bytes=0),
        version("mixed/a.mp3", 40, is_latest=False),
    )
    plan = plan_bucket(bucket(*history), BucketPolicy(bucket="out"), NOW)
    assert [v.reason for v in plan.verdicts] == [Reason.OLD_MARKER, Reason.OLD_VERSION]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"request.json": 13}, Reason.STORY_RUNNING),
        ({"request.json": 50, "segments/1.mp3": 13}, Reason.STORY_RUNNING),
        ({"request.json": 15}, Reason.STORY_ABANDONED),
        ({"request.json": 15, "result.json": 11}, Reason.STORY_ENDED),
        ({"request.json": 15, "result.json": 9}, Reason.STORY_YOUNG),
        ({"request.json": 50, "published/f": 50, "result.json": 50}, Reason.NAMED_BY_FEED),
        ({"request.json": 50, "in_use/a": 50, "result.json": 50}, Reason.EXCEPTION),
        ({"request.json": 50, "parts/result.json": 12}, Reason.STORY_RUNNING),
    ],
)
def test_a_story_goes_or_stays_as_a_whole(files: dict[str, float], reason: Reason) -> None:
    versions = [version(f"stories/s1/{name}", age) for name, age in sorted(files.items())]
    assert set(object_reasons(bucket(*versions)).values()) == {reason}


def test_versions_of_a_story_stay_and_go_together() -> None:
    def list_family(newest_age: float, *more: ObjectVersion) -> BucketListing:
        files = {"s1/result.json": 50, "s2/version_of/s1": 40, "s2/result.json": 40}
        files |= {
            "s3/version_of/s1": newest_age,
            "s3/result.json": newest_age,
            "s4/result.json": 50,
        }
        named = (version(f"stories/{name}", age) for name, age in files.items())
        return bucket(*sorted((*named, *more), key=lambda each: each.key))

    kept = object_reasons(list_family(9))
    assert {kept[f"stories/s{n}/result.json"] for n in (1, 2, 3)} == {Reason.STORY_YOUNG}
    assert kept["stories/s4/result.json"] is Reason.STORY_ENDED
    assert set(object_reasons(list_family(12)).values()) == {Reason.STORY_ENDED}
    guarded = object_reasons(list_family(12, version("stories/s2/in_use/a", 50)))
    assert {guarded[f"stories/s{n}/result.json"] for n in (1, 2, 3)} == {Reason.EXCEPTION}


def test_a_story_whose_result_was_deleted_has_not_ended() -> None:
    listing = bucket(
        version("stories/s1/result.json", 12, is_marker=True),
        version("stories/s1/result.json", 13, is_latest=False),
    )
    assert set(object_reasons(listing).values()) == {Reason.STORY_RUNNING}


def test_an_unreadable_script_protects_all_chunks() -> None:
    listing = bucket(
        version("mixed/a.mp3", 50),
        version("narration_chunks/a.mp3", 50),
        unreadable=("stories/s1/script.json",),
    )
    assert object_reasons(listing) == {
        "mixed/a.mp3": Reason.EXPIRED,
        "narration_chunks/a.mp3": Reason.STORY_UNREADABLE,
    }


def test_scripts_are_read_of_the_stories_that_stay_and_only_when_chunks_are_to_go() -> None:
    stories = (
        version("stories/ended/result.json", 50),
        version("stories/running/request.json", 1),
        version("stories/young/result.json", 1),
    )
    policy = BucketPolicy(bucket="out")
    young_chunk = version("narration_chunks/a.mp3", 1)
    old_chunk = version("narration_chunks/a.mp3", 20)
    assert find_living_stories(bucket(young_chunk, *stories), policy, NOW) == frozenset()
    assert find_living_stories(bucket(old_chunk, *stories), policy, NOW) == {"running", "young"}


def test_chunks_of_stories_are_protected_where_stories_are_not_cleaned() -> None:
    policy = BucketPolicy(bucket="out", prefixes=(PrefixRule(prefix="narration_chunks/"),))
    listing = bucket(
        version("narration_chunks/a.mp3", 50), version("stories/running/request.json", 1)
    )
    assert find_living_stories(listing, policy, NOW) == {"running"}
    assert object_reasons(listing, prefixes=[{"prefix": "narration_chunks/"}]) == {
        "narration_chunks/a.mp3": Reason.EXPIRED,
        "stories/running/request.json": Reason.NOT_OURS,
    }


def test_unfinished_uploads_go_after_a_day() -> None:
    listing = bucket(
        version("stories/s1/request.json", 1),
        uploads=(
            Upload("mixed/old", "1", ago(1.1)),
            Upload("mixed/young", "2", ago(0.9)),
            Upload("music/old", "3", ago(9)),
            Upload("stories/s1/part", "4", ago(9)),
            Upload("mixed/in_use/old", "5", ago(9)),
        ),
    )
    assert object_reasons(listing) == {
        "stories/s1/request.json": Reason.STORY_RUNNING,
        "mixed/old": Reason.ABANDONED_UPLOAD,
        "mixed/young": Reason.YOUNG,
        "music/old": Reason.NOT_OURS,
        "stories/s1/part": Reason.STORY_RUNNING,
        "mixed/in_use/old": Reason.IN_USE_FOLDER,
    }


KEYS = (
    "mixed/a.mp3",
    "mixed/in_use/a.mp3",
    "mixed/keep/a.mp3",
    "music/a.mp3",
    "narration_chunks/a.mp3",
    "narration_chunks/named.mp3",
    "stories/s1/request.json",
    "stories/s1/result.json",
    "stories/s2/request.json",
)
PROTECTED = frozenset(
    {"mixed/in_use/a.mp3", "mixed/keep/a.mp3", "music/a.mp3", "narration_chunks/named.mp3"}
)


def build_listing(dice: bytes) -> BucketListing:
    """Up to three versions of each key; ages in days, the newest version first."""
    rolls = iter(dice)
    versions: list[ObjectVersion] = []
    for key in KEYS:
        ages = sorted(40 - next(rolls, 0) % 40 for _ in range(next(rolls, 0) % 4))
        versions.extend(
            ObjectVersion(
                key, f"v{rank}", 10, ago(age), rank == 0, is_marker=next(rolls, 0) % 4 == 0
            )
            for rank, age in enumerate(ages)
        )
    named = frozenset({"narration_chunks/named.mp3"})
    return BucketListing("out", tuple(versions), named_keys=named)


@settings(max_examples=CASES, deadline=None)
@given(st.binary(min_size=64, max_size=64).map(build_listing), st.integers(1, 20))
def test_no_object_that_somebody_needs_is_ever_deleted(
    listing: BucketListing, age_days: int
) -> None:
    policy = BucketPolicy(bucket="out", age_days=age_days, keep=("*/keep/*",))
    plan = plan_bucket(listing, policy, NOW)
    gone = {verdict.item for verdict in plan.deletions}

    assert [verdict.item for verdict in plan.verdicts] == list(listing.versions)
    for one in gone:
        assert one.key not in PROTECTED
        assert one.modified < ago(age_days)
    for story in ("stories/s1/", "stories/s2/"):
        folder = [one for one in listing.versions if one.key.startswith(story)]
        assert all(one in gone for one in folder) or not any(one in gone for one in folder)
    for key in KEYS:
        fates = [one in gone for one in listing.versions if one.key == key]
        assert fates == sorted(fates), "an older version would come back to life"
    rest = replace(listing, versions=tuple(v for v in listing.versions if v not in gone))
    assert not list(plan_bucket(rest, policy, NOW).deletions)


# --- the ceiling ------------------------------------------------------------------------------


def old_and_young(old: int, young: int) -> BucketListing:
    return bucket(
        *(version(f"mixed/old-{number}", 50) for number in range(old)),
        *(version(f"mixed/young-{number}", 1) for number in range(young)),
        version("music/not-counted", 50),
    )


@pytest.mark.parametrize(
    ("old", "young", "max_share", "stops"),
    [
        (2, 8, 0.2, False),
        (3, 7, 0.2, True),
        (1_000, 0, None, False),
        (1_001, 1_001, None, False),
        (1_001, 1_000, None, True),
        (1, 0, 0, True),
        (1_001, 0, 1, False),
    ],
)
def test_a_plan_above_its_ceiling_is_stopped(
    old: int, young: int, max_share: float | None, stops: bool
) -> None:
    policy = BucketPolicy(bucket="out", max_share=max_share)
    assert bool(plan_bucket(old_and_young(old, young), policy, NOW).stopped) == stops


def test_a_stopped_plan_says_how_much_and_what_to_do() -> None:
    policy = BucketPolicy(bucket="out", max_share=0.2)
    sentence = plan_bucket(old_and_young(3, 7), policy, NOW).stopped
    assert "s3://out: 3 of 10 items" in sentence
    assert "max_share" in sentence


# --- what stories name ------------------------------------------------------------------------


def test_chunk_keys_are_found_wherever_a_script_names_them() -> None:
    script = b"""{"chapters": [{"chunks": [{"key": "narration_chunks/a.mp3", "n": 1},
        {"keys": ["narration_chunks/b.mp3", ["narration_chunks\\/c.mp3"]]}]}],
        "music": "music/narration_chunks/x.mp3", "first": "narration_chunks/d.mp3"}"""
    assert parse_named_keys(script) == {f"narration_chunks/{name}.mp3" for name in "abcd"}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000])
def test_a_script_that_is_no_json_is_unreadable(content: bytes) -> None:
    assert parse_named_keys(content) is None
