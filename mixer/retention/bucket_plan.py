"""The plan of a bucket: which objects, versions and uploads to delete, and why. Pure.

The first rule that applies decides: outside every prefix, the object's story, exceptions, what
living stories need, then age. A version ages from when it stopped being the latest: so only the
oldest versions of a key are deleted, and a run may stop anywhere and be repeated.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import translate
from itertools import groupby

from mixer.retention.inventory import BucketListing, Folder, ObjectVersion, Upload
from mixer.retention.plan import Reason, RetentionPlan, Verdict, build_limit
from mixer.retention.policy import SEGMENTS, STORIES, UPLOADS, BucketPolicy
from mixer.retention.stories import NAMED, Story, find_indexed_story, find_stories, story_id

BucketItem = ObjectVersion | Upload | Folder

SPARED_OBJECTS = 1_000
"""Without a configured share, so many may be deleted even if they exceed half."""

IN_USE = re.compile(r"(^|/)in_use/")
"""A folder of this name protects its content at any level."""

SEGMENT_AGES = 2
"""While a story is rendered, it may reuse segments up to so many times their threshold old."""


def plan_bucket(
    listing: BucketListing, policy: BucketPolicy, now: datetime
) -> RetentionPlan[BucketItem]:
    """Decide on everything in a bucket at a moment in UTC.

    The listing must be complete: stories are judged by all their files.
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
        limit=build_limit(policy.max_share, SPARED_OBJECTS),
        warnings=tuple(f"{policy.name}/{key} cannot be read" for key in listing.unreadable),
    )


def deletes_named(listing: BucketListing, policy: BucketPolicy, now: datetime) -> bool:
    """Whether anything would go that stories or projects may name."""
    judge = BucketJudge.of(listing, policy, now)
    named = (version for version in listing.versions if version.key.startswith(NAMED))
    return any(verdict.deletes for verdict in judge.judge_objects(named))


def find_living_stories(
    listing: BucketListing, policy: BucketPolicy, now: datetime
) -> frozenset[str]:
    """Find the stories whose files must be read: those that stay, if anything named would go."""
    if not deletes_named(listing, policy, now):
        return frozenset()
    judge = BucketJudge.of(listing, policy, now)
    return frozenset(each for each in judge.stories if judge.is_living(each))


