"""Which objects, versions and uploads of a bucket are deleted, and why. Pure: no cloud, no clock.

The first rule that holds decides: outside every prefix, the story that an object belongs to,
exceptions, living stories' chunks, and only then the age. A version ages from the moment it
stopped being the latest: so the versions of a key that are deleted are always its oldest ones,
none becomes the latest again, and a run may stop anywhere and be repeated.

The rule for stories, to which the story service keeps as well:

- everything under `stories/{id}/` is one folder, deleted or kept as a whole;
- a story has ended when `stories/{id}/result.json` exists;
- without it the story is running while anything in its folder is younger than `running_days`;
  after that it counts as abandoned;
- a story is living as long as its folder stays. The chunks of a living story are the strings in
  its `script.json` and `timeline.json` that start with `narration_chunks/`.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import translate
from itertools import groupby

from mixer.retention.inventory import BucketListing, Folder, ObjectVersion, Upload
from mixer.retention.plan import Reason, RetentionPlan, Verdict, build_limit
from mixer.retention.policy import CHUNKS, STORIES, BucketPolicy

BucketItem = ObjectVersion | Upload | Folder

SPARED_OBJECTS = 1_000
"""Without a configured share, as many may be deleted even where they are more than half."""

IN_USE = re.compile(r"(^|/)in_use/")
"""A folder of this name protects its content, wherever it is."""

RESULT = "result.json"
SCRIPTS = ("script.json", "timeline.json")
"""The files that name a story's chunks."""


@dataclass(frozen=True, slots=True)
class Story:
    """A story's folder, as listed.

    Attributes:
        ended: whether it has its result.
        touched: the last write to any of its keys, in UTC.
        guarded: whether an exception holds for any of its keys.
    """

    ended: bool
    touched: datetime
    guarded: bool

    def is_running(self, now: datetime, running_days: float) -> bool:
        """Whether a worker may still be writing to it."""
        return not self.ended and now - self.touched <= timedelta(days=running_days)


def plan_bucket(
    listing: BucketListing, policy: BucketPolicy, now: datetime
) -> RetentionPlan[BucketItem]:
    """Decide on everything in a bucket.

    Args:
        listing: complete, or stories would be judged by a part of their files.
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
        limit=build_limit(policy.max_share, SPARED_OBJECTS),
        warnings=tuple(f"{policy.name}/{key} cannot be read" for key in listing.unreadable),
    )


def find_living_stories(
    listing: BucketListing, policy: BucketPolicy, now: datetime
) -> frozenset[str]:
    """The stories whose scripts must be read: those that stay, if any chunk is to be deleted."""
    judge = BucketJudge.of(listing, policy, now)
    chunks = (version for version in listing.versions if version.key.startswith(CHUNKS))
    if not any(verdict.deletes for verdict in judge.judge_objects(chunks)):
        return frozenset()
    reasons = ((identity, judge.judge_story(story)) for identity, story in judge.stories.items())
    return frozenset(identity for identity, reason in reasons if not reason.deletes)


@dataclass(frozen=True, slots=True)
class BucketJudge:
    """Decides on one key after the other."""

    policy: BucketPolicy
    now: datetime
    is_exception: Callable[[str], object]
    stories: Mapping[str, Story]
    named_chunks: frozenset[str]
    chunks_unknown: bool

    @classmethod
    def of(cls, listing: BucketListing, policy: BucketPolicy, now: datetime) -> "BucketJudge":
        """The judge for one listing at one moment."""
        matches_exception = _compile_patterns(policy.keep)
        guarded = frozenset(
            version.key
            for version in listing.versions
            if story_id(version.key)
            and (IN_USE.search(version.key) or matches_exception(version.key))
        )
        return cls(
            policy=policy,
            now=now,
            is_exception=matches_exception,
            stories=find_stories(listing.versions, guarded),
            named_chunks=listing.named_chunks,
            chunks_unknown=bool(listing.unreadable),
        )

    def judge_objects(self, versions: Iterable[ObjectVersion]) -> Iterator[Verdict[ObjectVersion]]:
        """A verdict for each version, in the listing's order."""
        for key, history in groupby(versions, key=lambda version: version.key):
            reason = self.find_key_reason(key)
            if reason:
                yield from (Verdict(version, reason) for version in history)
            else:
                yield from self.judge_by_age(key, history)

    def find_key_reason(self, key: str) -> Reason | None:
        """The reason that holds for all versions of a key, if there is one."""
        if self.age_days(key) is None:
            return Reason.NOT_OURS
        story = self.stories.get(story_id(key))
        if story:
            return self.judge_story(story)
        return self.find_protection(key)

    def find_protection(self, key: str) -> Reason | None:
        """Why a key outside of stories stays whatever its age."""
        if IN_USE.search(key):
            return Reason.IN_USE_FOLDER
        if self.is_exception(key):
            return Reason.EXCEPTION
        if key.startswith(CHUNKS) and self.chunks_unknown:
            return Reason.STORY_UNREADABLE
        return Reason.NAMED_BY_STORY if key in self.named_chunks else None

    def judge_story(self, story: Story) -> Reason:
        """The reason that holds for a story's whole folder."""
        if story.guarded:
            return Reason.EXCEPTION
        if story.is_running(self.now, self.policy.running_days):
            return Reason.STORY_RUNNING
        if not self.is_old(story.touched, self.story_days):
            return Reason.STORY_YOUNG
        return Reason.STORY_ENDED if story.ended else Reason.STORY_ABANDONED

    def judge_by_age(
        self, key: str, history: Iterable[ObjectVersion]
    ) -> Iterator[Verdict[ObjectVersion]]:
        """Verdicts on the versions of a key that nothing protects, the newest first."""
        age_days = self.age_days(key) or self.policy.age_days
        superseded: datetime | None = None
        for version in history:
            old = self.is_old(superseded or version.modified, age_days)
            yield Verdict(version, _deletion_reason(version) if old else Reason.YOUNG)
            superseded = version.modified

    def judge_upload(self, upload: Upload) -> Reason:
        """The reason that decides on an unfinished multipart upload."""
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
        """The threshold of the longest prefix that covers a key; None outside of all."""
        rules = [rule for rule in self.policy.prefixes if key.startswith(rule.prefix)]
        if not rules:
            return None
        return max(rules, key=lambda rule: len(rule.prefix)).age_days or self.policy.age_days

    @property
    def story_days(self) -> float:
        """The threshold of story folders; the bucket's own where stories are not cleaned."""
        return self.age_days(STORIES) or self.policy.age_days

    def is_old(self, since: datetime, age_days: float) -> bool:
        """Whether more than so many days have passed."""
        return self.now - since > timedelta(days=age_days)


