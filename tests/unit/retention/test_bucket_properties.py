"""Random buckets: nothing that a story needs is deleted, and nothing is kept for ever.

`RETENTION_CASES` sets the number of cases; the campaign runs 10,000.
"""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from mixer.retention.bucket_plan import find_living_stories, plan_bucket
from mixer.retention.inventory import BucketListing, ObjectVersion
from mixer.retention.policy import BucketPolicy
from mixer.retention.stories import find_naming_keys

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CASES = int(os.environ.get("RETENTION_CASES", "150"))
POLICY = BucketPolicy(bucket="out")
FILES = ("request.json", "script.json", "segments.json", "result.json", "text.txt")
NEEDED = ("uploads/a.wav", "narration_chunks/b.mp3", "uploads/c.epub", "narration_chunks/d.mp3")
OTHERS = ("mixed/x.mp3", "segments/y.mp3", "speaking/standard/1-s", "spending/d/e/f")
AGE_DAYS = st.floats(0.01, 60)


@st.composite
def buckets(draw):
    """A listing, and the keys that each story's files name."""
    versions, names = [], {}
    for story in range(draw(st.integers(0, 4))):
        files = draw(st.sets(st.sampled_from(FILES), min_size=1))
        versions += [_build_version(draw, f"stories/{story}/{name}") for name in sorted(files)]
        versions.append(_build_version(draw, f"story_index/c/000-{story}"))
        names[str(story)] = draw(st.sets(st.sampled_from(NEEDED)))
    for key in draw(st.sets(st.sampled_from((*NEEDED, *OTHERS)))):
        latest = _build_version(draw, key)
        versions.append(latest)
        if draw(st.booleans()):
            before = latest.modified - timedelta(days=draw(AGE_DAYS))
            versions.append(ObjectVersion(key, "old", 1, before, is_latest=False))
    versions.sort(key=lambda each: (each.key, not each.is_latest, -each.modified.timestamp()))
    return BucketListing("out", tuple(versions)), names


def _build_version(draw, key):
    modified = NOW - timedelta(days=draw(AGE_DAYS))
    return ObjectVersion(key, f"{key}@{modified}", 1, modified)


def read_names(listing, names, now):
    """What the inventory adds: the keys that living stories' files name."""
    living = find_living_stories(listing, POLICY, now)
    readable = {key.split("/")[1] for key in find_naming_keys(listing.versions, living)}
    found = {key for story in readable for key in names[story]}
    return replace(listing, named_keys=frozenset(found))


def list_deleted(listing, names, now=NOW):
    plan = plan_bucket(read_names(listing, names, now), POLICY, now)
    return {verdict.item for verdict in plan.deletions}


@settings(max_examples=CASES, deadline=None)
@given(buckets())
def test_nothing_that_a_running_story_needs_is_deleted(bucket):
    listing, names = bucket
    gone = {item.key for item in list_deleted(listing, names) if item.is_latest}
    for story, needed in names.items():
        folder = [v for v in listing.versions if v.key.startswith(f"stories/{story}/")]
        files = {version.key.rpartition("/")[2] for version in folder}
        running = "result.json" not in files and max(v.modified for v in folder) > NOW - timedelta(
            days=POLICY.running_days
        )
        if running:
            assert not gone & {version.key for version in folder}
            assert f"story_index/c/000-{story}" not in gone
            if files & {"request.json", "script.json"}:
                assert not gone & needed


@settings(max_examples=CASES, deadline=None)
@given(buckets())
def test_nothing_is_deleted_before_its_threshold(bucket):
    listing, names = bucket
    latest = {each.key: each.modified for each in listing.versions if each.is_latest}
    for item in list_deleted(listing, names):
        days = 3 if item.key.startswith("spending/") else POLICY.age_days
        assert latest[item.key] < NOW - timedelta(days=days)


@settings(max_examples=CASES, deadline=None)
@given(buckets())
def test_nothing_is_kept_for_ever(bucket):
    listing, names = bucket
    later = NOW + timedelta(days=POLICY.running_days + POLICY.age_days + 1)
    assert list_deleted(listing, names, later) == set(listing.versions)