@dataclass(frozen=True, slots=True)
class BucketJudge:
    """Decides on one key at a time.

    `has_unplanned`: a running story may name uploads that are not known yet. `rendering_since` is
    when the oldest running story with a layout was begun.
    """

    policy: BucketPolicy
    now: datetime
    is_exception: Callable[[str], object]
    stories: Mapping[str, Story]
    named_keys: frozenset[str]
    names_unknown: bool
    has_unplanned: bool
    rendering_since: datetime | None

    @classmethod
    def of(cls, listing: BucketListing, policy: BucketPolicy, now: datetime) -> "BucketJudge":
        """Build the judge for one listing at one moment."""
        matches_exception = _compile_patterns(policy.keep)
        guarded = frozenset(
            version.key
            for version in listing.versions
            if story_id(version.key)
            and (IN_USE.search(version.key) or matches_exception(version.key))
        )
        stories = find_stories(listing.versions, guarded)
        rendering = (s for s in stories.values() if s.laid_out)
        begun = (s.begun for s in rendering if s.is_running(now, policy.running_days))
        return cls(
            policy=policy,
            now=now,
            is_exception=matches_exception,
            stories=stories,
            has_unplanned=any(story.is_unplanned(now) for story in stories.values()),
            rendering_since=min(begun, default=None),
            named_keys=listing.named_keys,
            names_unknown=bool(listing.unreadable),
        )

    def judge_objects(self, versions: Iterable[ObjectVersion]) -> Iterator[Verdict[ObjectVersion]]:
        """Return a verdict for each version, in the listing's order."""
        for key, history in groupby(versions, key=lambda version: version.key):
            reason = self.find_key_reason(key)
            if reason:
                yield from (Verdict(version, reason) for version in history)
            else:
                yield from self.judge_by_age(key, history)

    def find_key_reason(self, key: str) -> Reason | None:
        """Find the reason that holds for all versions of a key, if any."""
        if self.age_days(key) is None:
            return Reason.NOT_OURS
        story = self.stories.get(story_id(key))
        if story:
            return self.judge_story(story)
        return self.find_protection(key)

    def find_protection(self, key: str) -> Reason | None:
        """Find why a key outside of stories stays at any age."""
        if IN_USE.search(key):
            return Reason.IN_USE_FOLDER
        if self.is_exception(key):
            return Reason.EXCEPTION
        if key.startswith(NAMED) and self.names_unknown:
            return Reason.STORY_UNREADABLE
        if key in self.named_keys or self.is_living(find_indexed_story(key)):
            return Reason.NAMED_BY_STORY
        if key.startswith(UPLOADS) and self.has_unplanned:
            return Reason.STORY_UNPLANNED
        return None

    def is_living(self, identity: str) -> bool:
        """Whether a story stays."""
        story = self.stories.get(identity)
        return story is not None and not self.judge_story(story).deletes

    def judge_story(self, story: Story) -> Reason:
        """Return the reason that holds for a story's whole folder."""
        if story.guarded:
            return Reason.EXCEPTION
        if story.published:
            return Reason.NAMED_BY_FEED
        if story.is_running(self.now, self.policy.running_days):
            return Reason.STORY_RUNNING
        if not self.is_old(story.last_write, self.story_days):
            return Reason.STORY_YOUNG
        return Reason.STORY_ENDED if story.ended else Reason.STORY_ABANDONED

    def judge_by_age(
        self, key: str, history: Iterable[ObjectVersion]
    ) -> Iterator[Verdict[ObjectVersion]]:
        """Judge the unprotected versions of a key, newest first."""
        age_days = self.age_days(key) or self.policy.age_days
        superseded: datetime | None = None
        for version in history:
            since = superseded or version.modified
            if not self.is_old(since, age_days):
                yield Verdict(version, Reason.YOUNG)
            elif key.startswith(SEGMENTS) and self.may_be_rendered(since, age_days):
                yield Verdict(version, Reason.STORY_RENDERING)
            else:
                yield Verdict(version, _deletion_reason(version))
            superseded = version.modified

    def may_be_rendered(self, since: datetime, age_days: float) -> bool:
        """Whether a story that is being rendered may need a segment.

        No file names segments. So those stay that are younger than such a story, and those that it
        may have found, up to twice the threshold.
        """
        begun = self.rendering_since
        if begun is None:
            return False
        return since >= begun or not self.is_old(since, SEGMENT_AGES * age_days)

    def judge_upload(self, upload: Upload) -> Reason:
        """Return the reason that decides on an unfinished multipart upload."""
        if self.age_days(upload.key) is None:
            return Reason.NOT_OURS
        story = self.stories.get(story_id(upload.key))
        if story and story.is_running(self.now, self.policy.running_days):
            return Reason.STORY_RUNNING
        if IN_USE.search(upload.key):
            return Reason.IN_USE_FOLDER
        if self.is_exception(upload.key):
            return Reason.EXCEPTION
        old = self.is_old(upload.initiated, self.policy.upload_days)
        return Reason.ABANDONED_UPLOAD if old else Reason.YOUNG

    def age_days(self, key: str) -> float | None:
        """Return the threshold of the longest matching prefix; None outside of all."""
        rules = [rule for rule in self.policy.prefixes if key.startswith(rule.prefix)]
        if not rules:
            return None
        return max(rules, key=lambda rule: len(rule.prefix)).age_days or self.policy.age_days

    @property
    def story_days(self) -> float:
        """Return the threshold of story folders; the bucket's if stories are not cleaned."""
        return self.age_days(STORIES) or self.policy.age_days

    def is_old(self, since: datetime, age_days: float) -> bool:
        """Whether more than so many days have passed."""
        return self.now - since > timedelta(days=age_days)


def _compile_patterns(patterns: Iterable[str]) -> Callable[[str], object]:
    """Compile shell patterns to a predicate on keys."""
    expressions = [translate(pattern) for pattern in patterns]
    if not expressions:
        return lambda _key: None
    return re.compile("|".join(expressions)).match


def _deletion_reason(version: ObjectVersion) -> Reason:
    if version.is_marker:
        return Reason.OLD_MARKER
    return Reason.EXPIRED if version.is_latest else Reason.OLD_VERSION