def _compile_patterns(patterns: Iterable[str]) -> Callable[[str], object]:
    """A test whether a key matches any of some shell patterns."""
    expressions = [translate(pattern) for pattern in patterns]
    if not expressions:
        return lambda _key: None
    return re.compile("|".join(expressions)).match


def _deletion_reason(version: ObjectVersion) -> Reason:
    if version.is_marker:
        return Reason.OLD_MARKER
    return Reason.EXPIRED if version.is_latest else Reason.OLD_VERSION


def story_id(key: str) -> str:
    """The story to which a key belongs; empty for a key outside of story folders."""
    if not key.startswith(STORIES):
        return ""
    identity, slash, _ = key[len(STORIES) :].partition("/")
    return identity if slash else ""


def find_stories(
    versions: Iterable[ObjectVersion], guarded_keys: frozenset[str]
) -> Mapping[str, Story]:
    """Every story folder of a listing."""
    stories: dict[str, Story] = {}
    for version in versions:
        identity = story_id(version.key)
        if identity:
            here = _story_from_version(version, identity, guarded_keys)
            stories[identity] = _merge_stories(stories.get(identity, here), here)
    return stories


def _story_from_version(
    version: ObjectVersion, identity: str, guarded_keys: frozenset[str]
) -> Story:
    is_result = _relative_key(version.key, identity) == RESULT
    return Story(
        ended=is_result and version.is_latest and not version.is_marker,
        touched=version.modified,
        guarded=version.key in guarded_keys,
    )


def _merge_stories(one: Story, other: Story) -> Story:
    return Story(
        ended=one.ended or other.ended,
        touched=max(one.touched, other.touched),
        guarded=one.guarded or other.guarded,
    )


def find_script_keys(versions: Iterable[ObjectVersion], living: frozenset[str]) -> Iterator[str]:
    """The keys of living stories' scripts and timelines."""
    for version in versions:
        identity = story_id(version.key)
        readable = version.is_latest and not version.is_marker
        if identity in living and readable and _relative_key(version.key, identity) in SCRIPTS:
            yield version.key


def _relative_key(key: str, identity: str) -> str:
    """A key as seen from inside its story's folder."""
    return key.removeprefix(f"{STORIES}{identity}/")


def parse_chunk_keys(content: bytes) -> frozenset[str] | None:
    """Every string of a JSON document that is a chunk's key; None when it cannot be read.

    Objects are dropped as soon as they are read, so that a book's script takes little memory.
    """
    found: set[str] = set()

    def drop(members: list[tuple[str, object]]) -> None:
        for _, value in members:
            found.update(_chunk_keys(value))

    try:
        found.update(_chunk_keys(json.loads(content, object_pairs_hook=drop)))
    except (ValueError, RecursionError):
        return None
    return frozenset(found)


def _chunk_keys(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.startswith(CHUNKS):
        yield value
    elif isinstance(value, list):
        for element in value:
            yield from _chunk_keys(element)
